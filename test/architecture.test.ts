/** The map, checked: where imports may point, which packages a layer may touch, what a file may be called. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Layer {
  readonly name: string;
  readonly folder: string;
  readonly packages: readonly string[];
}

/** From the outside in; imports point inwards only. A name that ends in a colon or a slash stands for all that begin with it. */
const LAYERS: readonly Layer[] = [
  {
    name: 'infra',
    folder: 'infra',
    packages: (
      'commander @commander-js/extra-typings cli-progress cli-table3 zod node: ' +
      'aws-cdk-lib constructs cdk-nag dynalite aws-local-stepfunctions aws-lambda assemblyscript'
    ).split(' '),
  },
  // Deployed as it is and imported by infra alone: no function may reach into it.
  { name: 'native', folder: 'layers/native', packages: ['node:'] },
  { name: 'functions', folder: 'functions', packages: ['@middy/core', '@aws-lambda-powertools/', 'aws-lambda', 'zod'] },
  {
    name: 'adapters',
    folder: 'layers/adapters',
    packages: [
      'csv-parse',
      'fflate',
      '@uwdata/flechette',
      'hnswlib-node',
      'zod',
      '@aws-sdk/',
      '@smithy/signature-v4',
      'node:',
    ],
  },
  { name: 'application', folder: 'layers/application', packages: ['zod', 'fastest-levenshtein'] },
  { name: 'domain', folder: 'layers/domain', packages: [] },
];

/** Each hides the concept that should have been named. */
const BANNED_NAMES = 'utils util helpers helper common misc shared lib core manager service base index'.split(' ');

const OWN_FOLDERS = ['infra', 'functions', 'layers', 'events', 'test'];

const files = OWN_FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(entry.parentPath, entry.name)),
);
const sources = files.filter((file) => file.endsWith('.ts') && !file.startsWith('test/'));
/** Modules of kernels are made, all by one script: a test looks at what it makes. */
const domainSources = sources.filter((file) => file.startsWith('layers/domain/') && !file.endsWith('-module.ts'));
const textOf = (file: string) => readFileSync(file, 'utf8');

describe('the map is true', () => {
  it('knows every folder of code', () => {
    const strangers = sources.filter((file) => layerOf(file) === undefined);

    expect(strangers).toEqual([]);
    expect(domainSources.length).toBeGreaterThan(10);
  });

  it.each(sources)('%s imports only inwards, and only what its layer may', (file) => {
    expect(strayImports(file, textOf(file))).toEqual([]);
  });

  it.each(sources)('%s throws no dice of its own and exports by name', (file) => {
    expect([...hiddenChance(file, textOf(file)), ...namelessExports(textOf(file))]).toEqual([]);
  });

  it.each(domainSources.filter((file) => exportsValues(textOf(file))))('%s has a test of its name', (file) => {
    expect(files).toContain(testOf(file));
  });

  it('has an event for each function, by the same name', () => {
    const handlers = sources.filter(
      (file) => file.startsWith('functions/') && textOf(file).includes('export const handler'),
    );
    const events = files.filter((file) => file.startsWith('events/'));

    expect(handlers.length).toBeGreaterThan(10);
    expect(events.toSorted()).toEqual(
      handlers.map((file) => file.replace(/^functions\/(.*)\.ts$/, 'events/$1.json')).toSorted(),
    );
  });

  it('has no name that hides a concept', () => {
    expect(files.filter(hasBannedName)).toEqual([]);
  });

  it('has no other code in another language, which the rules above would not see', () => {
    expect(files.filter((file) => /\.([mc]?jsx?|[mc]ts|tsx|as|py|wasm|sh)$/.test(file)).toSorted()).toEqual([
      'layers/domain/kernels/attention-module.as',
      'layers/domain/kernels/clusters-module.as',
      'layers/domain/kernels/overlaps-module.as',
      'layers/domain/kernels/reader-module.as',
      'layers/domain/kernels/row-order-module.as',
      'layers/domain/kernels/row-products.as',
      'layers/domain/kernels/scan-module.as',
      'layers/domain/kernels/signatures-module.as',
      'layers/domain/kernels/simd-module.as',
      'layers/domain/kernels/sparse-module.as',
      'layers/domain/kernels/strips-module.as', // import nothing: their test looks at what they compile to
      'test/bench/job.py',
      'test/bench/kernels.py',
      'test/bench/reading.py',
      'test/bench/regression.py',
      'test/bench/training.py',
    ]);
  });
});

const DOMAIN = 'layers/domain/scoring/similarity.ts';
const APPLICATION = 'layers/application/expand-audience.ts';
const ADAPTER = 'layers/adapters/formats/csv.ts';
const COMMAND = 'infra/cli/commands/expand.ts';

