/** `npm start`: synthesizes the stack and runs its very template on this laptop, until Ctrl-C. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { styleText } from 'node:util';
import { LOCAL_ADDRESS_FILE, type StackAddress } from '#adapters/stack-address.ts';
import { isObject, type Json } from './json.ts';
import { LocalStack } from './local-stack.ts';

const FOLDER = resolve('.akin/stack');
/** There while the stack runs: `akin --stack local` finds it by that. */
const ADDRESS = resolve(LOCAL_ADDRESS_FILE);
const ASSEMBLY = join(FOLDER, 'cdk.out');

/** Always the same, so that commands can be said again after a restart. */
const PORT = 4_566;

const say = (text = '') => process.stdout.write(`${text}\n`);

const port = Number(process.env.PORT ?? PORT);
if (!(Number.isInteger(port) && port > 0 && port < 65_536))
  fail(`expected PORT from 1 to 65535, got ${process.env.PORT}`);
say('synthesizing the stack …');
mkdirSync(FOLDER, { recursive: true });
synthesize();
const stack = await LocalStack.start({
  assembly: ASSEMBLY,
  stack: 'akin',
  folder: FOLDER,
  port,
  concurrency: 2,
  retryAfterMs: 1_000,
  secondsPerSecond: 0.25,
  log: (line) => {
    const told = toldBy(line);
    if (told !== undefined) say(styleText('gray', told));
  },
}).catch((error: Error) => {
  if (!('code' in error && error.code === 'EADDRINUSE')) throw error;
  fail(`expected the port ${port} to be free, something else listens there; PORT=4567 npm start takes another`);
});
stack.bus.addRule({
  name: 'what akin tells',
  pattern: { source: ['akin'] },
  targets: [{ deliver: (event) => say(announcementIn(event)) }],
});
const addressed: StackAddress = { url: `${stack.url}/v1`, credentials: stack.credentials };
writeFileSync(ADDRESS, JSON.stringify(addressed), { mode: 0o600 });
say(instructions());

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    say('\nstopping …');
    rmSync(ADDRESS, { force: true });
    await stack.stop();
    process.exit(0);
  });
}

/** As the machine's own processor has it, because the functions run on it. */
function synthesize(): void {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  const flags = ['synth', '--quiet', '--output', ASSEMBLY, '-c', `architecture=${architecture}`];
  try {
    execFileSync(process.execPath, ['node_modules/aws-cdk/bin/cdk', ...flags], { stdio: 'pipe' });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    fail(/^(?:Invalid|Error): (.*)$/m.exec(said)?.[1] ?? said);
  }
}

function instructions(): string {
  const { accessKeyId, secretAccessKey } = stack.credentials;
  const folder = join(FOLDER, 's3', stack.bucket);
  return `
${styleText('bold', 'The stack runs.')} Ctrl-C stops it; what it holds stays in ${FOLDER}.

bucket   ${stack.bucket}
folder   ${folder}
address  ${stack.url}
put away ${join(FOLDER, 'queues', 'deadletters*.json')}: what could not be done, with the reasons

In another terminal, a way to put files into the bucket:

  put() { curl -sS --fail-with-body --aws-sigv4 aws:amz:us-east-1:s3 --user ${accessKeyId}:${secretAccessKey} \\
    -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -T "$1" ${stack.url}/${stack.bucket}/"$2"; }

Upload people, close the batch, and see how it goes:

  put users.ndjson.gz populations/shop/b1/users.ndjson.gz
  put /dev/null populations/shop/b1/_SUCCESS
  cat ${folder}/populations/shop/b1/_STATUS.json

Drop the seeds, and read the audience:

  put best-customers.csv seeds/shop/best-customers.csv
  cat ${folder}/audiences/shop/best-customers.json

Or by the API (docs/api.md):

  akin() { curl -sS --aws-sigv4 aws:amz:us-east-1:execute-api --user ${accessKeyId}:${secretAccessKey} \\
    -H 'content-type: application/json' "$@"; }
  akin ${stack.url}/v1/populations

Or by the command line, in this folder:

  npm run akin -- ingest users.ndjson.gz --population shop --stack local
`;
}

/** The one sentence of what keeps the stack from starting. */
function fail(sentence: string): never {
  process.stderr.write(`akin: ${sentence}\n`);
  process.exit(2);
}

/** `audience ready: shop, best-customers`: no more, because reasons may quote what people are called. */
function announcementIn(event: Json): string {
  const { 'detail-type': what, detail } = isObject(event) ? event : {};
  const { population, batch, campaign } = isObject(detail) ? detail : {};
  const names = [population, batch, campaign].filter((name) => typeof name === 'string');
  return styleText('bold', `${typeof what === 'string' ? what : 'told'}: ${names.join(', ')}`);
}

/** A function's log line as a person wants it; nothing for metrics, which are for machines. */
function toldBy(line: string): string | undefined {
  const entry = jsonOf(line);
  if (!isObject(entry)) return line;
  if (typeof entry.message !== 'string' || typeof entry.function_name !== 'string') return undefined;
  const details = ['outcome', 'error'].flatMap((name) => (typeof entry[name] === 'string' ? [entry[name]] : []));
  return [entry.function_name.replace(/[0-9A-F]{8}$/, ''), entry.message, ...details].join(' · ');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a line that somebody printed
  }
}
