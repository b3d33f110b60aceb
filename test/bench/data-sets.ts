/** What to measure with: folders that hold `users.ndjson.gz` and `campaigns.ndjson.gz` (docs/datasets.md). */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface DataSet {
  readonly name: string;
  readonly users: string;
  readonly campaigns: string;
}

const SHIPPED = fileURLToPath(new URL('../../infra/cli/demo', import.meta.url));

/** The set that comes with akin, or every set in the folders below `folder`, by name. */
export function dataSetsIn(folder: string | undefined): DataSet[] {
  if (folder === undefined) return [dataSetAt(SHIPPED, 'msweb')];
  const sets = readdirSync(folder)
    .sort()
    .map((name) => dataSetAt(join(folder, name), basename(name)))
    .filter(({ users, campaigns }) => existsSync(users) && existsSync(campaigns));
  if (sets.length > 0) return sets;
  throw new Error(`expected folders with users.ndjson.gz and campaigns.ndjson.gz in ${folder}, found none`);
}

function dataSetAt(folder: string, name: string): DataSet {
  return { name, users: join(folder, 'users.ndjson.gz'), campaigns: join(folder, 'campaigns.ndjson.gz') };
}
