/** Users one by one as rows of them, and back. */
import { GrowingRows } from '#domain/features/growing-rows.ts';
import { type User, type UserRows, userAt } from '#domain/features/shard.ts';

/** All of them at once; those of no weight lose the feature. */
export async function* rowsOf(users: Iterable<User>): AsyncGenerator<UserRows> {
  const rows = new GrowingRows();
  for (const user of users) rows.add(user);
  yield rows;
}

/** Users as the rows have them: with weights only where one of theirs is not 1. */
export function usersOfRows(tables: readonly UserRows[]): User[] {
  return tables.flatMap((rows) => rows.ids.map((_, u) => withoutOnes(userAt(rows, u))));
}

/** A user as rows can have it: weights as float32, none of them 0, and only where one is not 1. */
export function asInRows({ id, features, weights = features.map(() => 1) }: User): User {
  const stored = weights.map(Math.fround);
  return withoutOnes({
    id,
    features: features.filter((_, at) => stored[at] !== 0),
    weights: stored.filter((weight) => weight !== 0),
  });
}

function withoutOnes({ id, features, weights }: User): User {
  return weights?.some((weight) => weight !== 1) ? { id, features, weights } : { id, features };
}
