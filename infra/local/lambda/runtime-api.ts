/**
 * Lambda's Runtime API for one process: the process asks for its next event and waits, and posts what became of it.
 *
 * Reference: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, version 2018-06-01, without response streaming.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Json } from '../json.ts';
import { FunctionFault, postedFault } from './function-fault.ts';

const PREFIX = '/2018-06-01/runtime';

/** What a response may have: 6 MiB and, for whatever reason, 100 bytes. */
const RESPONSE_LIMIT_BYTES = 6 * 1024 * 1024 + 100;

export type Outcome = { readonly payload: Json } | { readonly fault: FunctionFault };

/** Who is told what the process does. */
export interface RuntimeListener {
  /** It waits for an event. */
  waits(): void;
  /** What became of the event that was sent last. */
  answers(outcome: Outcome): void;
  /** The function could not be loaded. */
  failsToStart(fault: FunctionFault): void;
}

export interface Invocation {
  readonly requestId: string;
  readonly functionArn: string;
  readonly deadline: Date;
  /** The event as JSON. */
  readonly event: string;
}

export class RuntimeApi {
  readonly #listener: RuntimeListener;
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => reply(response, 400, 'InvalidRequest', String(error)));
  });
  #waiting: ServerResponse | undefined;
  #runningId: string | undefined;

  private constructor(listener: RuntimeListener) {
    this.#listener = listener;
    // A function may think for long before it posts, on the connection on which it got its event.
    this.#server.keepAliveTimeout = 0;
  }

  static async open(listener: RuntimeListener): Promise<RuntimeApi> {
    const api = new RuntimeApi(listener);
    await new Promise<void>((resolve, reject) => {
      api.#server.once('error', reject);
      api.#server.listen(0, '127.0.0.1', resolve);
    });
    return api;
  }

  /** Host and port, as the variable AWS_LAMBDA_RUNTIME_API has it. */
  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error(`expected a port, got ${address}`);
    return `${address.address}:${address.port}`;
  }

  /** Gives the process the event that it waits for. */
  send({ requestId, functionArn, deadline, event }: Invocation): void {
    if (this.#waiting === undefined)
      throw new Error('expected a process that waits for an event, got one that does not');
    this.#runningId = requestId;
    this.#waiting.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(event),
      'lambda-runtime-aws-request-id': requestId,
      'lambda-runtime-deadline-ms': String(deadline.getTime()),
      'lambda-runtime-invoked-function-arn': functionArn,
      'lambda-runtime-trace-id': unsampledTrace(),
    });
    this.#waiting.end(event);
    this.#waiting = undefined;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (path === `${PREFIX}/invocation/next`) {
      this.#waiting = response;
      this.#listener.waits();
      return;
    }
    const body = await bodyOf(request);
    if (path === `${PREFIX}/init/error`) {
      this.#listener.failsToStart(postedFault(body ?? ''));
      reply(response, 202);
    } else if (this.#runningId === undefined || !path.startsWith(`${PREFIX}/invocation/${this.#runningId}/`)) {
      reply(response, 400, 'InvalidRequestID', `expected the request ${this.#runningId}, got ${path}`);
    } else {
      this.#finish(path.endsWith('/error'), body, response);
    }
  }

  #finish(isError: boolean, body: string | undefined, response: ServerResponse): void {
    const reason = `ayload size exceeded maximum allowed payload size (${RESPONSE_LIMIT_BYTES} bytes).`;
    const fault =
      body === undefined ? new FunctionFault('Function.ResponseSizeTooLarge', `Response p${reason}`) : undefined;
    const outcome = fault
      ? { fault }
      : isError
        ? { fault: postedFault(body ?? '') }
        : { payload: JSON.parse(body ?? '') };
    this.#runningId = undefined;
    this.#listener.answers(outcome);
    if (fault) reply(response, 413, 'RequestEntityTooLarge', `P${reason}`);
    else reply(response, 202);
  }
}

/** Nothing, when there is more than a response may have. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    sizeBytes += chunk.length;
    if (sizeBytes <= RESPONSE_LIMIT_BYTES) chunks.push(chunk);
  }
  return sizeBytes <= RESPONSE_LIMIT_BYTES ? Buffer.concat(chunks).toString() : undefined;
}

function reply(response: ServerResponse, status: number, errorType?: string, errorMessage?: string): void {
  const body = errorType === undefined ? { status: 'OK' } : { errorType, errorMessage };
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A trace of X-Ray that says of itself that nobody records it, so that no SDK tries to. */
function unsampledTrace(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=0`;
}
