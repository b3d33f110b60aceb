/** Ids that are a user's but for how they are written: systems that export people differ in letter case and spaces. */
import type { Shard } from '#domain/features/shard.ts';

/** For each of the ids the user who is spelled alike but for letter case and outer space, the first in the order of texts. */
export function usersSpelledAlike(ids: readonly string[], shards: readonly Shard[]): Map<string, string> {
  const users = new Map<string, string | undefined>(ids.map((id) => [plain(id), undefined]));
  if (users.size === 0) return new Map();
  for (const shard of shards) {
    for (const user of shard.ids) {
      const spelling = plain(user);
      if (!users.has(spelling)) continue;
      const known = users.get(spelling);
      if (known === undefined || user < known) users.set(spelling, user);
    }
  }
  return new Map(
    ids.flatMap((id) => {
      const user = users.get(plain(id));
      return user === undefined ? [] : [[id, user] as const];
    }),
  );
}

function plain(id: string): string {
  return id.trim().toLowerCase();
}
