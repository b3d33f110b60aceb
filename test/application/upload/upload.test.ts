/** Uploads by steps come to the very bytes that an ingest in one process comes to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { NotFound } from '#application/errors.ts';
import type { Manifest } from '#application/manifest.ts';
import { readScorer } from '#application/population-index.ts';
import type { Ports } from '#application/ports.ts';
import type { Settings } from '#application/settings.ts';
import { ScorerCard } from '#application/train-scorer.ts';
import { TrainingOptions } from '#application/training.ts';
import { noticeUpload } from '#application/upload/notice-upload.ts';
import type { User } from '#domain/features/shard.ts';
import { drop, gzipped, ndjsonOf, type Stage, stageWith, textOf } from '../conductor.ts';
import { emptySite, groupedPeople, ingested, opened, SETTINGS, TASTES, tastedPeople } from '../people.ts';

const people = groupedPeople(400);

/** Small enough that a few hundred people make several splits, parts and shards. */
const SMALL: Settings = { ...SETTINGS, splitBytes: 4_096, readUsers: 60, maxShardUsers: 90, quietSeconds: 60 };

async function dropBatch(
  stage: Stage,
  batch: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [file, content] of Object.entries(files))
    await drop(stage.ports, `populations/people/${batch}/${file}`, content);
  await drop(stage.ports, `populations/people/${batch}/_SUCCESS`, '');
}

function notice(stage: Stage, file: string, settings = SMALL, now = Date.now()) {
  return noticeUpload(stage.ports, settings, `populations/people/${file}`, now);
}

/** All that a manifest says but the names of its files, which are their writer's own. */
function contentOf(manifest: Manifest | undefined): unknown {
  return JSON.parse(JSON.stringify(manifest).replaceAll(/-[0-9a-f]{8}(?=[-.])/g, '-writer'));
}

async function statusOf(stage: Stage, batch: string): Promise<unknown> {
  return JSON.parse(await textOf(stage.ports.objects, `populations/people/${batch}/_STATUS.json`));
}

async function manifestIn({ catalog }: Ports): Promise<Manifest | undefined> {
  return catalog.manifest('people');
}

/** An upload of these files by steps, and an ingest of the same users in one process. */
async function bothWays(
  files: Readonly<Record<string, string | Uint8Array>>,
  users: readonly User[],
  settings = SMALL,
) {
  const stage = stageWith(settings);
  await dropBatch(stage, 'b1', files);
  await notice(stage, 'b1/_SUCCESS', settings);
  await stage.settle();
  const site = emptySite();
  const report = await ingested(site, users, { settings });
  return { stage, site, report };
}

