import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { advantage, placesAmong, worthOf } from '#domain/evaluation/places.ts';

/** Few values, so that scores tie within and across. */
const anyScores = fc
  .array(fc.constantFrom(-Infinity, -1, -0, 0, 0.5, 2, 3, 1e30, Infinity), { maxLength: 30 })
  .map((scores) => Float32Array.from(scores));
const anyDistinct = fc
  .tuple(fc.uniqueArray(fc.integer({ min: -99, max: 99 }), { minLength: 1, maxLength: 40 }), fc.nat(39))
  .map(([scores, cut]) => [scores.slice(0, cut), scores.slice(cut)].map((part) => Float32Array.from(part)));
const anyPlaces = fc.array(fc.constantFrom(0, 0.1, 0.25, 0.5, 0.9, 1), { minLength: 2, maxLength: 20 });
const anyShare = fc.constantFrom(0, 0.1, 0.5, 1);

describe('places', () => {
  it('are the share of the others whom a seed ranks above', () => {
    const places = placesAmong(Float32Array.of(9, 2.5, 0, 3.5), Float32Array.of(4, 1, 3, 2));

    expect([...places]).toEqual([1, 0.5, 0, 0.75]);
  });

  it('spread seeds over the crowd that they stand in, from its middle on by the golden ratio', () => {
    // One in four is below, two are alike.
    const places = placesAmong(Float32Array.of(5, 5, 5), Float32Array.of(5, 1, 5, 8));

    const golden = (Math.sqrt(5) - 1) / 2;
    const within = [0.5, golden - 0.5, 2 * golden - 0.5];
    expect([...places]).toEqual(within.map((part) => expect.closeTo(0.25 + 0.5 * part, 12)));
  });

  test.prop([anyDistinct])('are what counting every pair gives where nobody ties', ([heldOut, others]) => {
    const counted = Array.from(heldOut, (score) => others.filter((other) => other < score).length / others.length);

    if (others.length > 0) expect([...placesAmong(heldOut, others)]).toEqual(counted);
  });

  test.prop([anyScores, anyScores])('lie between those of a seed below its crowd and above it', (heldOut, others) => {
    const places = placesAmong(heldOut, others);

    expect(places).toHaveLength(heldOut.length);
    places.forEach((place, s) => {
      const below = others.filter((other) => other < heldOut[s]).length;
      const upTo = others.filter((other) => other <= heldOut[s]).length;
      const [low, high] = others.length === 0 ? [0, 1] : [below / others.length, upTo / others.length];
      expect(place).toBeGreaterThanOrEqual(low);
      expect(place).toBeLessThanOrEqual(high);
    });
  });

  test.prop([anyScores, anyScores])('leave the scores, and any order of the others, as they are', (heldOut, others) => {
    const before = [heldOut.slice(), others.slice()];

    expect(placesAmong(heldOut, others.toReversed())).toEqual(placesAmong(heldOut, others));
    expect([heldOut, others]).toEqual(before);
  });

  // Measured: of up to 600 seeds the mean is right to 1/S, and what a cut finds to 2.3/S.
  it.each([1, 2, 3, 5, 10, 34, 100, 377, 600])(
    'of %i seeds in one crowd have it half below them, and any cut its share',
    (S) => {
      const places = placesAmong(new Float32Array(S), new Float32Array(7));

      expect(Math.abs(meanOf(places) - 0.5)).toBeLessThan(1 / S);
      for (let share = 0; share <= 1; share += 0.01) {
        const recall = places.filter((place) => place >= 1 - share).length / S;
        expect(Math.abs(recall - share)).toBeLessThan(2.4 / S);
      }
    },
  );

  it('fill all there is where there is nobody else', () => {
    const places = placesAmong(new Float32Array(100), new Float32Array(0));

    expect(meanOf(places)).toBeCloseTo(0.5, 1);
    expect([Math.min(...places) < 0.05, Math.max(...places) > 0.95]).toEqual([true, true]);
  });
});

describe('the worth of a place', () => {
  it.each([
    [0.3, 0.1, 0.3],
    [0.89, 0.1, 0.89],
    [0.9, 0.1, 1.9],
    [1, 0.1, 2],
    [1, 0, 2],
    [0, 1, 1],
  ])('%f among the best %f is %f', (place, share, worth) => {
    expect(worthOf(place, share)).toBeCloseTo(worth, 12);
  });
});

describe('the advantage of a ranking', () => {
  it('is what a hand computes', () => {
    // Worth .2, .5, 1.9 and .4 against .1, .6, .8 and .4: differences of .1, −.1, 1.1 and 0.
    const [first, second] = [Float64Array.of(0.2, 0.5, 0.9, 0.4), Float64Array.of(0.1, 0.6, 0.8, 0.4)];

    const variance = (0.175 ** 2 + 0.375 ** 2 + 0.825 ** 2 + 0.275 ** 2) / 3;
    expect(advantage(first, second, 0.1)).toBeCloseTo(0.275 / Math.sqrt(variance / 4), 9);
  });

  test.prop([anyPlaces, anyShare])('over itself is none', (places, share) => {
    expect(advantage(Float64Array.from(places), Float64Array.from(places), share)).toBe(0);
  });

  test.prop([anyPlaces, anyPlaces, anyShare])('is the disadvantage of the other', (left, right, share) => {
    const [first, second] = pairOf(left, right);

    const [there, back] = [advantage(first, second, share), advantage(second, first, share)];

    const worth = (places: Float64Array) => places.reduce((sum, place) => sum + worthOf(place, share), 0);
    const difference = worth(first) - worth(second);
    expect(there + back || 0).toBe(0);
    if (Math.abs(difference) > 1e-9) expect(Math.sign(there)).toBe(Math.sign(difference));
  });

  test.prop([anyPlaces, anyPlaces, anyShare])('grows as the root of how often it was seen', (left, right, share) => {
    const [first, second] = pairOf(left, right);
    const fourfold = (places: Float64Array) => Float64Array.of(...places, ...places, ...places, ...places);
    const once = advantage(first, second, share);
    fc.pre(Math.abs(once) < 1e6);

    const S = first.length;
    expect(advantage(fourfold(first), fourfold(second), share)).toBeCloseTo(once * Math.sqrt((4 * S - 1) / (S - 1)), 6);
  });

  it('is beyond measure where each seed is as much better, and none where a single one is or nobody', () => {
    const [better, worse] = [Float64Array.of(0.75, 0.75), Float64Array.of(0.5, 0.5)];

    expect(advantage(better, worse, 0)).toBe(Infinity);
    expect(advantage(better.subarray(1), worse.subarray(1), 0)).toBe(0);
    expect(advantage(new Float64Array(0), new Float64Array(0), 0.5)).toBe(0);
  });
});

function pairOf(left: readonly number[], right: readonly number[]): [Float64Array, Float64Array] {
  const S = Math.min(left.length, right.length);
  return [Float64Array.from(left.slice(0, S)), Float64Array.from(right.slice(0, S))];
}

function meanOf(places: Float64Array): number {
  return places.reduce((sum, place) => sum + place, 0) / places.length;
}
