/** The addons that are committed: that they are the ones that were built, and that Lambda can load them. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import addons from '#native/addons.json' with { type: 'json' };
import { ARCHITECTURES, NAMES } from '#native/architectures.ts';
import { newestOf, readElf } from '#native/elf-file.ts';
import { installedPackage } from '#native/installed-package.ts';

const FOLDER = 'layers/native/addons';

/**
 * What Amazon Linux 2023 has, the system under Lambda's Node 24: glibc 2.34 and GCC 11 (its user guide, "Core toolchain packages"),
 * whose libstdc++ ends at GLIBCXX_3.4.29 and CXXABI_1.3.13 (libstdc++ manual, "ABI Policy and Guidelines").
 */
const AMAZON_LINUX_2023 = new Map([
  ['GLIBC', [2, 34]],
  ['GLIBCXX', [3, 4, 29]],
  ['CXXABI', [1, 3, 13]],
  ['GCC', [11]],
]);

describe('the committed addons', () => {
  it('are of the version of hnswlib-node that npm installed, and no others lie beside them', () => {
    const { version } = installedPackage('hnswlib-node');

    const expected = ARCHITECTURES.map((architecture) => `hnswlib-node-${version}-${architecture}.node`);
    expect(addons.version).toBe(version);
    expect(ARCHITECTURES.map((architecture) => addons.addons[architecture].file)).toEqual(expected);
    expect(new Set(readdirSync(FOLDER))).toEqual(new Set(expected));
  });

  describe.each(ARCHITECTURES)('for %s', (architecture) => {
    const { file, sha256, needs } = addons.addons[architecture];
    const bytes = readFileSync(join(FOLDER, file));
    const elf = readElf(bytes);

    it('have the hash that is written down', () => {
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    });

    it('are for that processor, and stripped', () => {
      expect(elf).toMatchObject({ machine: NAMES[architecture].elf, isStripped: true });
    });

    it('need only what Amazon Linux 2023 has', () => {
      expect(elf.versions.filter(isMissing)).toEqual([]);
      expect(new Set(elf.libraries)).toEqual(new Set(['libstdc++.so.6', 'libm.so.6', 'libgcc_s.so.1', 'libc.so.6']));
    });

    it('need what is written down', () => {
      expect({ libraries: elf.libraries.join(' '), ...newestOf(elf.versions) }).toEqual(needs);
    });

    it('know no path of the machine that built them', () => {
      expect(bytes.toString('latin1')).not.toMatch(/\/(?:tmp|home|root|work|usr)\//);
    });
  });
});

describe('what Amazon Linux 2023 lacks', () => {
  it.each([
    'GLIBC_2.35',
    'GLIBC_3',
    'GLIBCXX_3.4.30',
    'CXXABI_1.3.14',
    'GCC_12.0.0',
    'GLIBC_PRIVATE',
    'GLIBC_ABI_DT_RELR',
  ])('%s', (version) => {
    expect(isMissing(version)).toBe(true);
  });

  it.each(['GLIBC_2.34', 'GLIBC_2.2.5', 'GLIBCXX_3.4', 'GLIBCXX_3.4.9', 'GLIBCXX_3.4.29', 'CXXABI_1.3.13', 'GCC_3.0'])(
    'but not %s',
    (version) => {
      expect(isMissing(version)).toBe(false);
    },
  );
});

function isMissing(version: string): boolean {
  const [, kind = '', digits = ''] = /^([A-Z]+)_([\d.]+)$/.exec(version) ?? [];
  const newest = AMAZON_LINUX_2023.get(kind);
  if (newest === undefined) return true;
  const parts = digits.split('.').map(Number);
  const differing = newest.findIndex((part, n) => part !== (parts[n] ?? 0));
  return differing < 0 ? parts.length > newest.length : (parts[differing] ?? 0) > newest[differing];
}