describe('an upload by steps', () => {
  it('publishes the shards, points, pages and model of an ingest in one process, to the byte', async () => {
    const files = { 'a.ndjson': ndjsonOf(people.slice(0, 250)), 'b.ndjson': ndjsonOf(people.slice(250)) };

    const { stage, site } = await bothWays(files, people);

    const manifest = await manifestIn(stage.ports);
    expect(manifest?.shards.length).toBeGreaterThan(3);
    expect(contentOf(manifest)).toEqual(contentOf(await manifestIn(site.ports)));
    const theirs = await manifestIn(site.ports);
    for (const [s, shard] of (manifest?.shards ?? []).entries()) {
      const pages = (folder: string, name: string | undefined) => readFileSync(join(folder, `${name}.pages`));
      expect(pages(stage.folder, shard.index?.pages)).toEqual(pages(site.folder, theirs?.shards[s].index?.pages));
    }
  });

  it.each([
    ['gzipped NDJSON', { 'a.ndjson.gz': gzipped(ndjsonOf(people)) }],
    ['NDJSON under any name', { 'part-0': ndjsonOf(people.slice(0, 200)), 'part-1': ndjsonOf(people.slice(200)) }],
    ['NDJSON whose last line has no end', { 'a.ndjson': ndjsonOf(people).trimEnd() }],
    ['one line a range', { 'a.ndjson': ndjsonOf(people) }, { ...SMALL, splitBytes: 1_024 }],
    ['one range and one part', { 'a.ndjson': ndjsonOf(people) }, { ...SMALL, splitBytes: 1_000_000 }],
    ['a long gzip, cut into pieces', { 'a.gz': gzipped(ndjsonOf(people)) }, { ...SMALL, maxGzipBytes: 1_024 }],
    ['a long gzip of CSV', { 'a.csv.gz': gzipped(csvOf(people)) }, { ...SMALL, maxGzipBytes: 1_024 }],
    ['CSV', { 'a.csv': csvOf(people) }],
    ['one shard from many parts', { 'a.ndjson': ndjsonOf(people) }, { ...SMALL, maxShardUsers: 1_000 }],
    [
      'many shards from one part',
      { 'a.ndjson': ndjsonOf(people) },
      { ...SMALL, splitBytes: 1_000_000, maxShardUsers: 20 },
    ],
    ['a sample for training', { 'a.ndjson': ndjsonOf(people) }, { ...SMALL, maxTrainingUsers: 120 }],
    ['HNSW graphs', { 'a.ndjson': ndjsonOf(people), 'options.json': '{"index":"always"}' }, { ...SMALL, scanUsers: 0 }],
  ])('comes to the same for %s', async (_, files, settings = SMALL) => {
    const { stage, site } = await bothWays(files, people, settings);

    expect(contentOf(await manifestIn(stage.ports))).toEqual(contentOf(await manifestIn(site.ports)));
    expect(await statusOf(stage, 'b1')).toMatchObject({ state: 'done' });
  });

  describe('with training', () => {
    const tasted = tastedPeople(1_200);
    const settings = { ...SMALL, dimensions: 24, maxShardUsers: 300, splitBytes: 40_000 };
    const options = { epochs: 2, items: TASTES, drop: ['taste0:1'], merge: 'concatenation' };

    async function trainedStage(): Promise<Stage> {
      const stage = stageWith(settings);
      const said = JSON.stringify({ train: 'always', training: options });
      await dropBatch(stage, 'b1', { 'a.ndjson': ndjsonOf(tasted), 'options.json': said });
      await notice(stage, 'b1/_SUCCESS', settings);
      await stage.settle();
      return stage;
    }

    it('comes to the scorer of an ingest in one process, to the byte, and says what it is worth', async () => {
      const stage = await trainedStage();
      const training = {
        when: 'always',
        options: TrainingOptions.parse(options),
        clock: () => 0,
        watch: () => {},
      } as const;
      const site = emptySite();
      const report = await ingested(site, tasted, { settings, training });

      const [theirs, ours] = [await manifestIn(site.ports), await manifestIn(stage.ports)];
      const weightsIn = async (ports: Ports, manifest: Manifest | undefined) =>
        manifest?.index?.scorer && (await readScorer(ports, manifest.index.scorer)).scorer.weights;
      const weights = await weightsIn(stage.ports, ours);
      expect(weights).toBeDefined();
      expect(weights).toEqual(await weightsIn(site.ports, theirs));
      const { training: card } = z.object({ training: ScorerCard }).parse(await statusOf(stage, 'b1'));
      expect(card.figures).toEqual(report.training?.figures);
      expect(card.settings).toEqual({ ...report.training?.settings, minutes: 12 });
    });

    it('is done again, in the same way, for a batch of nothing but the wish, and by a later upload', async () => {
      const stage = await trainedStage();
      const first = await manifestIn(stage.ports);

      await dropBatch(stage, 'b2', { 'options.json': '{"train":"always"}' });
      await notice(stage, 'b2/_SUCCESS', settings);
      await stage.settle();
      const second = await manifestIn(stage.ports);
      await dropBatch(stage, 'b3', { 'a.ndjson': ndjsonOf(tasted.slice(0, 2)) });
      await notice(stage, 'b3/_SUCCESS', settings);
      await stage.settle();

      expect(await statusOf(stage, 'b2')).toMatchObject({ state: 'done', generation: 2, users: 1_200, added: 0 });
      expect(second?.shards.map(({ sha256 }) => sha256)).toEqual(first?.shards.map(({ sha256 }) => sha256));
      expect(await statusOf(stage, 'b3')).toMatchObject({ generation: 3, training: { settings: options } });
    });

    it('is refused in one sentence where there is no population, or nothing to learn from', async () => {
      const stage = stageWith(settings);
      await dropBatch(stage, 'b1', { 'options.json': '{"train":"always"}' });
      await notice(stage, 'b1/_SUCCESS', settings);
      await stage.settle();
      expect(await statusOf(stage, 'b1')).toMatchObject({
        state: 'failed',
        reason: 'populations/people/b1/: expected files of users, or a population that is to be trained, got neither',
      });

      const strangers = tasted.map(({ id }) => ({ id, features: [`own:${id}`] }));
      await dropBatch(stage, 'b2', { 'a.ndjson': ndjsonOf(strangers), 'options.json': '{"train":"always"}' });
      await notice(stage, 'b2/_SUCCESS', settings);
      await stage.settle();
      expect(await statusOf(stage, 'b2')).toMatchObject({
        state: 'failed',
        reason:
          'expected features of two kinds or more, each with at least 40 users and as many others, to train on, got fewer',
      });
    });

    it('goes on after a function that was killed', async () => {
      let kills = 0;
      const stage = stageWith(
        settings,
        (ports) => ({
          ...ports,
          objects: {
            ...ports.objects,
            async write(name, bytes) {
              await ports.objects.write(name, bytes);
              if (name.includes('/training-') && kills++ === 0) throw new Error('killed');
            },
          },
        }),
        async (step) => {
          try {
            return await step();
          } catch (error) {
            if (error instanceof Error && error.message === 'killed') return step();
            throw error;
          }
        },
      );
      const said = JSON.stringify({ train: 'always', training: options });
      await dropBatch(stage, 'b1', { 'a.ndjson': ndjsonOf(tasted), 'options.json': said });
      await notice(stage, 'b1/_SUCCESS', settings);
      await stage.settle();

      const [whole, resumed] = [await manifestIn((await trainedStage()).ports), await manifestIn(stage.ports)];
      expect(kills).toBeGreaterThan(1);
      expect(resumed?.index?.scorer?.sha256).toBe(whole?.index?.scorer?.sha256);
    });
  });

  it('counts as an ingest in one process does', async () => {
    const again = [...people.slice(0, 300), ...people.slice(100, 350), { id: 'u3', features: [] }];
    const files = { 'a.ndjson': ndjsonOf(again.slice(0, 320)), 'b.ndjson': ndjsonOf(again.slice(320)) };

    const { stage, report } = await bothWays(files, again);

    expect(await statusOf(stage, 'b1')).toMatchObject({ ...report });
    expect(report.duplicates).toBe(201 + 50 - 50);
  });

  test.prop([fc.array(fc.tuple(fc.nat(60), fc.nat(9)), { minLength: 1, maxLength: 120 }), fc.nat(3), fc.boolean()], {
    numRuns: 15,
  })(
    'lets the later of two users with one id win, wherever they stand, after any batches',
    async (rows, cut, isReplaced) => {
      const users = rows.map(([id, feature]) => ({ id: `u${id}`, features: [`f:${feature}`] }));
      const batches = [users.slice(0, cut * 20), users.slice(cut * 20)].filter(({ length }) => length > 0);
      const mode = isReplaced ? 'replace' : 'upsert';
      const settings = { ...SMALL, splitBytes: 1_024, readUsers: 7, maxShardUsers: 8 };
      const stage = stageWith(settings);
      const site = emptySite();

      for (const [n, batch] of batches.entries()) {
        await dropBatch(stage, `b${n}`, { 'a.ndjson': ndjsonOf(batch), 'options.json': JSON.stringify({ mode }) });
        await notice(stage, `b${n}/_SUCCESS`, settings);
        await stage.settle();
        const report = await ingested(site, batch, { settings, mode });
        expect(await statusOf(stage, `b${n}`)).toMatchObject({ state: 'done', ...report });
      }

      expect(contentOf(await manifestIn(stage.ports))).toEqual(contentOf(await manifestIn(site.ports)));
    },
  );
});

