/** What a request to delete many objects asks for. */
import { AwsFault, notKnown, type ServiceRequest } from '../aws-service.ts';
import { bodyOf, CHECKSUMS } from './s3-body.ts';
import { readXml, type XmlElement } from './s3-xml.ts';

export interface Deletion {
  readonly keys: readonly string[];
  /** Whether only failures are to be told. */
  readonly isQuiet: boolean;
}

const MAX_KEYS = 1000;

export function deletionOf({ headers, body }: ServiceRequest): Deletion {
  if (['content-md5', 'x-amz-trailer', ...Object.keys(CHECKSUMS)].every((name) => headers[name] === undefined)) {
    throw new AwsFault(400, 'InvalidRequest', 'expected Content-MD5 or a checksum of the keys to delete, got none');
  }
  const elements = readXml(bodyOf({ headers, body }).bytes.toString(), 'Delete');
  const keys = elements.filter(({ name }) => name === 'Object').map(keyOf);
  const stranger = elements.find(({ name }) => name !== 'Object' && name !== 'Quiet');
  if (stranger !== undefined) throw notKnown(`S3 DeleteObjects with ${stranger.name}`);
  if (keys.length > 0 && keys.length <= MAX_KEYS && !keys.includes('')) {
    return { keys, isQuiet: elements.some(({ name, text }) => name === 'Quiet' && text === 'true') };
  }
  throw new AwsFault(
    400,
    'MalformedXML',
    `expected 1 to ${MAX_KEYS} keys to delete, got ${keys.length} or an empty one`,
  );
}

function keyOf({ children }: XmlElement): string {
  const stranger = children.find(({ name }) => name !== 'Key');
  if (stranger !== undefined) throw notKnown(`S3 DeleteObjects with ${stranger.name}`);
  return children.map(({ text }) => text).join('');
}
