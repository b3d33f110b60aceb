/** The headers of an object: those that are kept when it is stored, and those that it is read with. */
import type { IncomingHttpHeaders } from 'node:http';
import type { StoredObject } from './stored-object.ts';

const KEPT = ['cache-control', 'content-disposition', 'content-language', 'content-type', 'expires'];

/** What an object is described by, of all that was sent with it. */
export function keptHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && (KEPT.includes(name) || name.startsWith('x-amz-meta-'))) kept[name] = value;
  }
  const encodings = (headers['content-encoding'] ?? '').split(',').map((encoding) => encoding.trim());
  // How it was packed on the way is no more part of the object than the paper of a parcel.
  const own = encodings.filter((encoding) => encoding !== '' && encoding !== 'aws-chunked').join(',');
  return own === '' ? kept : { ...kept, 'content-encoding': own };
}

export function objectHeaders({ headers, etag, modified }: StoredObject): Record<string, string> {
  return {
    ...headers,
    etag: `"${etag}"`,
    'last-modified': new Date(modified).toUTCString(),
    'accept-ranges': 'bytes',
  };
}

export function checksumHeaders({ checksums }: Pick<StoredObject, 'checksums'>): Record<string, string> {
  const values = Object.values(checksums);
  if (values.length === 0) return {};
  // Only a checksum of checksums is followed by how many they are.
  const isComposite = values.some((value) => value.includes('-'));
  return { ...checksums, 'x-amz-checksum-type': isComposite ? 'COMPOSITE' : 'FULL_OBJECT' };
}
