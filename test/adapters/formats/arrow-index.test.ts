import { fc, test } from '@fast-check/vitest';
import { columnFromArray, float64, tableFromArrays, tableFromColumns, tableToIPC, utf8 } from '@uwdata/flechette';
import { type Table, Type, tableFromIPC, Vector } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { arrowIndexFormat } from '#adapters/formats/arrow-index.ts';
import { Invalid } from '#application/errors.ts';
import type { Points } from '#application/ports.ts';
import { fitEmbedding, signaturesOf } from '#application/retrieval-index.ts';
import { embedUsers } from '#domain/embedding/truncated-svd.ts';
import type { EmbeddingModel } from '#domain/features/embedding.ts';
import { userAt } from '#domain/features/shard.ts';
import { emptySite, groupedPeople, ingested, opened, SETTINGS, type Site } from '../../application/people.ts';

const float = fc.float({ noNaN: true, noDefaultInfinity: true });
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 });

const anyPoints = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 8 }))
  .chain(([users, D, H]) =>
    fc.record({
      ids: fc.uniqueArray(text, { minLength: users, maxLength: users }),
      points: fc.record({
        dimensions: fc.constant(D),
        vectors: fc.array(float, { minLength: users * D, maxLength: users * D }).map((x) => Float32Array.from(x)),
        lengths: fc.array(float, { minLength: users, maxLength: users }).map((x) => Float32Array.from(x)),
        signatures: fc
          .array(fc.nat(0xffff), { minLength: users * H, maxLength: users * H })
          .map((x) => Uint16Array.from(x)),
      }),
    }),
  );

const anyModel: fc.Arbitrary<EmbeddingModel> = fc
  .tuple(fc.uniqueArray(text, { maxLength: 6 }), fc.integer({ min: 1, max: 4 }))
  .chain(([features, D]) => {
    const numbers = (length: number) =>
      fc
        .array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: length, maxLength: length })
        .map((x) => Float64Array.from(x));
    return fc.record({
      dimensions: fc.constant(D),
      idf: fc.record({ features: fc.constant(features), values: numbers(features.length) }),
      loadings: numbers(features.length * D),
    });
  });

const nobody: Points = {
  dimensions: 3,
  vectors: new Float32Array(0),
  lengths: new Float32Array(0),
  signatures: new Uint16Array(0),
};
const somebody: Points = {
  dimensions: 2,
  vectors: Float32Array.of(0.6, 0.8, 0, 0),
  lengths: Float32Array.of(0.5, 0),
  signatures: Uint16Array.of(1, 2, 3, 65_535, 65_535, 65_535),
};
const model: EmbeddingModel = {
  dimensions: 2,
  idf: { features: ['a', '\ufeffb'], values: Float64Array.of(1.5, 0) },
  loadings: Float64Array.of(0.1, 0.2, 0.3, 0.4),
};

describe('points in Arrow', () => {
  test.prop([anyPoints], {
    seed: 1,
    examples: [
      [
        {
          ids: ['one'],
          points: {
            ...somebody,
            dimensions: 2,
            vectors: Float32Array.of(1, 0),
            lengths: Float32Array.of(1),
            signatures: Uint16Array.of(7),
          },
        },
      ],
    ],
  })('come back as they were', ({ ids, points }) => {
    const bytes = arrowIndexFormat.encodePoints(ids, points);

    expect(arrowIndexFormat.decodePoints(bytes, 'points')).toEqual(points);
    expect(arrowIndexFormat.decodePointIds(bytes, 'points')).toEqual(ids);
  });

  it('come back where there is nobody', () => {
    const bytes = arrowIndexFormat.encodePoints([], nobody);

    expect(arrowIndexFormat.decodePoints(bytes, 'points')).toEqual(nobody);
    expect(arrowIndexFormat.decodePointIds(bytes, 'points')).toEqual([]);
  });

  it('are read from bytes that lie anywhere in memory', () => {
    const bytes = arrowIndexFormat.encodePoints(['u1', 'u2'], somebody);
    const shifted = new Uint8Array(bytes.length + 5);
    shifted.set(bytes, 5);

    expect(arrowIndexFormat.decodePoints(shifted.subarray(5), 'points')).toEqual(somebody);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['a text', new TextEncoder().encode('id,embedding\n')],
    ['a model', arrowIndexFormat.encodeModel(model)],
    ['a table of other columns', tableToIPC(tableFromArrays({ id: ['u1'] }), { format: 'file' })],
    [
      'an embedding of lists of any length',
      tableToIPC(tableFromArrays({ embedding: [[1, 2], [3]], length: [1, 2], signature: [[1], [2]] }), {
        format: 'file',
      }),
    ],
  ])('are refused by name where they are %s', (_, bytes) => {
    const decode = () => arrowIndexFormat.decodePoints(bytes ?? new Uint8Array(0), 'index/people/1-0.points.arrow');

    expect(decode).toThrow(Invalid);
    expect(decode).toThrow('index/people/1-0.points.arrow: expected points in Arrow format, got something else');
  });
});