describe('a closed batch', () => {
  it('is uploaded once, however often and in whatever order its events come', async () => {
    const stage = stageWith(SMALL);
    await dropBatch(stage, 'b1', { 'a.ndjson': ndjsonOf(people) });

    const notices = [
      await notice(stage, 'b1/_SUCCESS'),
      await notice(stage, 'b1/_SUCCESS'),
      await notice(stage, 'b1/a.ndjson'),
    ];
    await stage.settle();
    const later = [
      await notice(stage, 'b1/a.ndjson'),
      await notice(stage, 'b1/_SUCCESS'),
      await notice(stage, 'b1/_STATUS.json'),
    ];
    await stage.settle();

    expect(notices).toEqual(['new', 'known', 'known']);
    expect(later).toEqual(['known', 'known', 'ignored']);
    expect(new Set(stage.started).size).toBe(1);
    expect((await manifestIn(stage.ports))?.generation).toBe(1);
    expect(stage.announced.map(({ what }) => what)).toEqual(['upload done']);
  });

  it('is not what exporters still write below a folder of their own', async () => {
    const stage = stageWith(SMALL);
    const half = { '_temporary/0/part-1.ndjson': '{"id":"half","fea', '.spark/part-2.ndjson': '{' };
    await dropBatch(stage, 'b1', { ...half, 'date=1/part-0.ndjson': ndjsonOf(people) });

    expect(await notice(stage, 'b1/_temporary/0/part-1.ndjson')).toBe('ignored');
    expect(await notice(stage, 'b1/_SUCCESS')).toBe('new');
    await stage.settle();

    expect(await statusOf(stage, 'b1')).toMatchObject({ state: 'done', users: people.length });
  });

  it('may be closed by quiet minutes, which the newest of its files begins', async () => {
    const stage = stageWith(SMALL);
    await drop(stage.ports, 'populations/people/b1/a.ndjson', ndjsonOf(people));
    const now = Date.now();

    const early = await notice(stage, 'b1/a.ndjson', SMALL, now + 50_000);
    const onTime = await notice(stage, 'b1/a.ndjson', SMALL, now + 61_000);
    await stage.settle();

    expect([early, onTime]).toEqual(['not yet closed', 'new']);
    expect((await manifestIn(stage.ports))?.users).toBe(400);
  });

  it('is no batch yet where only options or a folder lie', async () => {
    const stage = stageWith(SMALL);
    await drop(stage.ports, 'populations/people/b1/options.json', '{}');

    expect(await notice(stage, 'b1/options.json', SMALL, Date.now() + 100_000)).toBe('ignored');
  });

  it('is not closed by a `_SUCCESS` that is older than a file', async () => {
    const stage = stageWith(SMALL, (ports) => ({
      ...ports,
      objects: {
        ...ports.objects,
        async entries(prefix) {
          const entries = await ports.objects.entries(prefix);
          return entries.map((entry) => (entry.name.endsWith('_SUCCESS') ? { ...entry, modified: 0 } : entry));
        },
      },
    }));
    await dropBatch(stage, 'b1', { 'a.ndjson': ndjsonOf(people) });

    expect(await notice(stage, 'b1/a.ndjson')).toBe('not yet closed');
  });

  it('is another upload when something is added to it', async () => {
    const stage = stageWith(SMALL);
    await dropBatch(stage, 'b1', { 'a.ndjson': ndjsonOf(people.slice(0, 200)) });
    await notice(stage, 'b1/_SUCCESS');
    await stage.settle();

    await dropBatch(stage, 'b1', { 'b.ndjson': ndjsonOf(people.slice(200)) });
    const outcome = await notice(stage, 'b1/_SUCCESS');
    await stage.settle();

    expect(outcome).toBe('new');
    expect(await manifestIn(stage.ports)).toMatchObject({ generation: 2, users: 400 });
  });

  it.each([
    [
      'b 1/a.ndjson',
      'populations/people/b 1/a.ndjson: expected populations/<population>/<batch>/<file>, with a batch of',
    ],
    ['a.ndjson', 'populations/people/a.ndjson: expected populations/<population>/<batch>/<file>'],
    ['b1/_SUCCESS', 'populations/people/b1/_SUCCESS: expected files of users in the batch, got none'],
  ])('is refused in one sentence where it is %j', async (file, sentence) => {
    const stage = stageWith(SMALL);
    await drop(stage.ports, `populations/people/${file}`, '');

    await expect(notice(stage, file)).rejects.toThrow(sentence);
    if (file === 'b1/_SUCCESS')
      expect(await statusOf(stage, 'b1')).toMatchObject({ state: 'failed', reason: sentence });
  });
});

