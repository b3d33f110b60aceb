/** The one address of all AWS services on the laptop: it finds out who calls which service, and lets that service answer. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  AwsFault,
  type Call,
  notKnown,
  type Service,
  type ServiceRequest,
  type ServiceResponse,
} from './aws-service.ts';
import { xmlElement, xmlText } from './s3/s3-xml.ts';
import { callerOf } from './signature.ts';

export interface AwsEndpointOptions {
  /** By the name that requests are signed for: s3, dynamodb, sqs, events, states. */
  readonly services: Readonly<Record<string, Service>>;
  readonly secretOf: (accessKeyId: string) => string | undefined;
  /** Told of each call before it is made, and once more before its caller hears what became of it; an AwsFault that it throws is the answer. */
  readonly observe?: (accessKeyId: string, call: Call, moment: 'before' | 'after') => void | Promise<void>;
  /** Told of failures that are the stack's own; by default they go to standard error. */
  readonly report?: (error: unknown) => void;
}

/** More than any object of the stack, and no more than one process can well hold. */
const MAX_BODY_BYTES = 2 ** 30;

/** Longer than clients keep a connection, so that none is closed under a request that is on its way. */
const KEEP_ALIVE_MS = 120_000;

export class AwsEndpoint {
  readonly #options: AwsEndpointOptions;
  readonly #server = createServer((incoming, outgoing) => void this.#handle(incoming, outgoing));

  constructor(options: AwsEndpointOptions) {
    this.#options = options;
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
  }

  /** Listens on the loopback, on any free port unless given one; the address to call. */
  async start(port = 0): Promise<string> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return this.#url();
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('expected a server that listens on a port');
    return `http://127.0.0.1:${address.port}`;
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    try {
      const body = await bodyOf(incoming);
      const response = await this.#answer(incoming, body).catch((error) => this.#faultResponse(incoming, error));
      await send(incoming, outgoing, response);
    } catch (error) {
      outgoing.destroy();
      if (!isGone(error)) this.#report(error);
    }
  }

  async #answer({ method = '', url: target = '', headers }: IncomingMessage, body: Buffer): Promise<ServiceResponse> {
    if (!target.startsWith('/')) throw new AwsFault(400, 'InvalidURI', `expected a path, got ${target}`);
    if (body.length > MAX_BODY_BYTES) {
      throw new AwsFault(413, 'EntityTooLarge', `expected a body of at most ${MAX_BODY_BYTES} bytes, got a larger one`);
    }
    const caller = callerOf({ method, url: target, headers, body }, this.#options.secretOf, new Date());
    const { services } = this.#options;
    if (!Object.hasOwn(services, caller.service)) throw notKnown(`the service ${caller.service}`);
    const [rawPath] = target.split('?', 1);
    const request = { method, url: new URL(this.#url() + target), rawPath, headers, body };
    return this.#observed(caller.accessKeyId, services[caller.service], request);
  }

  /** A call that failed was made as well, so its end is told as well. */
  async #observed(accessKeyId: string, service: Service, request: ServiceRequest): Promise<ServiceResponse> {
    const { observe } = this.#options;
    const calls = service.calls(request);
    for (const call of calls) await observe?.(accessKeyId, call, 'before');
    const [outcome] = await Promise.allSettled([answerOf(service, request)]);
    try {
      for (const call of calls) await observe?.(accessKeyId, call, 'after');
    } catch (error) {
      if (outcome.status === 'fulfilled') discard(outcome.value);
      throw error;
    }
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }

  #faultResponse(incoming: IncomingMessage, error: unknown): ServiceResponse {
    if (!(error instanceof AwsFault)) this.#report(error);
    const fault =
      error instanceof AwsFault
        ? error
        : new AwsFault(500, 'InternalError', 'the local stack failed; its output says why');
    const isSigned = signedServiceOf(incoming) !== undefined;
    return this.#askedService(incoming)?.refusal?.(fault, isSigned) ?? faultResponse(incoming, fault);
  }

  /** The service that a request is for, be it signed or not. */
  #askedService(incoming: IncomingMessage): Service | undefined {
    const { services } = this.#options;
    const name = signedServiceOf(incoming);
    if (name !== undefined) return Object.hasOwn(services, name) ? services[name] : undefined;
    return Object.values(services).find((each) => each.owns?.(incoming.url ?? ''));
  }

  #report(error: unknown): void {
    (this.#options.report ?? console.error)(error);
  }
}

/** An answer that fails at once is a rejected one as well. */
async function answerOf(service: Service, request: ServiceRequest): Promise<ServiceResponse> {
  return service.answer(request);
}

/** The whole body, or of a body that is too large a little more than is allowed. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    // What is too much is read and dropped: a client that is cut off while it sends never reads the answer.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks);
}

async function send(incoming: IncomingMessage, outgoing: ServerResponse, response: ServiceResponse): Promise<void> {
  const { status, headers, body } = response;
  const id = randomUUID();
  outgoing.writeHead(status, { 'x-amz-request-id': id, 'x-amzn-requestid': id, ...lengthOf(response), ...headers });
  if (incoming.method === 'HEAD' || status === 304) {
    discard(response);
    outgoing.end();
  } else if (body instanceof Readable) {
    await pipeline(body, outgoing);
  } else {
    outgoing.end(body);
  }
}

function lengthOf({ body, status }: ServiceResponse): Record<string, string> {
  if (body instanceof Readable || status === 204 || status === 304) return {};
  return { 'content-length': String(Buffer.byteLength(body)) };
}

function discard({ body }: ServiceResponse): void {
  if (body instanceof Readable) body.destroy();
}

/** S3 tells its faults as XML, all others as JSON. */
function faultResponse(incoming: IncomingMessage, fault: AwsFault): ServiceResponse {
  const { status, code, message } = fault;
  const { headers } = incoming;
  if ((signedServiceOf(incoming) ?? 's3') === 's3' && headers['x-amz-target'] === undefined) {
    const body = xmlElement('Error', [xmlText('Code', code), xmlText('Message', message)]);
    return { status, headers: { 'content-type': 'application/xml' }, body };
  }
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-errortype': code },
    body: JSON.stringify({ __type: code, message }),
  };
}

function signedServiceOf({ headers, url }: IncomingMessage): string | undefined {
  return /([a-z0-9-]+)(?:\/|%2F)aws4_request/.exec(headers.authorization ?? url ?? '')?.[1];
}

/** The client went away, which is its right; files that cannot be read fail otherwise. */
function isGone(error: unknown): boolean {
  const gone = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'];
  return error instanceof Error && 'code' in error && gone.some((code) => code === error.code);
}
