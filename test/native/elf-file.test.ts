import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import addons from '#native/addons.json' with { type: 'json' };
import { ARCHITECTURES, NAMES } from '#native/architectures.ts';
import { newestOf, readElf } from '#native/elf-file.ts';

const addonOf = (architecture: (typeof ARCHITECTURES)[number]) =>
  readFileSync(join('layers/native/addons', addons.addons[architecture].file));

describe('reading an ELF file', () => {
  it.each(ARCHITECTURES)('finds in the %s addon every version that its texts name', (architecture) => {
    const bytes = addonOf(architecture);

    const { versions } = readElf(bytes);

    const named = bytes.toString('latin1').match(/(?<=\0)(?:GLIBC|GLIBCXX|CXXABI|GCC)_[\w.]+(?=\0)/g);
    expect(new Set(versions)).toEqual(new Set(named));
    expect(versions.length).toBeGreaterThan(5);
  });

  it.each(ARCHITECTURES)('finds in the %s addon every library that its texts name', (architecture) => {
    const bytes = addonOf(architecture);

    const { libraries } = readElf(bytes);

    const named = bytes.toString('latin1').match(/(?<=\0)\w[\w+-]*\.so\.\d+(?=\0)/g);
    expect(new Set(libraries)).toEqual(new Set(named));
    expect(libraries).toContain('libstdc++.so.6');
  });

  it('knows a file with symbols from a stripped one', () => {
    const builtByNpm = createRequire(import.meta.url).resolve('hnswlib-node/build/Release/addon.node');

    expect(readElf(readFileSync(builtByNpm)).isStripped).toBe(false);
    expect(readElf(addonOf('x86_64')).isStripped).toBe(true);
  });

  it('tells the processors apart', () => {
    expect(ARCHITECTURES.map((architecture) => readElf(addonOf(architecture)).machine)).toEqual(
      ARCHITECTURES.map((architecture) => NAMES[architecture].elf),
    );
  });

  it.each([
    ['nothing', ''],
    ['a script', '#!/bin/sh'],
    ['a program of 32 bits', '\x7fELF\x01\x01'],
    ['a big-endian one', '\x7fELF\x02\x02'],
  ])('refuses %s', (_, text) => {
    expect(() => readElf(Buffer.from(text, 'latin1'))).toThrow(/^expected a little-endian ELF file of 64 bits/);
  });
});

describe('the newest version of each kind', () => {
  it('is found by number, not by letter', () => {
    expect(newestOf(['GLIBCXX_3.4.9', 'GLIBCXX_3.4.29', 'GLIBCXX_3.4', 'GLIBC_2.2.5', 'GLIBC_2.14'])).toEqual({
      GLIBCXX: '3.4.29',
      GLIBC: '2.14',
    });
  });

  it('keeps what is no number, for others to see', () => {
    expect(newestOf(['GLIBC_ABI_DT_RELR'])).toEqual({ GLIBC_ABI_DT: 'RELR' });
  });
});
