/**
 * Made-up users with planted look-alikes, the same for the same numbers: as many as a bench asks for.
 *
 * Users belong to two of 200 latent topics each; a third of their features come from everybody's, the others from their
 * topics', all by Zipf's law, from a vocabulary of 40,000 in 20 fields. Who likes the campaign is drawn by how much of his
 * topics it is about; of those who do, half are seeds (10,000 at most), and the others are to be found.
 */
import { execFileSync } from 'node:child_process';
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { type Random, seededRandom } from '#domain/random.ts';

export interface SyntheticSet {
  readonly users: string;
  readonly seeds: string;
  /** Those who like the campaign and are no seeds. */
  readonly hidden: ReadonlySet<string>;
}

const [VOCABULARY, FIELDS, TOPICS, TOPIC_FEATURES] = [40_000, 20, 200, 1_500];
const MEAN_FEATURES = 50;
const COMMON_SHARE = 1 / 3;
const CAMPAIGN_TOPICS = 8;
/** The chance to like the campaign by how many of one's topics it is about. */
const LIKES = [0.02, 0.3, 0.8];
const MOST_SEEDS = 10_000;
const BLOCK_CHARACTERS = 1 << 18;

/** Made in a process of its own, so that whoever measures stays small. */
export function syntheticSet(folder: string, userCount: number): SyntheticSet {
  execFileSync(process.execPath, [fileURLToPath(import.meta.url), folder, String(userCount)], { stdio: 'inherit' });
  const { users, seeds, hidden } = filesIn(folder);
  return { users, seeds, hidden: new Set(readFileSync(hidden, 'utf8').split('\n')) };
}

function filesIn(folder: string) {
  return {
    users: join(folder, 'users.ndjson.gz'),
    seeds: join(folder, 'seeds.txt'),
    hidden: join(folder, 'hidden.txt'),
  };
}

/** Writes users (NDJSON, gzipped), seeds and those to be found into a folder. */
async function writeSet(folder: string, userCount: number): Promise<void> {
  const { users, seeds, hidden } = filesIn(folder);
  const liking: string[] = [];
  const lines = Readable.from(linesOf(userCount, liking), { objectMode: false });
  await pipeline(lines, createGzip(), createWriteStream(users));
  const seedCount = Math.min(MOST_SEEDS, liking.length >> 1);
  // Who likes it was drawn without regard to the order: the first are as good as any.
  writeFileSync(seeds, liking.slice(0, seedCount).join('\n'));
  writeFileSync(hidden, liking.slice(seedCount).join('\n'));
}

function* linesOf(userCount: number, liking: string[]): Generator<string> {
  const random = seededRandom(1);
  const common = zipf(VOCABULARY);
  const within = zipf(TOPIC_FEATURES);
  const topics = Array.from({ length: TOPICS }, () =>
    Uint32Array.from({ length: TOPIC_FEATURES }, () => Math.floor(random() * VOCABULARY)),
  );
  let block = '';
  for (let u = 0; u < userCount; u++) {
    const own = [Math.floor(random() * TOPICS), Math.floor(random() * TOPICS)];
    const id = `u${u}`;
    const about = own.filter((topic) => topic < CAMPAIGN_TOPICS).length;
    if (random() < LIKES[about]) liking.push(id);
    const features = new Set<number>();
    const count = Math.max(1, Math.round(MEAN_FEATURES * (0.5 + random())));
    for (let n = 0; n < count; n++) {
      const isCommon = random() < COMMON_SHARE;
      features.add(isCommon ? draw(common, random) : topics[own[n % 2]][draw(within, random)]);
    }
    block += `{"id":"${id}","features":[${Array.from(features, (f) => `"f${f % FIELDS}:${f}"`).join(',')}]}\n`;
    if (block.length < BLOCK_CHARACTERS) continue;
    yield block;
    block = '';
  }
  yield block;
}

/** Zipf's law as sums of shares. */
function zipf(count: number): Float64Array {
  const sums = new Float64Array(count);
  for (let rank = 0; rank < count; rank++) sums[rank] = (rank > 0 ? sums[rank - 1] : 0) + 1 / (rank + 1);
  return sums.map((sum) => sum / sums[count - 1]);
}

/** A rank by such sums: the first that reaches a random number. */
function draw(sums: Float64Array, random: Random): number {
  const at = random();
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

if (import.meta.main) await writeSet(process.argv[2], Number(process.argv[3]));