describe('two batches at once', () => {
  it('come out as if one after the other, in the order in which they were closed', async () => {
    const stage = stageWith(SMALL);
    const first = people.slice(0, 300);
    const second = people.slice(200).map(({ id }) => ({ id, features: ['any:new'] }));
    await dropBatch(stage, 'b1', { 'a.ndjson': ndjsonOf(first) });
    await dropBatch(stage, 'b2', { 'a.ndjson': ndjsonOf(second) });

    await notice(stage, 'b1/_SUCCESS');
    await notice(stage, 'b2/_SUCCESS');
    const waiting = await statusOf(stage, 'b2');
    await stage.settle();

    const site = emptySite();
    await ingested(site, first, { settings: SMALL });
    await ingested(site, second, { settings: SMALL });
    expect(waiting).toMatchObject({ state: 'waiting' });
    expect(contentOf(await manifestIn(stage.ports))).toEqual(contentOf(await manifestIn(site.ports)));
    expect((await opened({ folder: stage.folder, ports: stage.ports })).generation).toBe(2);
  });

  it('do not wait for one that failed, which says why', async () => {
    const stage = stageWith(SMALL);
    await dropBatch(stage, 'b1', { 'a.ndjson': `${ndjsonOf(people.slice(0, 3))}{"id":""}\n` });
    await dropBatch(stage, 'b2', { 'a.ndjson': ndjsonOf(people) });

    await notice(stage, 'b1/_SUCCESS');
    await notice(stage, 'b2/_SUCCESS');
    await stage.settle();

    const reason = 'populations/people/b1/a.ndjson, line 4: expected id to be a text that is not empty, got ""';
    expect(await statusOf(stage, 'b1')).toMatchObject({ state: 'failed', reason });
    expect(await statusOf(stage, 'b2')).toMatchObject({ state: 'done', generation: 1, users: 400 });
    expect(stage.announced).toEqual([
      { what: 'upload failed', detail: expect.objectContaining({ batch: 'b1', reason }) },
      { what: 'upload done', detail: expect.objectContaining({ batch: 'b2' }) },
    ]);
  });
});

