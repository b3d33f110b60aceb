/** What every way to write the seeds of a live audience must do. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { Invalid } from '#application/errors.ts';
import type { SeedFormat } from '#application/ports.ts';

const anySeeds = fc
  .uniqueArray(
    fc.tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: 2 ** 45 })),
    { selector: ([id]) => id, maxLength: 20 },
  )
  .map((pairs) => ({ ids: pairs.map(([id]) => id), moments: Float64Array.from(pairs, ([, moment]) => moment) }));

export function seedFormatContract(name: string, format: SeedFormat): void {
  describe(`seed format contract: ${name}`, () => {
    test.prop([anySeeds], {
      examples: [
        [{ ids: [], moments: new Float64Array(0) }],
        [{ ids: ['\ufeffa', 'a', ' a', 'é', 'e\u0301', '"', '\n'], moments: new Float64Array(7).fill(1.5) }],
      ],
    })('come back as they were', (seeds) => {
      expect(format.decode(format.encode(seeds), 'seeds')).toEqual(seeds);
    });

    it.each([new Uint8Array(0), new TextEncoder().encode('{"id":"a"}')])('refuses what is no seeds: %s', (bytes) => {
      expect(() => format.decode(bytes, 'live/people/a/1.arrow')).toThrow(Invalid);
      expect(() => format.decode(bytes, 'live/people/a/1.arrow')).toThrow('live/people/a/1.arrow: expected seeds');
    });
  });
}
