import { gzipSync } from 'node:zlib';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { dynamodbCatalog } from '#adapters/dynamodb-catalog.ts';
import { Invalid } from '#application/errors.ts';
import type { Manifest } from '#application/manifest.ts';
import { seededRandom } from '#domain/random.ts';
import { catalogContract, manifestAt } from '../contracts/catalog.contract.ts';
import { emulated, ownTable, startLocalAws } from './aws-emulators.ts';
import { losingFirstAnswer } from './tampered-client.ts';

const url = emulated(startLocalAws);

catalogContract('DynamoDB, of the local stack', () => {
  const { table, open } = ownTable(url);
  return dynamodbCatalog(table, open);
});

/** As large as it gets: every shard has its points, its pages and its graph. */
function manifestOf(population: string, shards: number): Manifest {
  const random = seededRandom(shards);
  const sha256 = () => Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join('');
  const bytes = () => 1 + Math.floor(random() * 2 ** 30);
  return {
    ...manifestAt(1, population),
    shards: Array.from({ length: shards }, (_, s) => {
      const pages = `index/${population}/00000001-abcdef12-${s}`;
      return {
        name: `${pages}.arrow`,
        users: 250_000,
        bytes: bytes(),
        sha256: sha256(),
        index: {
          points: { name: `${pages}.points.arrow`, bytes: bytes(), sha256: sha256() },
          pages,
          pageBytes: bytes(),
          prefixBits: 10,
          neighbors: { name: `${pages}.hnsw.bin`, bytes: bytes(), sha256: sha256() },
        },
      };
    }),
  };
}

describe('DynamoDB catalog', () => {
  it('has room for a population of a hundred million users, in 400 shards, five times over', async () => {
    const { table, open } = ownTable(url);
    const catalog = dynamodbCatalog(table, open);

    await catalog.publish(manifestOf('people', 2_000));

    expect(await catalog.manifest('people')).toEqual(manifestOf('people', 2_000));
  });

  it('refuses a manifest that fits no item, saying what to do, and nothing has changed', async () => {
    const { table, open } = ownTable(url);
    const catalog = dynamodbCatalog(table, open);

    const publish = catalog.publish(manifestOf('people', 4_000));

    await expect(publish).rejects.toThrow(Invalid);
    await expect(publish).rejects.toThrow(
      /^expected a manifest of "people" of at most 400000 bytes, gzipped, got \d+ for 4000 shards; put more users into each shard$/,
    );
    expect(await catalog.populations()).toEqual([]);
  });

  it('lists populations whose manifests are more than one answer holds', async () => {
    const { table, open } = ownTable(url);
    const catalog = dynamodbCatalog(table, open);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of names) await catalog.publish(manifestOf(name, 2_000));

    expect(await catalog.populations()).toEqual(names);
  });

  it('is no rival of its own where the answer to a publication was lost and the SDK sent it again', async () => {
    const { table, openAnother } = ownTable(url);
    const catalog = dynamodbCatalog(table, losingFirstAnswer(openAnother, 'PutItemCommand'));

    await catalog.publish(manifestAt(1));

    expect(await catalog.manifest('people')).toEqual(manifestAt(1));
  });

  it.each([
    ['is not gzipped', Uint8Array.of(1, 2, 3), 'expected gzipped JSON'],
    ['is no JSON', gzipSync('{"formatVersion":1,'), 'expected JSON'],
    ['has no seal', gzipSync(JSON.stringify(manifestAt(1))), 'it is not what was written'],
    [
      'has the seal of another one',
      gzipSync(JSON.stringify({ ...manifestAt(1), sha256: '0'.repeat(64) })),
      'it is not what was written',
    ],
  ])('refuses a manifest that %s', async (_, bytes, fault) => {
    const { table, open } = ownTable(url);
    const Item = { pk: { S: 'populations' }, sk: { S: 'people' }, generation: { N: '1' }, manifest: { B: bytes } };
    await (await open()).send(new PutItemCommand({ TableName: table, Item }));

    const read = dynamodbCatalog(table, open).manifest('people');

    await expect(read).rejects.toThrow(Invalid);
    await expect(read).rejects.toThrow(`${table}/populations/people: the manifest is damaged: ${fault}`);
  });

  it('says in one sentence that there is no such table', async () => {
    const catalog = dynamodbCatalog('no-such-table', ownTable(url).openAnother);

    for (const attempt of [
      () => catalog.populations(),
      () => catalog.manifest('people'),
      () => catalog.publish(manifestAt(1)),
      () => catalog.remove('people'),
    ]) {
      await expect(attempt()).rejects.toThrow(Invalid);
      await expect(attempt()).rejects.toThrow('expected the table no-such-table, found none of that name');
    }
  });
});
