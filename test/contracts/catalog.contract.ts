/** What every catalog must do: one winner a generation, and nothing read that is not understood. */
import { describe, expect, it } from 'vitest';
import { Conflict, Invalid } from '#application/errors.ts';
import type { Manifest } from '#application/manifest.ts';
import type { Catalog } from '#application/ports.ts';

export function manifestAt(generation: number, population = 'people'): Manifest {
  return {
    formatVersion: 1,
    population,
    generation,
    users: 10 * generation,
    features: 3,
    shards: [
      {
        name: `index/${population}/0000000${generation}-abcdef12-0.arrow`,
        users: 10 * generation,
        bytes: 7,
        sha256: '0'.repeat(64),
      },
    ],
  };
}

/** `open` gives a catalog that is empty and nobody else's. */
export function catalogContract(catalogName: string, open: () => Catalog): void {
  describe(`catalog contract: ${catalogName}`, () => {
    it('knows nothing at first', async () => {
      const catalog = open();

      expect(await catalog.populations()).toEqual([]);
      expect(await catalog.manifest('people')).toBeUndefined();
    });

    it('gives back the newest generation', async () => {
      const catalog = open();
      for (const generation of [1, 2, 3]) await catalog.publish(manifestAt(generation));

      expect(await catalog.manifest('people')).toEqual(manifestAt(3));
    });

    it('lists populations in the order of texts and keeps them apart', async () => {
      const catalog = open();
      for (const population of ['b', 'a10', 'B', 'a2']) await catalog.publish(manifestAt(1, population));

      expect(await catalog.populations()).toEqual(['B', 'a10', 'a2', 'b']);
      expect(await catalog.manifest('a2')).toEqual(manifestAt(1, 'a2'));
    });

    it.each([
      { published: 0, next: 2 },
      { published: 1, next: 1 },
      { published: 2, next: 1 },
      { published: 1, next: 3 },
    ])('refuses generation $next after $published, and nothing has changed', async ({ published, next }) => {
      const catalog = open();
      for (let generation = 1; generation <= published; generation++) await catalog.publish(manifestAt(generation));

      await expect(catalog.publish({ ...manifestAt(next), features: 99 })).rejects.toThrow(Conflict);

      expect(await catalog.manifest('people')).toEqual(published === 0 ? undefined : manifestAt(published));
    });

    it('publishes the very same manifest twice without a conflict: the first answer was lost', async () => {
      const catalog = open();
      for (const generation of [1, 2, 2]) await catalog.publish(manifestAt(generation));

      expect(await catalog.manifest('people')).toEqual(manifestAt(2));
      await catalog.publish(manifestAt(3));
    });

    it('refuses a manifest that was published once and is not the current one any more', async () => {
      const catalog = open();
      for (const generation of [1, 2]) await catalog.publish(manifestAt(generation));

      await expect(catalog.publish(manifestAt(1))).rejects.toThrow(Conflict);

      expect(await catalog.manifest('people')).toEqual(manifestAt(2));
    });

    it('says who was faster, and that the loser changed nothing', async () => {
      const catalog = open();
      await catalog.publish(manifestAt(1));

      await expect(catalog.publish({ ...manifestAt(1), features: 99 })).rejects.toThrow(
        'another ingest into "people" was faster and made generation 1; it stands, and this one changed nothing: run it again',
      );
    });

    it('says so when the population was deleted meanwhile', async () => {
      const catalog = open();
      await catalog.publish(manifestAt(1));
      await catalog.remove('people');

      await expect(catalog.publish(manifestAt(2))).rejects.toThrow(
        'the population "people" was deleted meanwhile, and this one changed nothing: run it again',
      );
    });

    it('lets exactly one of many publishers of a generation win', async () => {
      const catalog = open();
      await catalog.publish(manifestAt(1));
      const rivals = Array.from({ length: 8 }, (_, features) => ({ ...manifestAt(2), features }));

      const outcomes = await Promise.allSettled(rivals.map((rival) => catalog.publish(rival)));

      const winners = rivals.filter((_, at) => outcomes[at].status === 'fulfilled');
      const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      expect(winners).toHaveLength(1);
      expect(reasons.every((reason) => reason instanceof Conflict)).toBe(true);
      expect(await catalog.manifest('people')).toEqual(winners[0]);
    });

    it('starts again from generation 1 after a removal, which may be repeated', async () => {
      const catalog = open();
      await catalog.publish(manifestAt(1));
      await catalog.publish(manifestAt(1, 'others'));

      await catalog.remove('people');
      await catalog.remove('people');
      await catalog.remove('never-there');

      expect(await catalog.populations()).toEqual(['others']);
      expect(await catalog.manifest('people')).toBeUndefined();
      await catalog.publish(manifestAt(1));
      expect(await catalog.manifest('people')).toEqual(manifestAt(1));
    });

    it('refuses a manifest of a newer format, with both versions', async () => {
      const catalog = open();
      await catalog.publish({ ...manifestAt(1), formatVersion: 7 });

      await expect(catalog.manifest('people')).rejects.toThrow(Invalid);
      await expect(catalog.manifest('people')).rejects.toThrow(
        /people.*: expected format version 1 or older, got 7; a newer akin wrote it, so update this one$/,
      );
    });

    it('refuses a damaged manifest, saying which and what is wrong', async () => {
      const catalog = open();
      await catalog.publish({ ...manifestAt(1), users: -1 });

      await expect(catalog.manifest('people')).rejects.toThrow(Invalid);
      await expect(catalog.manifest('people')).rejects.toThrow(
        /people.*: the manifest is damaged: its users is wrong: /,
      );
    });
  });
}
