/** Files named on the command line, as the use cases want them. */

import { readIds } from '#adapters/formats/id-file.ts';
import { type InputFile, openInput, sizeOfFile } from '#adapters/formats/input-file.ts';
import { readUsers } from '#adapters/formats/user-file.ts';
import type { Casting } from '#application/cast.ts';
import type { IdList } from '#application/id-list.ts';
import type { Population } from '#application/population.ts';
import type { Watch } from '#application/ports.ts';
import type { UserRows } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { localSettings } from './local-ports.ts';

/** The users of all files, one file after the other; `opened` receives each file when it was read to its end. */
export async function* usersOf(
  paths: readonly string[],
  watch: Watch,
  opened: (file: InputFile) => void = () => {},
): AsyncGenerator<UserRows> {
  const total = paths.reduce((sum, path) => sum + sizeOfFile(path), 0);
  let before = 0;
  for (const path of paths) {
    const start = before;
    const file = await openInput(path, (bytes) => {
      before = start + bytes;
      watch('read the users', before, total);
    });
    yield* readUsers(file);
    opened(file);
  }
}

/** Users as a population of this moment, never stored. */
export async function transientPopulation(
  paths: readonly string[],
  watch: Watch,
): Promise<{ population: Population; duplicates: number }> {
  const builder = new ShardBuilder();
  const sha256: string[] = [];
  for await (const rows of usersOf(paths, watch, (file) => sha256.push(file.sha256()))) builder.addRows(rows);
  const shards = builder.build(localSettings().maxShardUsers);
  return { population: { name: 'users', generation: 0, shards, sha256 }, duplicates: builder.duplicateCount };
}

export async function idsOf(path: string): Promise<IdList> {
  return readIds(await openInput(path));
}

export function allIdsOf(paths: readonly string[]): Promise<IdList[]> {
  return Promise.all(paths.map(idsOf));
}

/** The people beside the seeds that a ranking is told of. */
export async function furtherPeople({
  exposed,
  unlike,
}: {
  readonly exposed?: string | undefined;
  readonly unlike?: string | undefined;
}): Promise<Pick<Casting, 'exposed' | 'unlike'>> {
  return {
    exposed: exposed === undefined ? undefined : await idsOf(exposed),
    unlike: unlike === undefined ? undefined : await idsOf(unlike),
  };
}