describe('an upload whose end nobody was told', () => {
  it('is told of with the next object that is dropped, and the line goes on', async () => {
    const stage = stageWith(SMALL);
    await dropBatch(stage, 'b1', { 'a.ndjson': ndjsonOf(people.slice(0, 200)) });
    await dropBatch(stage, 'bad', { 'a.ndjson': '{}\n' });
    stage.endsAreLost = true;
    await notice(stage, 'b1/_SUCCESS');
    await notice(stage, 'bad/_SUCCESS');
    await stage.settle();
    const before = stage.announced.length;

    stage.endsAreLost = false;
    await dropBatch(stage, 'b2', { 'a.ndjson': ndjsonOf(people.slice(200)) });
    await notice(stage, 'b2/_SUCCESS');
    await stage.settle();

    expect(before).toBe(0);
    expect(stage.announced.map(({ what }) => what)).toEqual(['upload done', 'upload failed', 'upload done']);
    expect(await statusOf(stage, 'b1')).toMatchObject({ state: 'done', users: 200, added: 200 });
    expect(await statusOf(stage, 'bad')).toMatchObject({ state: 'failed' });
    expect(await manifestIn(stage.ports)).toMatchObject({ generation: 2, users: 400 });
  });

  it('is done when its generation was published, even if a step failed afterwards', async () => {
    const stage = stageWith(SMALL, (ports) => ({
      ...ports,
      objects: {
        ...ports.objects,
        async list(prefix) {
          if (prefix === 'index/people/') throw new NotFound('nothing can be swept');
          return ports.objects.list(prefix);
        },
      },
    }));
    await dropBatch(stage, 'b1', { 'a.ndjson': ndjsonOf(people) });

    await notice(stage, 'b1/_SUCCESS');
    await stage.settle();

    expect(await statusOf(stage, 'b1')).toMatchObject({ state: 'done', users: 400 });
    expect(stage.announced.map(({ what }) => what)).toEqual(['upload done']);
  });
});

