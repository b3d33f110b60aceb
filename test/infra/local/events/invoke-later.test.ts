import { expect, it } from 'vitest';
import { invokeLater } from '#infra/local/events/invoke-later.ts';

/** What becomes of an event whose function fails so often. */
async function outcomeOf(failures: number, settings: Record<string, number> = {}): Promise<string[]> {
  const told: string[] = [];
  let left = failures;
  await invokeLater(settings, 1, {
    async invoke() {
      told.push('tried');
      if (left-- > 0) throw new Error('no');
    },
    failed: () => told.push('failed'),
    async giveUp() {
      told.push('given up');
    },
  });
  return told;
}

it('tries again until it works, twice unless told otherwise, and gives up after the last', async () => {
  expect(await outcomeOf(0)).toEqual(['tried']);
  expect(await outcomeOf(2)).toEqual(['tried', 'failed', 'tried', 'failed', 'tried']);
  expect(await outcomeOf(3)).toEqual(['tried', 'failed', 'tried', 'failed', 'tried', 'failed', 'given up']);
  expect(await outcomeOf(9, { MaximumRetryAttempts: 0 })).toEqual(['tried', 'failed', 'given up']);
});
