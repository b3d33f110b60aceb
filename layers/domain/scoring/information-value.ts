/**
 * Information value: how much having a feature tells a seed from the background.
 *
 * Reference: Ma, Wagh, Wen, Xia, Ormandi, Chen, "Score Look-Alike Audiences", 2016; Ma et al., PMLR 53, 2016.
 * Shapes:    counts are users with the feature, among the seeds and among the background.
 * n.b.       IV itself is never negative, so it cannot tell a positive feature from a negative one: `isPositive` does.
 */

/** `positive`: more frequent among the seeds. `half`: the paper's variant, and had by more than half of the seeds. */
export type PositiveFilter = 'positive' | 'half';

/** (p − q) · ln[p(1−q) / ((1−p)q)] with both shares smoothed by ½ in 1, so that shares of 0 and 1 stay finite. */
export function informationValue(seedsWith: number, seedCount: number, othersWith: number, otherCount: number): number {
  const p = (seedsWith + 0.5) / (seedCount + 1);
  const q = (othersWith + 0.5) / (otherCount + 1);
  return (p - q) * Math.log((p * (1 - q)) / ((1 - p) * q));
}

/** By the raw shares: smoothed ones would make features that no seed has look positive. */
export function isPositive(
  filter: PositiveFilter,
  seedsWith: number,
  seedCount: number,
  othersWith: number,
  otherCount: number,
): boolean {
  const p = seedCount > 0 ? seedsWith / seedCount : 0;
  const q = otherCount > 0 ? othersWith / otherCount : 0;
  return p > q && (filter === 'positive' || p > 0.5);
}