describe('a bad upload', () => {
  it.each([
    ['an empty file', { 'a.ndjson': '' }, 'a.ndjson: expected at least one user, got none'],
    ['a gzip of nothing', { 'a.gz': gzipped('') }, 'a.gz: expected at least one user, got none'],
    ['blank lines alone', { 'a.ndjson': '\n\n' }, 'a.ndjson: expected at least one user, got none'],
    [
      'a spreadsheet',
      { 'a.xlsx': Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0) },
      'a.xlsx: expected NDJSON or CSV in UTF-8, gzipped or not, got a zip archive',
    ],
    [
      'options that are none',
      { 'a.csv': csvOf(people), 'options.json': '{"mode":"merge"}' },
      'options.json: expected other options, because of mode ',
    ],
    [
      'options with a slip',
      { 'a.csv': csvOf(people), 'options.json': '{"mod":"upsert"}' },
      'options.json: expected other options, got "mod", which there is not',
    ],
    [
      'options that are no JSON',
      { 'a.csv': csvOf(people), 'options.json': 'upsert' },
      'options.json: expected JSON in UTF-8, got something else',
    ],
    [
      'a line far into a file',
      { 'a.ndjson': `${ndjsonOf(people.slice(0, 100))}{]\n` },
      /a\.ndjson \(from byte \d+\), line \d+: expected a JSON object, got "\{\]"/,
    ],
    [
      'a cut gzip',
      { 'a.gz': gzipped(ndjsonOf(people)).slice(0, 2_000) },
      'a.gz: expected a whole gzip file, but it is cut off',
    ],
  ])('of %s leaves nothing behind but the reason', async (_, files, sentence) => {
    const stage = stageWith(SMALL);
    await dropBatch(stage, 'b1', files);

    await notice(stage, 'b1/_SUCCESS');
    await stage.settle();

    expect(await statusOf(stage, 'b1')).toMatchObject({
      state: 'failed',
      reason: sentence instanceof RegExp ? expect.stringMatching(sentence) : expect.stringContaining(sentence),
    });
    expect(await manifestIn(stage.ports)).toBeUndefined();
  });

  it('leaves the generation before as it was', async () => {
    const { stage } = await bothWays({ 'a.ndjson': ndjsonOf(people) }, people);
    const before = await manifestIn(stage.ports);

    await dropBatch(stage, 'b2', { 'a.ndjson': '{}\n' });
    await notice(stage, 'b2/_SUCCESS');
    await stage.settle();

    expect(await manifestIn(stage.ports)).toEqual(before);
    expect((await opened({ folder: stage.folder, ports: stage.ports })).shards.flatMap(({ ids }) => ids)).toHaveLength(
      400,
    );
  });
});

function csvOf(users: readonly User[]): string {
  const rows = users.map(({ id, features, weights }) => `${id},${features.join('|')},${(weights ?? []).join('|')}\n`);
  return `id,features,weights\n${rows.join('')}`;
}
