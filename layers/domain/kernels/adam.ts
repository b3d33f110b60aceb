/**
 * Steps against a gradient, each parameter at a pace of its own.
 *
 * Reference: D. Kingma, J. Ba, "Adam", 2015, algorithm 1. Rows that a step does not touch stay where they are, as do their
 *            moments ("lazy" Adam): of a table of features, a batch sees few.
 * Shapes:    values, gradient and both moments (n); of a table (R×D).
 */
import type { Numbers } from './numbers.ts';

/** The paper's. */
export const LEARNING_RATE = 0.001;
const FIRST_DECAY = 0.9;
const SECOND_DECAY = 0.999;
const LEAST_DEVIATION = 1e-8;

interface Moments {
  readonly first: Float64Array;
  readonly second: Float64Array;
}

/** What the steps so far have left, as plain data: the moments of each tensor, in an order of the caller's. */
export interface AdamMemory {
  readonly steps: number;
  readonly moments: readonly Moments[];
}

export class Adam {
  readonly #rate: number;
  readonly #moments = new Map<Numbers, Moments>();
  #steps = 0;
  #pace = 0;

  constructor(rate = LEARNING_RATE) {
    this.#rate = rate;
  }

  /** Goes on from where another one was with these tensors. */
  static from({ steps, moments }: AdamMemory, tensors: readonly Numbers[], rate = LEARNING_RATE): Adam {
    const adam = new Adam(rate);
    adam.#steps = steps;
    tensors.forEach((values, t) => {
      if (moments[t]) adam.#moments.set(values, structuredClone(moments[t]));
    });
    return adam;
  }

  memoryOf(tensors: readonly Numbers[]): AdamMemory {
    return { steps: this.#steps, moments: tensors.map((values) => this.#momentsOf(values)) };
  }

  /** Once before the tensors of a batch are moved. */
  beginStep(): void {
    this.#steps++;
    this.#pace = (this.#rate * Math.sqrt(1 - SECOND_DECAY ** this.#steps)) / (1 - FIRST_DECAY ** this.#steps);
  }

  /** Moves values against their gradient, which is then 0 again. */
  move(values: Numbers, gradient: Numbers): void {
    this.#moveRange(values, gradient, this.#momentsOf(values), 0, values.length);
  }

  /** The same for some rows of a table (R×D). */
  moveRows(values: Numbers, gradient: Numbers, rows: Iterable<number>, D: number): void {
    const moments = this.#momentsOf(values);
    for (const row of rows) this.#moveRange(values, gradient, moments, row * D, row * D + D);
  }

  #moveRange(values: Numbers, gradient: Numbers, { first, second }: Moments, start: number, end: number): void {
    const pace = this.#pace;
    for (let at = start; at < end; at++) {
      first[at] += (1 - FIRST_DECAY) * (gradient[at] - first[at]);
      second[at] += (1 - SECOND_DECAY) * (gradient[at] * gradient[at] - second[at]);
      values[at] -= (pace * first[at]) / (Math.sqrt(second[at]) + LEAST_DEVIATION);
      gradient[at] = 0;
    }
  }

  #momentsOf(values: Numbers): Moments {
    const known = this.#moments.get(values);
    if (known) return known;
    const moments = { first: new Float64Array(values.length), second: new Float64Array(values.length) };
    this.#moments.set(values, moments);
    return moments;
  }
}
