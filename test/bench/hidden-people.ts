/** How well a list of people finds those who were hidden. */

/** The ids of an audience's CSV, the best first. */
export function membersOf(csv: string): string[] {
  return csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[1]);
}

/** The AUC of the hidden among all others, of a list that holds everybody. */
export function areaUnderCurve(csv: string, hidden: ReadonlySet<string>): number {
  const members = membersOf(csv);
  let [found, above] = [0, 0];
  for (const id of members) {
    if (hidden.has(id)) found++;
    else above += found;
  }
  return above / (found * (members.length - found));
}
