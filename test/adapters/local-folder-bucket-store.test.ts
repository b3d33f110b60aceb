import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localFolderBucketStore } from '#adapters/local-folder-bucket-store.ts';
import { localFolderObjectStore } from '#adapters/local-folder-object-store.ts';
import { Invalid } from '#application/errors.ts';
import type { BucketStore, ObjectStore } from '#application/ports.ts';
import { type BandIndex, signaturesOf, writeBandPages } from '#application/retrieval-index.ts';
import { type Candidate, candidatesFromBuckets } from '#application/retrieve-candidates.ts';
import { seededRandom } from '#domain/random.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import { groupedPeople, groupIds } from '../application/people.ts';
import { bucketStoreContract, pagesOf } from '../contracts/bucket-store.contract.ts';
import { shardOf } from '../contracts/shard-format.contract.ts';
import { damaged } from '../damage.ts';
import { temporaryFolder } from './temporary-folder.ts';

const storeIn = (folder: string): BucketStore => localFolderBucketStore(localFolderObjectStore(folder));

bucketStoreContract('local folder', () => storeIn(temporaryFolder()));

/** Gives these bytes, whatever is asked for: ten thousand damaged files need not be on the disk. */
function objectStoreOf(bytes: Uint8Array): ObjectStore {
  return { ...localFolderObjectStore('nowhere'), read: async () => bytes };
}

describe('local folder bucket store', () => {
  it('says in one sentence which file is missing, and what to do', async () => {
    await expect(storeIn(temporaryFolder()).read('index/people/1-0', [])).rejects.toThrow(
      'index/people/1-0.pages: expected the band pages of a shard, but it is not there; delete the population and ingest it again',
    );
  });

  it.each([
    ['nothing', () => new Uint8Array(0), 'the file is cut short'],
    ['zeros', () => new Uint8Array(100), 'its version is 0, not 1'],
    ['a later version', (sound: Uint8Array) => sound.with(0, 2), 'its version is 2, not 1'],
    ['a text', () => new TextEncoder().encode('band,prefix\n'.repeat(9)), 'its version is 98, not 1'],
    ['a head alone', (sound: Uint8Array) => sound.subarray(0, 40), 'the file is cut short'],
    ['a cut tail', (sound: Uint8Array) => sound.subarray(0, -1), 'the file is cut short'],
    ['another count of parts', (sound: Uint8Array) => sound.with(33, sound[33] - 1), 'its directory is damaged'],
    [
      'four billion parts',
      (sound: Uint8Array) => sound.map((byte, at) => (at > 32 && at < 37 ? 255 : byte)),
      'cut short',
    ],
  ])('refuses %s in the place of the pages', async (_, change, fault) => {
    const folder = temporaryFolder();
    const store = storeIn(folder);
    await store.write('index/people/1-0', pagesOf(50));
    const path = join(folder, 'index', 'people', '1-0.pages');
    writeFileSync(path, change(Uint8Array.from(readFileSync(path))));

    const read = store.read('index/people/1-0', [{ band: 0, prefix: 0 }]);

    await expect(read).rejects.toThrow(Invalid);
    await expect(read).rejects.toThrow(`index/people/1-0.pages: expected the band pages of a shard, but `);
    await expect(read).rejects.toThrow(fault);
  });

  it('gives no wrong candidate for any of 10,000 damaged files: they are refused by name, or do not matter', async () => {
    const folder = temporaryFolder();
    const shard = shardOf(groupedPeople(120));
    const signatures = signaturesOf(shard, 16);
    const banding = { bands: 8, rows: 2 };
    await writeBandPages(storeIn(folder), 'index/people/1-0', shard, signatures, 16, banding);
    const sound = Uint8Array.from(readFileSync(join(folder, 'index', 'people', '1-0.pages')));
    const roles = [assignRoles(shard, new Set(groupIds(12)), new Set())];
    const found = async (bytes: Uint8Array): Promise<readonly Candidate[]> => {
      const buckets = localFolderBucketStore(objectStoreOf(bytes));
      const index: BandIndex = { hashes: 16, banding, buckets, shards: [{ pages: 'index/people/1-0', prefixBits: 0 }] };
      return candidatesFromBuckets(index, [shard], roles, 'average', 50);
    };
    const plain = (candidates: readonly Candidate[]) => candidates.map(({ id, score }) => `${id} ${score}`).join();
    const answer = plain(await found(sound));
    const random = seededRandom(3);
    const outcomes = { refused: 0, same: 0 };

    for (let run = 0; run < 10_000; run++) {
      try {
        expect(plain(await found(damaged(sound, random)))).toBe(answer);
        outcomes.same++;
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        expect(error.message).toMatch(/^index\/people\/1-0/);
        outcomes.refused++;
      }
    }

    expect(answer.split(',').length).toBeGreaterThan(20);
    expect(outcomes.refused).toBeGreaterThan(9_900);
  });
});
