/** Ids that are a user's but for how they are written: systems that export people differ in letter case and spaces. */
import type { Shard } from '#domain/features/shard.ts';

/** An id that was given, and the user who is meant by it, as it seems. */
export interface SpelledAlike {
  readonly given: string;
  readonly user: string;
}

/** The given ids by what remains of them without letter case and outer space. */
export type Spellings = ReadonlyMap<string, readonly string[]>;

export function spellingsOf(given: readonly string[]): Spellings {
  return Map.groupBy(given, plain);
}

/** Each user of a shard with each of the given ids that differs by letter case and outer space alone. */
export function usersSpelledAlike(spellings: Spellings, { ids }: Pick<Shard, 'ids'>): SpelledAlike[] {
  return ids.flatMap((user) => {
    const alike = spellings.get(plain(user)) ?? [];
    return alike.filter((given) => given !== user).map((given) => ({ given, user }));
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