describe('models in Arrow', () => {
  test.prop([anyModel], {
    seed: 2,
    examples: [
      [{ dimensions: 1, idf: { features: [], values: new Float64Array(0) }, loadings: new Float64Array(0) }],
      [model],
    ],
  })('come back as they were', (any) => {
    expect(arrowIndexFormat.decodeModel(arrowIndexFormat.encodeModel(any), 'model')).toEqual(any);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['points', arrowIndexFormat.encodePoints(['u1', 'u2'], somebody)],
    [
      'numbers under other names',
      tableToIPC(tableFromColumns({ feature: columnFromArray(['a'], utf8()), idf: columnFromArray([1], float64()) }), {
        format: 'file',
      }),
    ],
  ])('are refused by name where they are %s', (_, bytes) => {
    const decode = () => arrowIndexFormat.decodeModel(bytes ?? new Uint8Array(0), 'index/people/1.model.arrow');

    expect(decode).toThrow(Invalid);
    expect(decode).toThrow(
      'index/people/1.model.arrow: expected an embedding model in Arrow format, got something else',
    );
  });
});

/** A file of the store, opened by Apache's own library, which shares no code with the one that wrote it. */
async function tableOf({ ports }: Site, name: string | undefined): Promise<Table> {
  return tableFromIPC((await ports.objects.read(name ?? '')) ?? new Uint8Array(0));
}

/** One cell as plain values. */
function cellOf(table: Table, name: string, row: number): unknown {
  const value: unknown = table.getChild(name)?.get(row);
  return value instanceof Vector ? [...value] : value;
}

describe('an independent Arrow reader', () => {
  const settings = { ...SETTINGS, maxShardUsers: 150 };

  it('sees in a shard who has which features, how much', async () => {
    const site = emptySite();
    await ingested(site, groupedPeople(300), { settings });
    const { shards, manifest } = await opened(site);

    for (const [s, shard] of shards.entries()) {
      const table = await tableOf(site, manifest?.shards[s].name);
      const users = Array.from(shard.ids, (_, row) => ({
        id: cellOf(table, 'id', row),
        features: cellOf(table, 'features', row),
        weights: cellOf(table, 'weights', row),
      }));
      expect(table.numRows).toBe(shard.ids.length);
      expect(users).toEqual(shard.ids.map((_, row) => userAt(shard, row)));
    }
    expect(shards.length).toBeGreaterThan(1);
  });

  it('sees the points and signatures of the same users', async () => {
    const site = emptySite();
    await ingested(site, groupedPeople(300), { settings });
    const { shards, manifest } = await opened(site);
    const fitted = fitEmbedding(shards, settings);

    for (const [s, shard] of shards.entries()) {
      const table = await tableOf(site, manifest?.shards[s].index?.points.name);
      const { dimensions: D, vectors, lengths } = embedUsers(shard, fitted);
      const signatures = signaturesOf(shard, settings.hashes);
      expect(table.schema.fields.map(({ name, typeId }) => [name, typeId])).toEqual([
        ['id', Type.Utf8],
        ['embedding', Type.FixedSizeList],
        ['length', Type.Float],
        ['signature', Type.FixedSizeList],
      ]);
      shard.ids.forEach((id, row) => {
        expect(cellOf(table, 'id', row)).toBe(id);
        expect(cellOf(table, 'length', row)).toBe(lengths[row]);
        expect(cellOf(table, 'embedding', row)).toEqual([...vectors.subarray(row * D, row * D + D)]);
        expect(cellOf(table, 'signature', row)).toEqual([...signatures.subarray(row * 16, row * 16 + 16)]);
      });
    }
  });

  it('sees the model: what each feature counts, and where it points', async () => {
    const site = emptySite();
    await ingested(site, groupedPeople(300), { settings });
    const { shards, manifest } = await opened(site);
    const { dimensions: D, idf, loadings } = fitEmbedding(shards, settings);

    const table = await tableOf(site, manifest?.index?.model.name);

    expect(table.numRows).toBe(idf.features.length);
    idf.features.forEach((feature, f) => {
      expect(cellOf(table, 'feature', f)).toBe(feature);
      expect(cellOf(table, 'idf', f)).toBe(idf.values[f]);
      expect(cellOf(table, 'loadings', f)).toEqual([...loadings.subarray(f * D, f * D + D)]);
    });
  });
});
