/** akin's own API as the command line calls it: requests signed by whoever the environment says one is. */
import { createHash, createHmac } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import * as z from 'zod';
import { Conflict, Invalid, NotFound } from '#application/errors.ts';
import { explainingAwsFaults } from './aws-faults.ts';

export interface SignedApi {
  /** What is answered, as JSON; problems as the faults that they tell of. */
  call(method: string, path: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<unknown>;
  /** A file, or a text, to an address that was given; told of its bytes as they go. */
  send(url: string, content: { readonly path: string } | string, sent?: (bytes: number) => void): Promise<void>;
  fetchText(url: string): Promise<string>;
}

const Problem = z.object({ detail: z.string() });
const Message = z.object({ message: z.string() });

/** `https://….execute-api.eu-west-1.amazonaws.com/v1`, as the stack gives it out. */
export function signedApi(address: string): SignedApi {
  const root = rootOf(address);
  return {
    async call(method, path, body, headers = {}) {
      const url = new URL(`${root.href.replace(/\/$/, '')}${path}`);
      const text = body === undefined ? '' : JSON.stringify(body);
      const signed = await explainingAwsFaults(root.href, () => signedHeaders(method, url, text, headers));
      const response = await reach(url, { method, headers: signed, ...(text !== '' && { body: text }) });
      const said = await response.text();
      if (!response.ok) throw faultOf(response.status, said, root);
      return said === '' ? undefined : jsonIn(said);
    },

    async send(url, content, sent = () => {}) {
      const isText = typeof content === 'string';
      const bytes = isText ? Buffer.byteLength(content) : (await stat(content.path)).size;
      const body = isText ? content : Readable.toWeb(counting(content.path, sent));
      const headers = { 'content-length': String(bytes) };
      const response = await reach(new URL(url), { method: 'PUT', headers, body, duplex: 'half' } as RequestInit);
      if (!response.ok) throw new Error(`expected S3 to take the file, got ${response.status}`);
    },

    async fetchText(url) {
      const response = await reach(new URL(url), {});
      if (!response.ok) throw new Error(`expected S3 to give the file, got ${response.status}`);
      return response.text();
    },
  };
}

function rootOf(address: string): URL {
  const url = URL.parse(address);
  const isSafe = url?.protocol === 'https:' || url?.hostname === '127.0.0.1' || url?.hostname === 'localhost';
  if (url && isSafe) return url;
  throw new Invalid(`expected the address of a stack's API (https://…/v1), got ${JSON.stringify(address)}`);
}

async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    throw new Invalid(`expected an API at ${url.origin}, could not reach it`, { cause });
  }
}

function faultOf(status: number, said: string, root: URL): Error {
  const answer = jsonIn(said);
  const problem = Problem.safeParse(answer);
  const sentence = problem.data?.detail ?? Message.safeParse(answer).data?.message ?? '';
  if (problem.success && status === 404) return new NotFound(sentence);
  if (problem.success && status === 409) return new Conflict(sentence);
  if (problem.success && status < 500) return new Invalid(sentence);
  if (status === 403) return new Invalid(`expected credentials that ${root.href} takes, it refuses them (${sentence})`);
  return new Error(`expected an answer of ${root.href}, got ${status} ${sentence}`);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a page of some proxy
  }
}

function counting(path: string, sent: (bytes: number) => void): Readable {
  let bytes = 0;
  return createReadStream(path).on('data', (chunk) => {
    bytes += chunk.length;
    sent(bytes);
  });
}

async function signedHeaders(method: string, url: URL, body: string, headers: Readonly<Record<string, string>>) {
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  const region = /\.execute-api\.([\w-]+)\./.exec(url.hostname)?.[1] ?? process.env.AWS_REGION ?? 'us-east-1';
  const signer = new SignatureV4({
    service: 'execute-api',
    region,
    credentials: defaultProvider(),
    sha256: NodeSha256,
  });
  const query = Object.fromEntries(url.searchParams);
  const { protocol, hostname, pathname } = url;
  const request = { method, protocol, hostname, path: pathname, query, body };
  const signed = await signer.sign({
    ...request,
    headers: { ...headers, host: url.host, 'content-type': 'application/json' },
  });
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
