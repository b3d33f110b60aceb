/** akin's own API as the command line calls it: requests signed by whoever the environment says one is. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import { Conflict, Invalid, NotFound } from '#application/errors.ts';
import { explainingAwsFaults } from './aws-faults.ts';
import { signedHeaders } from './request-signature.ts';
import type { StackAddress } from './stack-address.ts';

export interface SignedApi {
  /** What is answered, as JSON; problems as the faults that they tell of. */
  call(method: string, path: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<unknown>;
  /** A file, a piece of one, or a text, to an address that was given; told of its bytes as they go. The tag of what was sent. */
  send(url: string, content: FilePiece | string, sent?: (bytes: number) => void): Promise<string>;
  fetchText(url: string): Promise<string>;
}

/** How often a call is made that is told to come again, and how long it waits at most. */
const MOST_TRIES = 10;
const MOST_PAUSE_SECONDS = 30;

export interface FilePiece {
  readonly path: string;
  /** The bytes from here on, up to but not including `end`; all of them where neither is named. */
  readonly start?: number;
  readonly end?: number;
}

const Problem = z.object({ detail: z.string() });
const Message = z.object({ message: z.string() });

/** At `https://….execute-api.eu-west-1.amazonaws.com/v1`, as the stack gives it out. */
export function signedApi({ url: address, credentials }: StackAddress): SignedApi {
  const root = rootOf(address);
  const service = 'execute-api';
  const region = /\.execute-api\.([\w-]+)\./.exec(root.hostname)?.[1] ?? process.env.AWS_REGION ?? 'us-east-1';
  return {
    async call(method, path, body, headers = {}) {
      const url = new URL(`${root.href.replace(/\/$/, '')}${path}`);
      const text = body === undefined ? '' : JSON.stringify(body);
      const sent = { ...headers, 'content-type': 'application/json' };
      const request = { service, region, method, url, body: text, headers: sent, credentials };
      const signed = await explainingAwsFaults(root.href, () => signedHeaders(request));
      const init = { method, headers: signed, ...(text !== '' && { body: text }) };
      const response = await patiently(() => reach(url, init));
      const said = await response.text();
      if (!response.ok) throw faultOf(response.status, said, root);
      return said === '' ? undefined : jsonIn(said);
    },

    async send(url, content, sent = () => {}) {
      const { bytes, body } = await bodyOf(content, sent);
      const headers = { 'content-length': String(bytes) };
      const response = await reach(new URL(url), { method: 'PUT', headers, body, duplex: 'half' } as RequestInit);
      await response.body?.cancel();
      if (!response.ok) throw new Error(`expected S3 to take the file, got ${response.status}`);
      return (response.headers.get('etag') ?? '').replaceAll('"', '');
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

/** Comes again while there are too many calls, after the seconds that the answer names. */
async function patiently(call: () => Promise<Response>): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const response = await call();
    if (response.status !== 429 || tries === MOST_TRIES) return response;
    await response.body?.cancel();
    const seconds = Number(response.headers.get('retry-after') ?? 1);
    await pause(1_000 * Math.min(seconds >= 0 ? seconds : 1, MOST_PAUSE_SECONDS));
  }
}

function faultOf(status: number, said: string, root: URL): Error {
  const answer = jsonIn(said);
  const problem = Problem.safeParse(answer);
  const sentence = problem.data?.detail ?? Message.safeParse(answer).data?.message ?? '';
  if (status === 403) return new Invalid(`expected credentials that ${root.href} takes, it refuses them (${sentence})`);
  if (problem.success && status === 404) return new NotFound(sentence);
  if (problem.success && status === 409) return new Conflict(sentence);
  if (problem.success && status < 500) return new Invalid(sentence);
  return new Error(`expected an answer of ${root.href}, got ${status} ${sentence}`);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a page of some proxy
  }
}

async function bodyOf(content: FilePiece | string, sent: (bytes: number) => void) {
  if (typeof content === 'string') return { bytes: Buffer.byteLength(content), body: content };
  const { path, start = 0, end = (await stat(path)).size } = content;
  return { bytes: end - start, body: end > start ? Readable.toWeb(counting(path, start, end, sent)) : '' };
}

function counting(path: string, start: number, end: number, sent: (bytes: number) => void): Readable {
  let bytes = 0;
  return createReadStream(path, { start, end: end - 1 }).on('data', (chunk) => {
    bytes += chunk.length;
    sent(bytes);
  });
}
