/**
 * Compiles both addons anew and writes them down, with their hashes and what they need: after an upgrade of hnswlib-node, or for who
 * wants to know that the committed bytes come from the sources. Both or neither, so that they are always of one version.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURES } from './architectures.ts';
import { compileAddon, toolchainFor } from './compile-addon.ts';
import { newestOf, readElf } from './elf-file.ts';
import { installedPackage } from './installed-package.ts';

const { version } = installedPackage('hnswlib-node');
const folder = join(import.meta.dirname, 'addons');

const missing = ARCHITECTURES.filter((architecture) => toolchainFor(architecture) === undefined);
if (missing.length > 0) {
  throw new Error(`expected compilers for ${ARCHITECTURES.join(' and ')}, got none for ${missing.join(' and ')}
on Debian and Ubuntu: apt-get install g++-aarch64-linux-gnu (on an arm64 machine: g++-x86-64-linux-gnu)`);
}

const addons = ARCHITECTURES.map((architecture) => {
  console.log(`compiling hnswlib-node ${version} for ${architecture}`);
  const bytes = compileAddon(architecture);
  const { libraries, versions } = readElf(bytes);
  return {
    architecture,
    bytes,
    file: `hnswlib-node-${version}-${architecture}.node`,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    needs: { libraries: libraries.join(' '), ...newestOf(versions) },
    toolchain: toolchainFor(architecture),
  };
});

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (const { file, bytes } of addons) writeFileSync(join(folder, file), bytes);
const written = {
  version,
  addons: Object.fromEntries(
    addons.map(({ architecture, file, sha256, needs, toolchain }) => [
      architecture,
      { file, sha256, needs, toolchain },
    ]),
  ),
};
writeFileSync(join(import.meta.dirname, 'addons.json'), `${JSON.stringify(written, null, 2)}\n`);
for (const { file, bytes, sha256 } of addons) console.log(`${file}  ${bytes.length} bytes  sha256 ${sha256}`);
