import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { peakResidentMiB } from '#infra/local/lambda/resident-memory.ts';

it.skipIf(!existsSync('/proc/self/status'))('tells the peak of a process, which does not go down', () => {
  const before = peakResidentMiB(process.pid) ?? 0;
  const rssMiB = process.memoryUsage.rss() / 1024 / 1024;
  Buffer.alloc(100 * 1024 * 1024, 1);
  const after = peakResidentMiB(process.pid) ?? 0;

  expect(before).toBeGreaterThan(rssMiB - 5);
  expect(after).toBeGreaterThanOrEqual(Math.max(before, rssMiB + 90));
});

it('knows nothing of a process that is not there', () => {
  // Above the largest number that Linux gives.
  expect(peakResidentMiB(4_194_305)).toBeUndefined();
});
