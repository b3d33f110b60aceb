/**
 * What starts cost: of the command line, of the API's function beside an empty handler's, and of each package alone.
 *
 *   npm run bench:start [-- --rounds N] [--write]
 *
 * Functions and packages are bundled as the stack bundles functions, and started by Node with its flags; contenders take turns. A
 * start is from the spawning of a process to the end of its imports. `--write` puts the table into docs/benchmarks.md. Time is
 * never judged.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { markdownTable, provenance, writeSection } from './markdown.ts';
import { median } from './measured-run.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = join(ROOT, 'docs/benchmarks.md');
const BANNER =
  "import { createRequire as akinRequire } from 'node:module'; const require = akinRequire(import.meta.url);";
const PACKAGES = [
  '@aws-sdk/client-s3',
  '@aws-sdk/client-dynamodb',
  '@aws-sdk/client-sfn',
  '@aws-sdk/client-sqs',
  '@aws-sdk/client-eventbridge',
  '@aws-sdk/s3-request-presigner',
  '@aws-lambda-powertools/logger',
  '@aws-lambda-powertools/metrics',
  '@middy/core',
  '@uwdata/flechette',
  'csv-parse',
  'zod',
];
const EMPTY = 'an empty handler';
const FUNCTIONS = ['api', 'live-audience', 'notice-upload', 'expand-drop'];
const COMMANDS = ['--version', '--help', 'expand --help'];

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, write: { type: 'boolean' } },
});
const roundCount = Number(flags.rounds);
if (!(Number.isInteger(roundCount) && roundCount > 0))
  throw new Error(`expected a number of rounds, got ${flags.rounds}`);

interface Contender {
  readonly name: string;
  readonly args: readonly string[];
  readonly kilobytes: string;
}

const folder = mkdtempSync(join(tmpdir(), 'akin-start-'));
try {
  const table = tableOf([
    bundled(EMPTY, { contents: 'export async function handler() {}' }),
    ...FUNCTIONS.map((name) => bundled(`functions/${name}.ts`, { file: join(ROOT, 'functions', `${name}.ts`) })),
    ...PACKAGES.map((name) =>
      bundled(name, { contents: `import * as all from '${name}'; export async function handler() { return all; }` }),
    ),
    ...COMMANDS.map((line) => ({
      name: `akin ${line}`,
      args: [join(ROOT, 'infra/cli/akin.ts'), ...line.split(' ')],
      kilobytes: '',
    })),
  ]);
  console.log(table);
  if (flags.write) {
    writeSection(PAGE, 'start', `${provenance('npm run bench:start')} Medians of ${roundCount} rounds.\n\n${table}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function bundled(name: string, source: { readonly file: string } | { readonly contents: string }): Contender {
  const outfile = join(folder, `${name.replaceAll(/\W/g, '-')}.mjs`);
  const entry =
    'file' in source
      ? { entryPoints: [source.file] }
      : { stdin: { contents: source.contents, resolveDir: ROOT, loader: 'ts' as const } };
  buildSync({
    ...entry,
    outfile,
    bundle: true,
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    external: ['hnswlib-node'],
    banner: { js: BANNER },
    logLevel: 'error',
  });
  const starter = `${outfile}.start.mjs`;
  writeFileSync(starter, `await import(${JSON.stringify(outfile)});\nprocess.exit(0);\n`);
  return { name, args: ['--enable-source-maps', starter], kilobytes: (statSync(outfile).size / 1000).toFixed(0) };
}

function tableOf(contenders: readonly Contender[]): string {
  for (const { args } of contenders) millisecondsOf(args);
  const rounds = Array.from({ length: roundCount }, () => contenders.map(({ args }) => millisecondsOf(args)));
  const empty = contenders.findIndex(({ name }) => name === EMPTY);
  const rows = contenders.map(({ name, kilobytes }, c) => {
    const times = rounds.map((round) => round[c]);
    const ratio = median(rounds.map((round) => round[c] / round[empty]));
    const range = `${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)}`;
    return [name, kilobytes, `${median(times).toFixed(0)} (${range})`, ratio.toFixed(1)];
  });
  return markdownTable(['start', 'bundle KB', 'ms', 'times an empty handler'], rows);
}

function millisecondsOf(args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: environment() });
  if (status !== 0) throw new Error(`expected ${args.join(' ')} to start, got:\n${stderr}`);
  return performance.now() - start;
}

/** What a function finds in its environment before it is asked anything. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, POWERTOOLS_SERVICE_NAME: 'akin', POWERTOOLS_METRICS_NAMESPACE: 'akin' };
}
