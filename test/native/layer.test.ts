import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it, onTestFinished } from 'vitest';
import addons from '#native/addons.json' with { type: 'json' };
import { ARCHITECTURES, type Architecture, NAMES } from '#native/architectures.ts';
import { assembleLayer } from '#native/layer.ts';
import { temporaryFolder } from '../adapters/temporary-folder.ts';

const MAX_LAYER_BYTES = 1_000_000;
const NPM_MODULES = resolve('node_modules');
const ADDON = 'hnswlib-node/build/Release/addon.node';
const LOADED = ['bindings/bindings.js', 'file-uri-to-path/index.js', ADDON, 'hnswlib-node/lib/index.js'];
const OWN = ARCHITECTURES.find((architecture) => NAMES[architecture].node === process.arch) ?? 'x86_64';

interface Answer {
  readonly neighbors: readonly number[];
  readonly distances: readonly number[];
}

interface Answers {
  readonly built: readonly Answer[];
  readonly read: readonly Answer[];
  readonly files: readonly string[];
}

describe.each(ARCHITECTURES)('the layer for %s', (architecture) => {
  it('holds the loader, the addon, the licences and nothing else', () => {
    const layer = assembled(architecture);

    expect(filesIn(layer)).toEqual([
      'nodejs/node_modules/bindings/LICENSE.md',
      'nodejs/node_modules/bindings/bindings.js',
      'nodejs/node_modules/bindings/package.json',
      'nodejs/node_modules/file-uri-to-path/LICENSE',
      'nodejs/node_modules/file-uri-to-path/index.js',
      'nodejs/node_modules/file-uri-to-path/package.json',
      'nodejs/node_modules/hnswlib-node/LICENSE.txt',
      `nodejs/node_modules/${ADDON}`,
      'nodejs/node_modules/hnswlib-node/lib/index.js',
      'nodejs/node_modules/hnswlib-node/package.json',
      'nodejs/node_modules/node-addon-api/LICENSE.md',
    ]);
    expect(sha256Of(join(layer, 'nodejs/node_modules', ADDON))).toBe(addons.addons[architecture].sha256);
  });

  it('is the same bytes each time', () => {
    expect(hashesIn(assembled(architecture))).toEqual(hashesIn(assembled(architecture)));
  });

  it('is smaller than a megabyte, unzipped', () => {
    const layer = assembled(architecture);

    const sizes = filesIn(layer).map((file) => statSync(join(layer, file)).size);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(MAX_LAYER_BYTES);
  });

  it('can be read by everybody, however strict the one who assembles it', () => {
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));

    const layer = assembled(architecture);

    const modes = filesIn(layer).map((file) => statSync(join(layer, file)).mode & 0o777);
    expect(new Set(modes)).toEqual(new Set([0o644]));
  });

  it('finds the neighbors that the npm-built addon finds, each in its own graph and in the other’s', (context) => {
    const run = runnerFor(architecture);
    if ('reason' in run) return context.skip(run.reason);
    const modules = join(assembled(architecture), 'nodejs/node_modules');
    const graphs = temporaryFolder();
    const own = [process.execPath];

    const byNpm = probe(own, NPM_MODULES, join(graphs, 'npm'));
    const byLayer = probe(run.command, modules, join(graphs, 'npm'));
    probe(run.command, modules, join(graphs, 'layer'));
    const acrossToNpm = probe(own, NPM_MODULES, join(graphs, 'layer'));

    const expected = byNpm.built.map(({ neighbors }) => neighbors);
    expect(
      [byLayer.built, byLayer.read, acrossToNpm.read].map((list) => list.map(({ neighbors }) => neighbors)),
    ).toEqual([expected, expected, expected]);
    expect(distancesOf(byLayer.read)).toEqual(distancesOf(byNpm.read).map((distance) => expect.closeTo(distance, 5)));
    expect(new Set(expected.flat()).size).toBeGreaterThan(100);
    expect(loadedFrom(modules, byLayer.files)).toEqual(LOADED);
    expect(loadedFrom(NPM_MODULES, byNpm.files)).toEqual(LOADED);
  });
});

