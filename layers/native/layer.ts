/**
 * The Lambda layer that carries hnswlib-node: its loader as npm installed it, and the committed addon of one processor in the place
 * where the loader looks. Lambda unpacks it to /opt and puts /opt/nodejs/node_modules on NODE_PATH, which `require` obeys.
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import addons from './addons.json' with { type: 'json' };
import type { Architecture } from './architectures.ts';
import { installedPackage } from './installed-package.ts';

/** What is loaded, each by way of who needs it, and all licences; sources, types, tests and pages stay at home. */
const CARRIED = [
  { chain: ['hnswlib-node'], files: ['package.json', 'lib/index.js', 'LICENSE.txt'] },
  { chain: ['hnswlib-node', 'bindings'], files: ['package.json', 'bindings.js', 'LICENSE.md'] },
  { chain: ['hnswlib-node', 'bindings', 'file-uri-to-path'], files: ['package.json', 'index.js', 'LICENSE'] },
  { chain: ['hnswlib-node', 'node-addon-api'], files: ['LICENSE.md'] }, // compiled into the addon
];

/** Lambda reads as another user than the one who deploys: a strict umask here would be a layer that nobody can open there. */
const READABLE_BY_ALL = 0o644;

/** Fills an empty folder with the layer; the same bytes and modes each time. */
export function assembleLayer(architecture: Architecture, into: string): void {
  if (existsSync(into) && readdirSync(into).length > 0) {
    throw new Error(`expected an empty folder for the layer, got ${into} with ${readdirSync(into).length} entries`);
  }
  const addon = committedAddon(architecture);
  const modules = join(into, 'nodejs', 'node_modules');
  for (const { chain, files } of CARRIED) {
    const { folder } = installedPackage(...chain);
    for (const file of files) place(join(modules, ...chain.slice(-1), file), readFileSync(join(folder, file)));
  }
  place(join(modules, 'hnswlib-node', 'build', 'Release', 'addon.node'), addon);
}

function committedAddon(architecture: Architecture): Buffer {
  const { version } = installedPackage('hnswlib-node');
  if (version !== addons.version) {
    throw new Error(`expected hnswlib-node ${addons.version}, as its addons, got ${version}: run npm run build:native`);
  }
  const { file, sha256 } = addons.addons[architecture];
  const bytes = readFileSync(join(import.meta.dirname, 'addons', file));
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new Error(`expected ${file} with SHA-256 ${sha256}, got ${found}`);
  return bytes;
}

function place(path: string, bytes: Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  chmodSync(path, READABLE_BY_ALL);
}