describe('what the map refuses', () => {
  it.each([
    ['a Node module in the domain', DOMAIN, `import { readFileSync } from 'node:fs';`, 'node:fs'],
    ['a Node module without its prefix', ADAPTER, `import { readFileSync } from 'fs';`, 'fs'],
    ['a package in the domain', DOMAIN, `import { z } from 'zod';`, 'zod'],
    ['a package that is another layer’s', APPLICATION, `import { parse } from 'csv-parse';`, 'csv-parse'],
    ['a package whose name begins like an allowed one', APPLICATION, `import z from 'zodiac';`, 'zodiac'],
    ['an outward import', DOMAIN, `import { Invalid } from '#application/errors.ts';`, '#application/errors.ts'],
    ['an adapter in a use case', APPLICATION, `import '#adapters/atomic-file.ts';`, '#adapters/atomic-file.ts'],
    ['the command line in an adapter', ADAPTER, `import '#infra/cli/terminal.ts';`, '#infra/cli/terminal.ts'],
    ['its own layer by its name', DOMAIN, `import '#domain/random.ts';`, '#domain/random.ts'],
    ['an escaping relative path', DOMAIN, `import '../../application/errors.ts';`, '../../application/errors.ts'],
    ['one that goes down first', DOMAIN, `import './x/../../../adapters/y.ts';`, './x/../../../adapters/y.ts'],
    [
      'one that escapes by its layer’s name',
      APPLICATION,
      `import '#domain/../adapters/y.ts';`,
      '#domain/../adapters/y.ts',
    ],
    ['a type', DOMAIN, `import type { Ports } from '#application/ports.ts';`, '#application/ports.ts'],
    ['a type in passing', DOMAIN, `let x: import('node:fs').Stats;`, 'node:fs'],
    ['a re-export', DOMAIN, `export { z } from 'zod';`, 'zod'],
    ['an import over several lines', DOMAIN, `import {\n  a,\n  b,\n} from 'zod';`, 'zod'],
    ['double quotes', DOMAIN, `import { z } from "zod";`, 'zod'],
    ['no spaces', DOMAIN, `import{z}from'zod';`, 'zod'],
    ['a dynamic import', DOMAIN, `const { z } = await import('zod');`, 'zod'],
    ['a dynamic import of a template', DOMAIN, 'await import(`zod`);', 'zod'],
    ['a computed import', DOMAIN, `await import(['zo', 'd'].join(''));`, 'a computed import'],
    ['an import pieced together', DOMAIN, `await import(\`\${scheme}:fs\`);`, `\${scheme}:fs`],
    ['require', ADAPTER, `const z = require('left-pad');`, 'left-pad'],
    ['a home-made require', ADAPTER, `createRequire(import.meta.url)`, 'createRequire'],
    ['a module of the process', DOMAIN, `process.getBuiltinModule(name)`, 'getBuiltinModule'],
    ['a path of this machine', COMMAND, `import '/opt/akin/x.ts';`, '/opt/akin/x.ts'],
    ['an address', COMMAND, `import 'data:text/javascript,1';`, 'data:text/javascript,1'],
  ])('%s', (_, file, source, stray) => {
    expect(strayImports(file, source)).toEqual([stray]);
  });

  it.each([
    [DOMAIN, `import { hashText } from '../random.ts';`],
    [APPLICATION, `import { z } from 'zod';\nimport { seededRandom } from '#domain/random.ts';`],
    [APPLICATION, `import { z } from 'zod/mini';`],
    [ADAPTER, `import { parse } from 'csv-parse';\nimport { Invalid } from '#application/errors.ts';`],
    [ADAPTER, `import { rm } from 'node:fs/promises';`],
    [COMMAND, `import { Terminal } from '../terminal.ts';\nimport '#domain/random.ts';`],
  ])('but not what %s may have: %s', (file, source) => {
    expect(strayImports(file, source)).toEqual([]);
  });

  it.each([
    [DOMAIN, 'const x = Math.random();'],
    [APPLICATION, 'const x = Math . random();'],
    [ADAPTER, 'const x = Math?.random();'],
    [DOMAIN, `const x = Math['random']();`],
    [DOMAIN, 'const { random } = Math;'],
    [DOMAIN, 'const x = crypto.getRandomValues(new Uint8Array(1));'],
  ])('dice in %s: %s', (file, source) => {
    expect(hiddenChance(file, source)).not.toEqual([]);
  });

  it('but not names for new files, nor dice in the outermost layer', () => {
    expect(hiddenChance(ADAPTER, 'crypto.randomUUID()')).toEqual([]);
    expect(hiddenChance('infra/app.ts', 'Math.random()')).toEqual([]);
  });

  it.each([
    'export default class {}',
    'export default 1',
    'export { x as default }',
    `export * from './x.ts'`,
    `export * as x from './x.ts'`,
  ])('%s', (source) => {
    expect(namelessExports(source)).toHaveLength(1);
  });

  it.each(['layers/domain/utils/x.ts', 'layers/domain/helpers.ts', 'test/index.test.ts', 'infra/lib/a.ts'])(
    'the name %s',
    (file) => {
      expect(hasBannedName(file)).toBe(true);
    },
  );

  it('but not a name that only contains such a word', () => {
    expect(hasBannedName('layers/adapters/hnswlib-index.ts')).toBe(false);
  });

  it.each([
    ['export function a() {}', true],
    ['export async function* a() {}', true],
    ['export class A {}', true],
    ['export abstract class A {}', true],
    ['export const A = 1;', true],
    ['const a = 1;\nexport { a };', true],
    ['export interface A {}', false],
    ['export type A = 1;', false],
    ['export type { A };', false],
    ['// export const a', false],
  ])('takes %s for a value: %s', (source, expected) => {
    expect(exportsValues(source)).toBe(expected);
  });

  it('expects the test of a domain file in the same place', () => {
    expect(testOf('layers/domain/scoring/similarity.ts')).toBe('test/domain/scoring/similarity.test.ts');
  });
});