describe('the layer under a bundled function', () => {
  it('is loaded when a graph is asked for, and not before', async (context) => {
    const run = runnerFor(OWN);
    if ('reason' in run) return context.skip(run.reason);
    const modules = join(assembled(OWN), 'nodejs/node_modules');
    const script = await bundled(`
      import { createRequire } from 'node:module';
      import { hnswlibNeighbors } from '#adapters/hnswlib-neighbors.ts';
      const loaded = () => Object.keys(createRequire(import.meta.url).cache);
      const points = Float32Array.of(1, 0, 0, 1);
      hnswlibNeighbors.exact(points, 2).nearest([Float32Array.of(1, 0)], 1);
      const before = loaded();
      hnswlibNeighbors.build(points, 2, 1);
      console.log(JSON.stringify({ before, after: loaded() }));
    `);

    const { before, after }: { before: string[]; after: string[] } = JSON.parse(output(run.command, script, modules));

    expect(before).toEqual([]);
    expect(loadedFrom(modules, after)).toEqual(LOADED);
  });
});

describe('assembling', () => {
  it('refuses a folder that holds something already', () => {
    const folder = assembled('x86_64');

    expect(() => assembleLayer('arm64', folder)).toThrow(
      `expected an empty folder for the layer, got ${folder} with 1 entries`,
    );
  });

  it('refuses an addon that is not the one that was written down', async () => {
    const checkout = checkoutCopy();
    const file = join(checkout, 'layers/native/addons', addons.addons.x86_64.file);
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(file, bytes);

    await expectRefusal(
      checkout,
      /^expected hnswlib-node-.*-x86_64\.node with SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}$/,
    );
  });

  it('refuses addons of another version than npm installed', async () => {
    const checkout = checkoutCopy();
    const file = join(checkout, 'layers/native/addons.json');
    writeFileSync(file, JSON.stringify({ ...addons, version: '2.9.9' }));

    await expectRefusal(checkout, /^expected hnswlib-node 2\.9\.9, as its addons, got .*: run npm run build:native$/);
  });
});

/** The layer's code and addons, to be damaged. */
function checkoutCopy(): string {
  const folder = temporaryFolder();
  cpSync('layers/native', join(folder, 'layers/native'), { recursive: true });
  symlinkSync(NPM_MODULES, join(folder, 'node_modules'));
  return folder;
}

async function expectRefusal(checkout: string, message: RegExp): Promise<void> {
  const into = temporaryFolder();
  const copy: typeof import('#native/layer.ts') = await import(join(checkout, 'layers/native/layer.ts'));

  expect(() => copy.assembleLayer('x86_64', into)).toThrow(message);
  expect(readdirSync(into)).toEqual([]);
}

function assembled(architecture: Architecture): string {
  const folder = temporaryFolder();
  assembleLayer(architecture, folder);
  return folder;
}

/** Hashes, not bytes: of two buffers that differ, vitest would print every byte. */
function hashesIn(folder: string): string[][] {
  return filesIn(folder).map((file) => [file, sha256Of(join(folder, file))]);
}

function filesIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}

function sha256Of(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** How this machine runs a Node for that processor. */
function runnerFor(architecture: Architecture): { command: readonly string[] } | { reason: string } {
  const { node, gnu } = NAMES[architecture];
  if (process.platform !== 'linux') return { reason: 'the addons are for Linux' };
  if (node === process.arch) return { command: [process.execPath] };
  const emulator = `/usr/bin/qemu-${gnu.replace('-linux-gnu', '')}-static`;
  const foreignNode = process.env.FOREIGN_NODE ?? '';
  if (existsSync(emulator) && existsSync(foreignNode)) return { command: [emulator, '-L', `/usr/${gnu}`, foreignNode] };
  return { reason: `needs ${emulator}, and FOREIGN_NODE=<path of a Node for ${node}>` };
}

function probe(command: readonly string[], modules: string, graphFile: string): Answers {
  const script = join(temporaryFolder(), 'layer-probe.mts');
  copyFileSync(new URL('./layer-probe.ts', import.meta.url), script);
  return JSON.parse(output(command, script, modules, graphFile));
}

/** What a script prints that finds packages in `modules` alone, as a function in Lambda finds its layer's. */
function output(command: readonly string[], script: string, modules: string, ...args: readonly string[]): string {
  const [program, ...options] = command;
  const env = { NODE_PATH: modules };
  const { status, stdout, stderr } = spawnSync(program, [...options, script, ...args], { env, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

async function bundled(source: string): Promise<string> {
  const outfile = join(temporaryFolder(), 'handler.mjs');
  await build({
    stdin: { contents: source, resolveDir: process.cwd() },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['hnswlib-node'],
  });
  return outfile;
}

function loadedFrom(modules: string, files: readonly string[]): string[] {
  return files.map((file) => relative(realpathSync(modules), file)).sort();
}

function distancesOf(answers: readonly Answer[]): number[] {
  return answers.flatMap(({ distances }) => distances);
}
