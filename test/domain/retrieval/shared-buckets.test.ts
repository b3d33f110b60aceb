import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { bucketWorth } from '#domain/retrieval/shared-buckets.ts';

const counts = fc.record({ seeds: fc.nat(50), others: fc.nat(500) });

describe('worth of a bucket', () => {
  it('by count is a point for each seed in it', () => {
    expect(bucketWorth('count', { seeds: 7, others: 900 }, 10, 1000)).toBe(7);
  });

  it('by contrast is its information value, as a hand computes', () => {
    // p = 7.5/10 and q = 2.5/20, smoothed.
    const worth = bucketWorth('contrast', { seeds: 7, others: 2 }, 9, 19);

    expect(worth).toBeCloseTo(0.625 * Math.log((0.75 * 0.875) / (0.25 * 0.125)), 12);
  });

  // 42 of 50 and 417 of 500: more frequent among the seeds, but by shares that smoothing makes equal.
  test.prop([counts], { examples: [[{ seeds: 42, others: 417 }]] })(
    'by contrast is above nothing only where seeds are more frequent than others',
    (bucket) => {
      const worth = bucketWorth('contrast', bucket, 50, 500);

      const isMoreFrequent = bucket.seeds / 50 > bucket.others / 500;
      const isSmoothedEqual = (bucket.seeds + 0.5) / 51 === (bucket.others + 0.5) / 501;
      expect(worth > 0).toBe(isMoreFrequent && !isSmoothedEqual);
      expect(worth).toBeGreaterThanOrEqual(0);
    },
  );

  test.prop([counts, fc.nat(500)])('by contrast falls as others crowd in', (bucket, more) => {
    const crowded = { ...bucket, others: Math.min(500, bucket.others + more) };

    expect(bucketWorth('contrast', crowded, 50, 500)).toBeLessThanOrEqual(bucketWorth('contrast', bucket, 50, 500));
  });
});
