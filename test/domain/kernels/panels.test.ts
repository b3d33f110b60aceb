import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { copyRows, paddedToFour, panelsOf, placeInPanels } from '#domain/kernels/panels.ts';

describe('panels', () => {
  it('hold eight columns each, the last perhaps four, and 0 beyond the matrix', () => {
    const [row, next] = [Array.from({ length: 9 }, (_, n) => n + 1), Array.from({ length: 9 }, (_, n) => 10 * (n + 1))];
    const matrix = row.flatMap((x, n) => [x, next[n]]);

    const panels = panelsOf([matrix], 9, 2);

    expect([...panels]).toEqual([...row.slice(0, 8), ...next.slice(0, 8), 9, 0, 0, 0, 90, 0, 0, 0]);
  });

  test.prop([fc.nat(20), fc.integer({ min: 1, max: 3 }), fc.nat(9)])(
    'have each number of each matrix at its place',
    (rows, count, inner) => {
      const matrices = Array.from({ length: count }, (_, m) =>
        Array.from({ length: rows * inner }, (_, at) => 1 + 1_000 * m + at),
      );

      const panels = panelsOf(matrices, rows, inner);

      const width = paddedToFour(rows);
      expect(panels).toHaveLength(inner * width * count);
      matrices.forEach((matrix, m) => {
        matrix.forEach((x, at) => {
          const [place, step] = placeInPanels(m * width + Math.floor(at / inner), width * count, inner);
          expect(panels[place + (at % inner) * step]).toBe(x);
        });
      });
      expect(panels.filter((x) => x !== 0)).toHaveLength(rows * inner * count);
    },
  );
});

describe('rows', () => {
  it.each([
    [4, [9, 5, 6, 7, 8, 9, 10, 11, 12, 9]],
    [3, [9, 4, 5, 6, 0, 7, 8, 9, 0, 9]],
  ])('are copied one after the other, each padded with 0: of width %i', (width, expected) => {
    const to = new Float32Array(10).fill(9);

    copyRows(
      to,
      1,
      Float32Array.from({ length: 12 }, (_, at) => at + 1),
      1,
      3,
      width,
    );

    expect([...to]).toEqual(expected);
  });
});
