/**
 * The program of a function's process, in place of AWS's runtime interface client for Node 24: loads the bundle, asks the
 * Runtime API for one event after another, and posts what became of each. Talks about failures as AWS's client does.
 *
 * It is alone in its process with the function, so it imports nothing of ours and keeps to what is small and fast.
 */
import { existsSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** With these AWS's client ends the process. */
const EXIT_AFTER = { unhandledRejection: 128, uncaughtException: 129 } as const;

/** As AWS's client tries them. */
const EXTENSIONS = ['.js', '.mjs', '.cjs'] as const;

type Handler = (event: unknown, context: Context) => unknown;

/** What a handler is told of its invocation. */
interface Context {
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
  readonly functionName: string;
  readonly functionVersion: string;
  /** A text, for whatever reason. */
  readonly memoryLimitInMB: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  getRemainingTimeInMillis(): number;
}

interface Failure {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

interface Reply {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

class NamedError extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

const api = new URL(`http://${variable('AWS_LAMBDA_RUNTIME_API')}`);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let runningId: string | undefined;

// Ours alone: Lambda has no such variable, so the function has none.
delete process.env.NODE_COMPILE_CACHE;

process.on('unhandledRejection', (reason: unknown) => {
  const error = new NamedError('Runtime.UnhandledPromiseRejection', String(reason));
  void endWith(EXIT_AFTER.unhandledRejection, 'Unhandled Promise Rejection', error);
});
process.on('uncaughtException', (error: unknown) => {
  void endWith(EXIT_AFTER.uncaughtException, 'Uncaught Exception', error);
});

const handler = await loadedHandler(variable('LAMBDA_TASK_ROOT'), variable('_HANDLER')).catch(failedInit);
flushCompileCache();
for (;;) await answer(handler, await call('GET', 'invocation/next'));

async function loadedHandler(root: string, name: string): Promise<Handler> {
  const [, file, member] = /^(.+)\.([^./]+)$/.exec(name) ?? [];
  if (file === undefined || name.includes('..')) {
    throw new NamedError('Runtime.MalformedHandlerName', `'${name}' is not a valid handler name`);
  }
  const path = EXTENSIONS.map((extension) => join(root, file + extension)).find(existsSync);
  if (path === undefined) {
    throw new NamedError('Runtime.ImportModuleError', `Error: Cannot find module '${file}' in ${root}`);
  }
  const bundle: Readonly<Record<string, unknown>> = await import(pathToFileURL(path).href).catch(failedImport);
  const found = bundle[member];
  if (!isHandler(found)) {
    throw new NamedError('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  }
  if (found.length > 2) {
    const message = `${name} takes a callback, which Lambda does not give from Node.js 24 on: return a promise`;
    throw new NamedError('Runtime.CallbackHandlerDeprecated', message);
  }
  return found;
}

function failedImport(error: unknown): never {
  if (error instanceof SyntaxError) throw new NamedError('Runtime.UserCodeSyntaxError', String(error));
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
    throw new NamedError('Runtime.ImportModuleError', String(error));
  }
  throw error;
}

async function failedInit(error: unknown): Promise<never> {
  const failure = failureOf(error);
  report('Init Error', failure);
  await call('POST', 'init/error', JSON.stringify(failure));
  process.exit(1);
}

async function answer(handle: Handler, { headers, text }: Reply): Promise<void> {
  const context = contextOf(headers);
  runningId = context.awsRequestId;
  process.env._X_AMZN_TRACE_ID = headerOf(headers, 'lambda-runtime-trace-id');
  const { path, body } = await outcomeOf(handle, text, context);
  await call('POST', `invocation/${runningId}/${path}`, body);
  runningId = undefined;
}

async function outcomeOf(handle: Handler, event: string, context: Context): Promise<{ path: string; body: string }> {
  try {
    return { path: 'response', body: textOf(await handle(JSON.parse(event), context)) };
  } catch (error) {
    const failure = failureOf(error);
    report('Invoke Error', failure);
    return { path: 'error', body: JSON.stringify(failure) };
  }
}

function contextOf(headers: IncomingHttpHeaders): Context {
  const deadline = Number(headerOf(headers, 'lambda-runtime-deadline-ms'));
  return {
    awsRequestId: headerOf(headers, 'lambda-runtime-aws-request-id'),
    invokedFunctionArn: headerOf(headers, 'lambda-runtime-invoked-function-arn'),
    functionName: variable('AWS_LAMBDA_FUNCTION_NAME'),
    functionVersion: variable('AWS_LAMBDA_FUNCTION_VERSION'),
    memoryLimitInMB: variable('AWS_LAMBDA_FUNCTION_MEMORY_SIZE'),
    logGroupName: variable('AWS_LAMBDA_LOG_GROUP_NAME'),
    logStreamName: variable('AWS_LAMBDA_LOG_STREAM_NAME'),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (error) {
    const failure = new NamedError('Runtime.JSONStringifyError', 'Unable to stringify response body');
    failure.cause = error;
    throw failure;
  }
}

/** The last act: the invocation that runs, if one does, is told why its process ends. */
async function endWith(exitCode: number, what: string, error: unknown): Promise<void> {
  const failure = failureOf(error);
  report(what, failure);
  try {
    // While none runs, the one connection waits for an event: nobody is to be told.
    if (runningId !== undefined) await call('POST', `invocation/${runningId}/error`, JSON.stringify(failure));
  } finally {
    process.exit(exitCode);
  }
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

/** A line as Lambda writes it into the function's log. */
function report(what: string, failure: Failure): void {
  process.stderr.write(`${new Date().toISOString()}\t${runningId ?? ''}\tERROR\t${what}\t${JSON.stringify(failure)}\n`);
}

function call(method: 'GET' | 'POST', path: string, body?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = api;
    const sent = request({ hostname, port, agent, method, path: `/2018-06-01/runtime/${path}` }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  if (typeof value !== 'string') throw new Error(`expected one header ${name} from the Runtime API, got none or many`);
  return value;
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`expected the variable ${name}, got an environment without it`);
  return value;
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}
