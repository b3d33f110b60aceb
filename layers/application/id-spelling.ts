/** Ids that are a user's but for how they are written: systems that export people differ in letter case and spaces. */
import type { Shard } from '#domain/features/shard.ts';

/** An id that was given, and the user who is meant by it, as it seems. */
export interface SpelledAlike {
  readonly given: string;
  readonly user: string;
}

/** For each of the ids the user who is spelled alike but for letter case and outer space, the first in the order of texts. */
export function usersSpelledAlike(given: readonly string[], { ids }: Pick<Shard, 'ids'>): SpelledAlike[] {
  if (given.length === 0) return [];
  const users = new Map<string, string | undefined>(given.map((id) => [plain(id), undefined]));
  for (const user of ids) {
    const spelling = plain(user);
    if (!users.has(spelling)) continue;
    const known = users.get(spelling);
    if (known === undefined || user < known) users.set(spelling, user);
  }
  return given.flatMap((id) => {
    const user = users.get(plain(id));
    return user === undefined ? [] : [{ given: id, user }];
  });
}

/** Of each of the ids the first user, by the order of texts, whom any shard has found for it. */
export function firstSpelledAlike(ids: readonly string[], found: readonly SpelledAlike[]): SpelledAlike[] {
  const users = new Map<string, string>();
  for (const { given, user } of found) {
    const known = users.get(given);
    if (known === undefined || user < known) users.set(given, user);
  }
  return ids.flatMap((given) => {
    const user = users.get(given);
    return user === undefined ? [] : [{ given, user }];
  });
}

function plain(id: string): string {
  return id.trim().toLowerCase();
}
