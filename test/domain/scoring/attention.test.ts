import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#domain/random.ts';
import {
  type AttentionWeights,
  attendedOf,
  clusterParts,
  preciseAttentionScores,
  prepareAudience,
} from '#domain/scoring/attention.ts';

type Vector = readonly number[];

/** Some clusters and some users of a few dimensions, in halves, so that vectors are equal, opposite or zero at times. */
const anyScene = fc.integer({ min: 1, max: 5 }).chain((D) => {
  const half = fc.integer({ min: -4, max: 4 }).map((x) => x / 2);
  const coordinate = fc.oneof(
    half,
    fc.integer({ min: -1e6, max: 1e6 }).map((x) => x / 1e6),
  );
  const vector = fc.array(coordinate, { minLength: D, maxLength: D });
  return fc.record({
    centroids: fc.array(vector, { maxLength: 8 }),
    users: fc.array(vector, { minLength: 1, maxLength: 6 }),
  });
});

describe('attention', () => {
  it('is what a hand computes', () => {
    const [near, far] = [Math.exp(Math.tanh(1)), Math.exp(Math.tanh(0))];

    const [score] = scoresOf(
      [
        [1, 0],
        [0, 1],
      ],
      [[1, 0]],
    );

    // The mean of the centroids is half a right angle away; the local mean leans towards the user.
    const local = near / Math.hypot(near, far);
    expect(score).toBeCloseTo(0.3 * Math.SQRT1_2 + 0.7 * local, 6);
  });

  test.prop([anyScene])(
    'is, by its fast algebra, what the vectors written out give, to 10⁻⁶',
    ({ centroids, users }) => {
      const scores = scoresOf(centroids, users);

      users.forEach((user, u) => {
        const expected = naiveScore(user, centroids);
        if (expected !== undefined) expect(Math.abs(scores[u] - expected)).toBeLessThan(1e-6);
      });
    },
  );

  test.prop([anyScene])('knows its two parts, and the centroid of the greatest cosine', ({ centroids, users }) => {
    const scores = scoresOf(centroids, users);

    users.forEach((user, u) => {
      const attended = attendedOf(audienceOf(centroids), flat(users), u);
      expect(attended === undefined).toBe(centroids.length === 0 || user.every((x) => x === 0));
      if (!attended) return;
      const { nearest, global, local } = attended;
      expect(global + local).toBeCloseTo(scores[u], 5);
      const mean = user.map((_, d) => centroids.reduce((sum, centroid) => sum + centroid[d], 0) / centroids.length);
      const toMean = cosine(user, mean);
      if (toMean !== undefined) expect(global).toBeCloseTo(0.3 * toMean, 5);
      const cosines = centroids.map((centroid) => cosine(user, centroid));
      const known = cosines.filter((x) => x !== undefined);
      if (known.length === cosines.length) expect(cosines[nearest]).toBeCloseTo(Math.max(...known), 6);
    });
  });

  test.prop([anyScene])('is finite for any centroids and users', ({ centroids, users }) => {
    expect(scoresOf(centroids, users).every(Number.isFinite)).toBe(true);
  });

  test.prop([anyScene])('is the sum of what each cluster adds', ({ centroids, users }) => {
    const scores = scoresOf(centroids, users);

    scores.forEach((score, u) => {
      const parts = clusterParts(audienceOf(centroids), flat(users), u);
      expect(parts).toHaveLength(centroids.length);
      expect(Math.fround(parts.reduce((sum, part) => sum + part, 0))).toBe(score);
    });
  });

  test.prop([anyScene])('lies between −1 and 1, for it is a mean of two cosines', ({ centroids, users }) => {
    expect(scoresOf(centroids, users).every((score) => Math.abs(score) <= 1 + 1e-6)).toBe(true);
  });

  test.prop([anyScene])('to one centroid alone is the cosine with it', ({ centroids, users }) => {
    for (const centroid of centroids) {
      const scores = scoresOf([centroid], users);

      users.forEach((user, u) => {
        const lengths = norm(user) * norm(centroid);
        expect(scores[u]).toBeCloseTo(lengths === 0 ? 0 : dot(user, centroid) / lengths, 6);
      });
    }
  });

  it('scores the given rows in the given order', () => {
    const centroids = [
      [1, 0],
      [0.5, 0.5],
    ];
    const users = [
      [1, 0],
      [0, 1],
      [-1, 0],
    ];
    const all = scoresOf(centroids, users);

    const chosen = preciseAttentionScores(audienceOf(centroids), flat(users), Uint32Array.of(2, 0, 2));

    expect([...chosen]).toEqual([all[2], all[0], all[2]]);
  });

  it('is 0 for the zero vector, and for everybody where there are no clusters', () => {
    expect([
      ...scoresOf(
        [
          [1, 0],
          [0, 1],
        ],
        [[0, 0]],
      ),
    ]).toEqual([0]);
    expect([
      ...scoresOf(
        [],
        [
          [1, 0],
          [0, 0],
        ],
      ),
    ]).toEqual([0, 0]);
  });

  it('stays finite where centroids cancel', () => {
    const scores = scoresOf(
      [
        [1, 0],
        [-1, 0],
      ],
      [
        [1, 0],
        [0, 1],
        [0.6, 0.8],
      ],
    );

    // There is no mean to be near to, so the local part is all: 0.7 times the sign of the leaning.
    expect(scores[0]).toBeCloseTo(0.7, 6);
    expect(scores[1]).toBe(0);
    expect(scores[2]).toBeCloseTo(0.7 * 0.6, 6);
    expect(
      scoresOf(
        [
          [0.1, 0.2],
          [0.2, 0.1],
          [-0.3, -0.3],
        ],
        [[0.5, 0.5]],
      ).every(Number.isFinite),
    ).toBe(true);
  });

  it('prefers one who is like a cluster to one who is like nobody but their average', () => {
    const centroids = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];

    const [member, average] = scoresOf([...centroids], [[1, 0, 0], [-1, 1, 1].map((x) => x / Math.sqrt(3))]);

    expect(member).toBeGreaterThan(average);
  });

  test.prop([anyScene, fc.integer({ min: 1, max: 4 })])(
    'does not depend on the order of the clusters',
    ({ centroids, users }, turn) => {
      const turned = [...centroids.slice(turn), ...centroids.slice(0, turn)];
      const sound = users.map((user) => naiveScore(user, centroids) !== undefined);

      const scores = scoresOf(turned, users);

      scoresOf(centroids, users).forEach((score, u) => {
        if (sound[u]) expect(Math.abs(scores[u] - score)).toBeLessThan(1e-6);
      });
    },
  );
});

