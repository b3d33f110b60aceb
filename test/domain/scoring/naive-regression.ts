/**
 * Logistic regression the slow obvious way: each positive and each other is a line written out in full, and Newton's method
 * finds the optimum.
 */
export interface Row {
  readonly has: readonly number[];
  /** By column; only those that the row has count. */
  readonly amounts: readonly number[];
  readonly factor: number;
  readonly positives: number;
  readonly others: number;
}

export interface Problem {
  readonly rows: readonly Row[];
  readonly columnFactors: readonly number[];
  readonly isWeighted: boolean;
  readonly strength: number;
}

export function sumOf({ rows }: Problem, kind: 'positives' | 'others'): number {
  return rows.reduce((sum, one) => sum + one[kind], 0);
}

/** One line for each positive and each other, written out in full with a 1 for the bias. */
function examplesOf({ rows, columnFactors, isWeighted }: Problem) {
  return rows.flatMap(({ has, amounts, factor, positives, others }) => {
    const x = columnFactors.map((own, f) => (has.includes(f) ? factor * own * (isWeighted ? amounts[f] : 1) : 0));
    return [
      { x: [...x, 1], y: 1, count: positives },
      { x: [...x, 1], y: -1, count: others },
    ];
  });
}

export function naiveObjective(problem: Problem): (w: ArrayLike<number>) => number {
  const examples = examplesOf(problem);
  return (w) => {
    const losses = examples.map(({ x, y, count }) => count * Math.log(1 + Math.exp(-y * dot(x, w))));
    return dot(Array.from(w), w) / 2 + problem.strength * losses.reduce((sum, loss) => sum + loss, 0);
  };
}

/** Newton's steps, each halved until it gains, for as long as one does. */
export function naiveOptimum(problem: Problem): Float64Array {
  const [examples, objective] = [examplesOf(problem), naiveObjective(problem)];
  let w = new Float64Array(problem.columnFactors.length + 1);
  for (let step = 0; step < 60; step++) {
    const gradient = [...w];
    const hessian = gradient.map((_, i) => gradient.map((__, j) => (i === j ? 1 : 0)));
    for (const { x, y, count } of examples) {
      const p = 1 / (1 + Math.exp(-dot(x, w)));
      x.forEach((a, i) => {
        gradient[i] += problem.strength * count * (p - (y + 1) / 2) * a;
        x.forEach((b, j) => {
          hessian[i][j] += problem.strength * count * p * (1 - p) * a * b;
        });
      });
    }
    const direction = solved(hessian, gradient);
    const next = [1, 0.5, 0.25, 0.125, 1 / 64].map((length) => w.map((x, i) => x - length * direction[i]));
    const better = next.find((one) => objective(one) < objective(w));
    if (!better) break;
    w = better;
  }
  return w;
}

/** By Gauss and Jordan: the matrix is positive definite. */
function solved(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const lines = matrix.map((line, i) => [...line, right[i]]);
  for (const [i, line] of lines.entries()) {
    for (const [j, other] of lines.entries()) {
      const factor = other[i] / line[i];
      if (i !== j) lines[j] = other.map((x, k) => x - factor * line[k]);
    }
  }
  return lines.map((line, i) => line[right.length] / line[i]);
}

function dot(left: readonly number[], right: ArrayLike<number>): number {
  return left.reduce((sum, x, i) => sum + x * right[i], 0);
}
