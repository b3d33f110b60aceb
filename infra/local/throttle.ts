/** A token bucket, as API Gateway throttles with: so many requests a second in the long run, so many at once. */
export class Throttle {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  #tokens: number;
  #seen: number;

  /** `now` is in milliseconds. */
  constructor(perSecond: number, burst: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#now = now;
    this.#tokens = burst;
    this.#seen = now();
  }

  /** Whether one more request may pass. */
  passes(): boolean {
    const now = this.#now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#seen) / 1_000) * this.#perSecond);
    this.#seen = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
