/** Requests to the API as an IAM principal signs them, by hand as AWS describes it. */
import { createHash, createHmac } from 'node:crypto';
import { REGION } from '#infra/local/aws-service.ts';

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** The headers that sign it. */
export function signedHeaders(
  method: string,
  url: URL,
  body: string,
  { accessKeyId, secretAccessKey }: Credentials,
): Record<string, string> {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [date.slice(0, 8), REGION, 'execute-api', 'aws4_request'];
  const path = url.pathname.split('/').map(encoded).join('/');
  const query = [...url.searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .toSorted()
    .join('&');
  const headers = `host:${url.host}\nx-amz-date:${date}\n`;
  const request = [method, path, query, headers, 'host;x-amz-date', sha256(body)].join('\n');
  const key = scope.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(request)].join('\n');
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const credential = [accessKeyId, ...scope].join('/');
  return {
    'x-amz-date': date,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=${signature}`,
  };
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
