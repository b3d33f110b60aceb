/** What every ledger must do: one winner a change, and nothing forgotten too early. */
import { describe, expect, it } from 'vitest';
import { Conflict } from '#application/errors.ts';
import type { Ledger } from '#application/ports.ts';

/** A moment with a fraction of a second, which a store that counts whole seconds must not lose. */
const NOON = Date.UTC(2026, 0, 1, 12) + 345;

/** `open` gives a ledger that is empty and nobody else's, by the given clock. */
export function ledgerContract(ledgerName: string, open: (now: () => number) => Ledger): void {
  const openAt = (moment = NOON) => open(() => moment);

  describe(`ledger contract: ${ledgerName}`, () => {
    it('knows nothing at first', async () => {
      expect(await openAt().read('uploads/people')).toBeUndefined();
    });

    it('gives back what was written, with the number of the change', async () => {
      const ledger = openAt();

      await ledger.write('uploads/people', 'first', 0);
      expect(await ledger.read('uploads/people')).toEqual({ content: 'first', version: 1 });
      await ledger.write('uploads/people', 'second', 1);
      await ledger.write('uploads/people', '', 2);

      expect(await ledger.read('uploads/people')).toEqual({ content: '', version: 3 });
    });

    it.each([
      { written: 1, version: 0 },
      { written: 3, version: 0 },
      { written: 3, version: 1 },
      { written: 3, version: 2 },
      { written: 3, version: 4 },
    ])('refuses version $version when $written stands, and nothing has changed', async ({ written, version }) => {
      const ledger = openAt();
      for (let before = 0; before < written; before++) await ledger.write('a', `content ${before}`, before);

      await expect(ledger.write('a', 'late', version)).rejects.toThrow(Conflict);
      await expect(ledger.write('a', 'late', version)).rejects.toThrow(
        `another writer of "a" was faster and made version ${written}; it stands, and this one changed nothing`,
      );

      expect(await ledger.read('a')).toEqual({ content: `content ${written - 1}`, version: written });
    });

    it('refuses to change a record that is not there', async () => {
      const ledger = openAt();

      await expect(ledger.write('a', 'late', 1)).rejects.toThrow(Conflict);
      await expect(ledger.write('a', 'late', 1)).rejects.toThrow(
        'the record "a" is not there any more, and this one changed nothing',
      );

      expect(await ledger.read('a')).toBeUndefined();
    });

    it.each([
      ['other contents', (rival: number) => `rival ${rival}`],
      ['the same content', () => 'running'],
    ])('lets exactly one of 20 rivals with %s win each change', async (_, contentOf) => {
      const ledger = openAt();

      for (const version of [0, 1]) {
        const rivals = Array.from({ length: 20 }, (_rival, rival) => contentOf(rival));
        const outcomes = await Promise.allSettled(rivals.map((content) => ledger.write('a', content, version)));

        const winners = rivals.filter((_rival, at) => outcomes[at].status === 'fulfilled');
        const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
        expect(winners).toHaveLength(1);
        expect(reasons.every((reason) => reason instanceof Conflict)).toBe(true);
        expect(await ledger.read('a')).toEqual({ content: winners[0], version: version + 1 });
      }
    });

    it('refuses a change that was made before, even by the same content', async () => {
      const ledger = openAt();
      await ledger.write('a', 'running', 0);

      await expect(ledger.write('a', 'running', 0)).rejects.toThrow(Conflict);
    });

    it('keeps names with slashes and odd characters apart', async () => {
      const ledger = openAt();
      const paths = ['a', 'a/', 'a/b', 'A/b', '../a', 'ledger', '%2F'];
      const names = [...paths, 'a b', 'a#b', '\u00e9', 'e\u0301', '😀', '"', '#ttl', ' '];

      for (const name of names) await ledger.write(name, `of ${name}`, 0);

      for (const name of names) expect(await ledger.read(name)).toEqual({ content: `of ${name}`, version: 1 });
    });

    it('keeps any text as it is', async () => {
      const ledger = openAt();
      const content = JSON.stringify({ text: 'é 😀 \u0000 \n " \\', long: 'x'.repeat(100_000) });

      await ledger.write('a', content, 0);

      expect((await ledger.read('a'))?.content).toBe(content);
    });

    it('keeps a record until it may be forgotten, and no longer', async () => {
      let now = NOON;
      const ledger = open(() => now);
      await ledger.write('short', 'content', 0, NOON + 60_000);
      await ledger.write('for good', 'content', 0);

      now = NOON + 59_999;
      expect(await ledger.read('short')).toEqual({ content: 'content', version: 1 });
      now = NOON + 61_000;
      expect(await ledger.read('short')).toBeUndefined();
      now = NOON + 1e12;
      expect(await ledger.read('for good')).toEqual({ content: 'content', version: 1 });
    });

    it('begins again from version 0 where a record is forgotten', async () => {
      let now = NOON;
      const ledger = open(() => now);
      await ledger.write('a', 'old', 0, NOON + 60_000);
      await ledger.write('a', 'older', 1, NOON + 60_000);
      now = NOON + 61_000;

      await expect(ledger.write('a', 'late', 2)).rejects.toThrow(
        'the record "a" is not there any more, and this one changed nothing',
      );
      await ledger.write('a', 'new', 0);

      expect(await ledger.read('a')).toEqual({ content: 'new', version: 1 });
    });

    it('does not begin again before that', async () => {
      let now = NOON;
      const ledger = open(() => now);
      await ledger.write('a', 'claimed', 0, NOON + 60_000);
      now = NOON + 59_999;

      await expect(ledger.write('a', 'claimed', 0)).rejects.toThrow(Conflict);
    });

    it('forgets by the last change alone', async () => {
      let now = NOON;
      const ledger = open(() => now);
      await ledger.write('kept', 'content', 0, NOON + 60_000);
      await ledger.write('kept', 'content', 1, 0);
      await ledger.write('prolonged', 'content', 0, NOON + 60_000);
      await ledger.write('prolonged', 'content', 1, NOON + 90_000);
      now = NOON + 61_000;

      expect((await ledger.read('kept'))?.version).toBe(2);
      expect((await ledger.read('prolonged'))?.version).toBe(2);
    });
  });
}
