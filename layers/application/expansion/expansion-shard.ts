/** One shard as an expansion's steps see it: cast, and with points where the ranker needs them. */
import { type PointModel, placeUsers } from '#domain/embedding/place-users.ts';
import type { Shard } from '#domain/features/shard.ts';
import { casterFor, type ShardCast } from '../cast.ts';
import { Invalid } from '../errors.ts';
import { readShard } from '../population.ts';
import { readModel, withStoredPoints } from '../population-index.ts';
import type { StepPorts } from '../ports.ts';
import { chooseRanker, type DropMatches, matchDrops } from '../ranking-options.ts';
import { type ExpansionJob, type ExpansionTask, leftIfAny } from './expansion-job.ts';

export interface ExpansionShard extends ShardCast {
  readonly drops: DropMatches;
}

export async function openShard(
  ports: StepPorts,
  job: ExpansionJob,
  { request, manifest }: ExpansionTask,
  s: number,
): Promise<ExpansionShard> {
  const whole = await readShard(ports, manifest.shards[s]);
  const cast = casterFor(request, manifest.users)(whole);
  const drops = matchDrops(whole, request.drop);
  const { embedding } = chooseRanker(request);
  if (!embedding) return { ...cast, drops };
  const model = await leftIfAny<PointModel>(ports, job, 'model');
  const shard = model
    ? { ...cast.shard, embedding: placeUsers(cast.shard, model) }
    : await storedPoints(ports, { request, manifest }, cast.shard, s);
  return { ...cast, shard, drops };
}

async function storedPoints(ports: StepPorts, { manifest }: ExpansionTask, shard: Shard, s: number): Promise<Shard> {
  const points = manifest.shards[s].index?.points;
  if (!manifest.index || !points) throw new Invalid(`${manifest.population}: expected an index, found none`);
  return withStoredPoints(ports, points, await readModel(ports, manifest.index.model), shard);
}
