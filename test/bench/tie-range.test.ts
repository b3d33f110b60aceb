import { describe, expect, it } from 'vitest';
import { hitsWithin } from './tie-range.ts';

describe('tie range', () => {
  const scores = Float32Array.of(3, 2, 2, 2, 1);

  it('is one number where the last place is not shared', () => {
    expect(hitsWithin(scores, Uint8Array.of(1, 1, 0, 0, 1), 1)).toEqual({ fewest: 1, most: 1 });
    expect(hitsWithin(scores, Uint8Array.of(1, 1, 0, 0, 1), 4)).toEqual({ fewest: 2, most: 2 });
  });

  it('gives the shared places to nobody or to the hits first', () => {
    expect(hitsWithin(scores, Uint8Array.of(0, 1, 0, 0, 1), 2)).toEqual({ fewest: 0, most: 1 });
    expect(hitsWithin(scores, Uint8Array.of(1, 1, 0, 1, 0), 3)).toEqual({ fewest: 2, most: 3 });
  });
});
