/** Requests of AWS that no client of the SDK makes, signed as Signature Version 4 has it. */
import { createHash, createHmac } from 'node:crypto';

export interface SignedRequest {
  /** What the request is signed for, such as `execute-api`. */
  readonly service: string;
  readonly region: string;
  readonly method: string;
  readonly url: URL;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whoever the environment says one is, where nobody is named. */
  readonly credentials: Credentials | undefined;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The headers to send, those that were given among them. Throws the SDK's own error where there are no credentials. */
export async function signedHeaders({ service, region, method, url, body, headers, credentials }: SignedRequest) {
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  const signer = new SignatureV4({
    service,
    region,
    credentials: credentials ?? defaultProvider(),
    sha256: NodeSha256,
  });
  const query = Object.fromEntries(url.searchParams);
  const { protocol, hostname, pathname } = url;
  const request = { method, protocol, hostname, path: pathname, query, body };
  const signed = await signer.sign({ ...request, headers: { ...headers, host: url.host } });
  const { host: _host, ...sent } = signed.headers;
  return sent;
}

class NodeSha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error('expected a hash of its own for each text');
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
