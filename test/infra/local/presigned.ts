/** Addresses that anybody may use for a while, signed by hand as AWS describes it. */
import { createHash, createHmac } from 'node:crypto';
import { REGION } from '#infra/local/aws-service.ts';
import type { ClientConfig } from './local-endpoint.ts';

export interface Presigning {
  readonly method?: string;
  /** With its leading slash, percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly signedAt?: Date;
  readonly expiresSeconds?: number;
}

export function presignedUrl({ endpoint, credentials }: ClientConfig, presigning: Presigning): string {
  const { method = 'GET', path, query = {}, signedAt = new Date(), expiresSeconds = 60 } = presigning;
  const date = signedAt.toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [date.slice(0, 8), REGION, 's3', 'aws4_request'];
  const search = Object.entries({
    ...query,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': [credentials.accessKeyId, ...scope].join('/'),
    'X-Amz-Date': date,
    'X-Amz-Expires': String(expiresSeconds),
    'X-Amz-SignedHeaders': 'host',
  })
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .toSorted()
    .join('&');
  const request = [method, path, search, `host:${new URL(endpoint).host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const hash = createHash('sha256').update(request).digest('hex');
  const key = scope.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), hash].join('\n');
  return `${endpoint}${path}?${search}&X-Amz-Signature=${createHmac('sha256', key).update(text).digest('hex')}`;
}
