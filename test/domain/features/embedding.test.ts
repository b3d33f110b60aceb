import { describe, expect, it } from 'vitest';
import { pointsAt } from '#domain/features/embedding.ts';

describe('points', () => {
  it('of some rows stand in the order of the rows, each as often as it is named', () => {
    const points = Float32Array.of(1, 2, 3, 4, 5, 6);

    expect(pointsAt(points, Uint32Array.of(2, 0, 2), 2)).toEqual(Float32Array.of(5, 6, 1, 2, 5, 6));
    expect(pointsAt(points, new Uint32Array(0), 2)).toEqual(new Float32Array(0));
  });
});