function layerOf(file: string): Layer | undefined {
  return LAYERS.find(({ folder }) => file.startsWith(`${folder}/`));
}

/** One loads its addon on first use, and by require, because `import` does not look where a Lambda layer puts it; one says so to esbuild. */
const REQUIRING = ['layers/adapters/hnswlib-neighbors.ts', 'infra/constructs/handler-function.ts'];

/** Loads whichever bundle a function is, as Lambda's own runtime does. */
const BUNDLE_LOADER = 'infra/local/lambda/runtime-client.ts';

/** Specifiers that do not point inwards, and ways around specifiers. */
function strayImports(file: string, source: string): string[] {
  const specifiers = [...source.matchAll(/\b(?:from|import|require)\s*\(?\s*(['"`])(.+?)\1/g)].map((match) => match[2]);
  const isComputed = /\b(?:import|require)\s*\(\s*[^'"`\s]/.test(source) && file !== BUNDLE_LOADER;
  const computed = isComputed ? ['a computed import'] : [];
  const detours = [...source.matchAll(/\b(?:createRequire|getBuiltinModule)\b/g)]
    .map(([word]) => word)
    .filter((word) => !(word === 'createRequire' && REQUIRING.includes(file)));
  return [...specifiers.filter((specifier) => !mayImport(file, specifier)), ...computed, ...detours];
}

function mayImport(file: string, specifier: string): boolean {
  const layer = layerOf(file);
  if (layer === undefined) return false;
  if (specifier.startsWith('.')) return posix.join(file, '..', specifier).startsWith(`${layer.folder}/`);
  const target = LAYERS.findIndex(({ name }) => specifier.startsWith(`#${name}/`));
  if (target >= 0) return target > LAYERS.indexOf(layer) && !specifier.includes('/../');
  return layer.packages.some((name) =>
    /[:/]$/.test(name) ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`),
  );
}

/** Chance is an argument everywhere in layers/; unique names for files are no chance that a result depends on. */
function hiddenChance(file: string, source: string): string[] {
  if (!file.startsWith('layers/')) return [];
  const dice = /\bMath\s*(?:\?\.|\.)\s*random\b|\bMath\s*(?:\?\.)?\s*\[|=\s*Math\s*[;,)]/g;
  const found = [
    ...source.matchAll(dice),
    ...(file.startsWith('layers/domain/') ? source.matchAll(/\bcrypto\b/g) : []),
  ];
  return found.map(([text]) => text);
}

function namelessExports(source: string): string[] {
  return [...source.matchAll(/\bexport\s+default\b|\bas\s+default\b|\bexport\s*\*/g)].map(([text]) => text);
}

function exportsValues(source: string): boolean {
  return /^export\s+(?:(?:async\s+)?function|(?:abstract\s+)?class|const|let|var|enum|\{)/m.test(source);
}

function testOf(file: string): string {
  return file.replace(/^layers\/(.*)\.ts$/, 'test/$1.test.ts');
}

function hasBannedName(file: string): boolean {
  return file.split('/').some((name) => BANNED_NAMES.includes(name.replace(/\..*$/, '')));
}