describe('scores of many users', () => {
  const [D, C, U] = [7, 5, 600];
  const random = seededRandom(29);
  const drawn = (length: number) => Float64Array.from({ length }, () => 2 * random() - 1);
  const scorer: AttentionWeights = {
    dimensions: D,
    outputs: 6,
    layer: drawn(6 * D),
    layerBias: drawn(6),
    slope: Float64Array.of(0.25),
    local: drawn(36),
    global: drawn(36),
    globalQuery: drawn(6),
  };
  const vectors = Float32Array.from(drawn(U * D));
  vectors.fill(0, 300 * D, 301 * D);
  const all = Uint32Array.from({ length: U }, (_, u) => u);

  it.each([
    ['untrained', undefined],
    ['trained', scorer],
  ])('are the same to the bit, however the users are cut and ordered: %s', (_, weights) => {
    const audience = prepareAudience(drawn(C * D), D, weights);
    const scores = preciseAttentionScores(audience, vectors, all);

    const cuts = [1, 2, 255, 256, 257, 511].map((cut) => [
      ...preciseAttentionScores(audience, vectors, all.subarray(0, cut)),
      ...preciseAttentionScores(audience, vectors, all.subarray(cut)),
    ]);

    for (const cut of cuts) expect(cut).toEqual([...scores]);
    expect([...preciseAttentionScores(audience, vectors, all.toReversed())]).toEqual([...scores].reverse());
    all.forEach((u) => {
      expect(Math.fround(clusterParts(audience, vectors, u).reduce((sum, part) => sum + part, 0))).toBe(scores[u]);
    });
    expect(scores[300]).toBe(0);
  });
});

describe('an audience, once and for all its users', () => {
  test.prop([anyScene])('knows the products of its centroids and the length of their mean', ({ centroids }) => {
    const { gram, globalNorm } = audienceOf(centroids);

    const C = centroids.length;
    centroids.forEach((left, i) => {
      centroids.forEach((right, j) => {
        expect(gram[i * C + j]).toBeCloseTo(dot(left, right), 9);
      });
    });
    expect(gram).toHaveLength(C * C);
    const length = C === 0 ? 0 : norm(meanOf(centroids));
    // Where centroids cancel, the root of what rounding leaves.
    if (length > 1e-4) expect(globalNorm).toBeCloseTo(length, 9);
    else expect(globalNorm).toBeLessThan(1e-3);
  });
});

/** The untrained form with every vector built; undefined where one has no length, so that there is no cosine. */
function naiveScore(given: Vector, centroids: readonly Vector[]): number | undefined {
  const user = given.map(Math.fround);
  if (norm(user) === 0 || centroids.length === 0) return 0;
  const exponentials = centroids.map((centroid) => Math.exp(Math.tanh(dot(centroid, user))));
  const sum = exponentials.reduce((total, x) => total + x, 0);
  const local = weightedMean(
    centroids,
    exponentials.map((x) => x / sum),
  );
  const cosines = [cosine(user, local), cosine(user, meanOf(centroids))];
  return cosines[0] === undefined || cosines[1] === undefined ? undefined : 0.7 * cosines[0] + 0.3 * cosines[1];
}

/** Undefined where a vector is so short that only rounding may be left of it. */
function cosine(left: Vector, right: Vector): number | undefined {
  const lengths = norm(left) * norm(right);
  return Math.min(norm(left), norm(right)) < 1e-4 ? undefined : dot(left, right) / lengths;
}

function weightedMean(vectors: readonly Vector[], weights: readonly number[]): Vector {
  return vectors[0].map((_, d) => vectors.reduce((sum, vector, v) => sum + weights[v] * vector[d], 0));
}

function meanOf(vectors: readonly Vector[]): Vector {
  return weightedMean(
    vectors,
    vectors.map(() => 1 / vectors.length),
  );
}

function dot(left: Vector, right: Vector): number {
  return left.reduce((sum, x, d) => sum + x * right[d], 0);
}

function norm(vector: Vector): number {
  return Math.sqrt(dot(vector, vector));
}

function audienceOf(centroids: readonly Vector[]) {
  return prepareAudience(Float64Array.from(centroids.flat()), centroids[0]?.length ?? 1);
}

function scoresOf(centroids: readonly Vector[], users: readonly Vector[]): Float32Array {
  const { dimensions, ...audience } = audienceOf(centroids);
  const D = centroids.length === 0 ? users[0].length : dimensions;
  return preciseAttentionScores({ ...audience, dimensions: D }, flat(users), Uint32Array.from(users.keys()));
}

function flat(users: readonly Vector[]): Float32Array {
  return Float32Array.from(users.flat());
}
