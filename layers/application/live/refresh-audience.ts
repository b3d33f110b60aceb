/**
 * What a live audience has learned of its seeds is made anew, by the very ranker that expands seeds by attention: its model is
 * kept, with the points that it may be compared with.
 *
 * Cost: the points of every shard that has seeds are read once; k-means of at most 20,000 seeds.
 */
import { type AttentionScorer, byAttention } from '#domain/ranking/by-attention.ts';
import { byEmbedding } from '#domain/ranking/by-embedding.ts';
import { type Ranker, rolesOf } from '#domain/ranking/ranker.ts';
import { embeddingOf, hasPoint } from '#domain/ranking/seed-vectors.ts';
import type { Manifest } from '../manifest.ts';
import { scorerOf } from '../population-index.ts';
import type { LivePorts } from '../ports.ts';
import { isTrained } from '../ranking-options.ts';
import type { Settings } from '../settings.ts';
import { type Answerer, changeLive, isCurrent, type LiveRecord, lifeFolder, type Refresh } from './live-audience.ts';
import { type GatheredSeeds, gatherSeeds } from './live-seeds.ts';
import { type RefreshRequest, takeRefresh } from './pending-refresh.ts';
import { idsByFile, type Places, placesOf, readPlaced, rowOf } from './placed-users.ts';

/** The seed of all chance, as `akin expand` has it where nobody says another. */
const SEED = 1;

export type RefreshOutcome = 'known' | 'gone' | 'unchanged' | 'refreshed' | 'overtaken';

/** What scores are computed from: plain data. */
export interface LiveModel {
  readonly answeredBy: Answerer;
  /** Of the ranker that answers. */
  readonly model: unknown;
  /** Points of another generation are of another embedding. */
  readonly places: Places;
}

/** The ranker whose models are kept; what it has learned of a population stands in the model. */
export function rankerOf(answeredBy: Answerer, scorer?: AttentionScorer): Ranker {
  return answeredBy === 'fallback' ? byEmbedding('mean') : byAttention(SEED, scorer);
}

export async function refreshAudience(
  ports: LivePorts,
  settings: Settings,
  request: RefreshRequest,
  now: number,
): Promise<RefreshOutcome> {
  const taken = await takeRefresh(ports, request, now);
  if (!taken) return 'known';
  const manifest = await ports.catalog.manifest(request.population);
  if (!manifest) return 'gone';
  const folder = lifeFolder(request, request.life);
  const seeds = await gatherSeeds(ports, folder, settings.liveSeeds, now);
  if (isSame(taken, manifest, seeds)) {
    await settle(ports, request, undefined);
    return 'unchanged';
  }
  const refresh = await learn(ports, settings, folder, { manifest, seeds, now }).catch(async (error: unknown) => {
    const current = await ports.catalog.manifest(request.population);
    if (current?.index?.model.name === manifest.index?.model.name) throw error;
    // Nobody's mistake: another try works on the next generation.
    throw new Error(`${request.population}: its generation ${manifest.generation} was replaced meanwhile`, {
      cause: error,
    });
  });
  const record = await settle(ports, request, refresh);
  const stands = record.life === request.life && record.refresh?.model === refresh.model;
  // Of an audience that is gone nothing stays; else the model before stays for who has read the record already.
  if (record.life !== request.life) await ports.objects.remove(await ports.objects.list(folder));
  else await removeModel(ports, stands ? taken.refresh?.before : refresh.model);
  return stands ? 'refreshed' : 'overtaken';
}

function isSame({ refresh }: LiveRecord, manifest: Manifest, { name }: GatheredSeeds): boolean {
  return refresh !== undefined && refresh.seeds === name && isCurrent(refresh, manifest);
}

interface Lesson {
  readonly manifest: Manifest;
  readonly seeds: GatheredSeeds;
  readonly now: number;
}

/** Fits the ranker on the seeds, and keeps its model. */
async function learn(
  ports: LivePorts,
  settings: Settings,
  folder: string,
  { manifest, seeds, now }: Lesson,
): Promise<Refresh> {
  const places = placesOf(manifest);
  const scorer = await scorerOf(ports, manifest);
  const { evidence, known, placed } = await gatherPlaced(ports, settings, scorer, places, seeds.ids);
  const found = {
    at: now,
    generation: manifest.generation,
    index: manifest.index?.model.name ?? '',
    seeds: seeds.name,
    known,
    unknown: seeds.ids.length - known,
    withoutFeatures: known - placed,
  };
  if (placed === 0) return found;
  const attention = isTrained(scorer) ? 'trained attention' : 'untrained attention';
  const answeredBy = placed < settings.attentionSeeds ? 'fallback' : attention;
  const model: LiveModel = {
    answeredBy,
    model: rankerOf(answeredBy, scorer).fit(evidence[answeredBy === 'fallback' ? 'few' : 'all']),
    places,
  };
  // A name of its own, because whoever is at work at the same moment may take it away.
  const name = `${folder}models/${crypto.randomUUID()}`;
  await ports.objects.write(name, ports.dataFormat.encode(model));
  return { ...found, answeredBy, model: name };
}

/** What the points of the seeds tell, shard by shard. */
async function gatherPlaced(
  ports: LivePorts,
  { attentionSeeds }: Settings,
  scorer: AttentionScorer | undefined,
  places: Places,
  ids: readonly string[],
) {
  const near = { ...ports, objects: ports.nearby(ports.objects) };
  const [attention, fallback] = [rankerOf('trained attention', scorer), rankerOf('fallback')];
  const evidence: { readonly all: unknown[]; readonly few: unknown[] } = { all: [], few: [] };
  let [known, placed] = [0, 0];
  for (const [entry, own] of idsByFile(places, ids)) {
    const shard = await readPlaced(near, entry);
    const rows = Uint32Array.from(own.flatMap((id) => rowOf(shard, id) ?? [])).sort();
    const embedding = embeddingOf(shard);
    known += rows.length;
    placed += rows.filter((row) => hasPoint(embedding, row)).length;
    const roles = rolesOf(rows, new Uint32Array(0));
    evidence.all.push(attention.gather(shard, roles));
    // So few seeds as are the fallback's.
    if (placed < attentionSeeds) evidence.few.push(fallback.gather(shard, roles));
  }
  return { evidence, known, placed };
}

/** Puts the refresh on record, unless the audience is gone or somebody began a later one. */
function settle({ ledger }: LivePorts, request: RefreshRequest, refresh: Refresh | undefined): Promise<LiveRecord> {
  return changeLive(ledger, request, (record) => {
    if (record.life !== request.life) return undefined;
    const pending = record.pending?.token === request.token ? undefined : record.pending;
    const isLater = refresh && (record.refresh?.at ?? 0) <= refresh.at;
    return { ...record, pending, refresh: isLater ? { ...refresh, before: record.refresh?.model } : record.refresh };
  });
}

async function removeModel({ objects }: LivePorts, name: string | undefined): Promise<void> {
  if (name !== undefined) await objects.remove([name]);
}
