import { describe, expect, it } from 'vitest';
import { Adam } from '#domain/kernels/adam.ts';

describe('adam', () => {
  it('moves as the paper’s algorithm does, step by step', () => {
    const gradients = [3, -1, 0.5, 2];
    let [value, first, second] = [1, 0, 0];
    const values = Float64Array.of(1);
    const adam = new Adam(0.1);

    gradients.forEach((gradient, step) => {
      first = 0.9 * first + 0.1 * gradient;
      second = 0.999 * second + 0.001 * gradient ** 2;
      const [mean, square] = [first / (1 - 0.9 ** (step + 1)), second / (1 - 0.999 ** (step + 1))];
      value -= (0.1 * mean) / (Math.sqrt(square) + 1e-8);
      adam.beginStep();
      adam.move(values, Float64Array.of(gradient));
      expect(values[0]).toBeCloseTo(value, 6);
    });
  });

  it('leaves the rows of a table alone that a step does not touch, and empties the gradient of the others', () => {
    const [values, gradient] = [new Float64Array(6), Float64Array.of(1, 1, 1, 1, 1, 1)];
    const adam = new Adam();

    adam.beginStep();
    adam.moveRows(values, gradient, [0, 2], 2);

    expect([...values].map((value) => value < 0)).toEqual([true, true, false, false, true, true]);
    expect([...gradient]).toEqual([0, 0, 1, 1, 0, 0]);
  });

  it('goes on from what another one left as if it were that one', () => {
    const [one, other] = [Float64Array.of(3), Float64Array.of(3)];
    const whole = new Adam(0.1);
    let adam = new Adam(0.1);

    for (let step = 0; step < 6; step++) {
      whole.beginStep();
      whole.move(one, Float64Array.of(step - 2));
      adam = Adam.from(structuredClone(adam.memoryOf([other])), [other], 0.1);
      adam.beginStep();
      adam.move(other, Float64Array.of(step - 2));
    }

    expect(other).toEqual(one);
  });

  it('finds the lowest point of a bowl', () => {
    const values = Float64Array.of(3, -2);
    const adam = new Adam(0.05);

    for (let step = 0; step < 2_000; step++) {
      adam.beginStep();
      adam.move(values, Float64Array.of(2 * (values[0] - 1), 8 * (values[1] - 2)));
    }

    expect(values[0]).toBeCloseTo(1, 3);
    expect(values[1]).toBeCloseTo(2, 3);
  });
});
