/**
 * Index layers as Lambda's. A pinned function is called by its alias, which points at a version; a version is made of the
 * function's unpublished state, so a layer takes three steps: the state is changed, a version made of it, the alias moved. Each
 * is made only if nobody else was there since it was looked at.
 */
import type { FunctionConfiguration, LambdaClient } from '@aws-sdk/client-lambda';
import { Conflict } from '#application/errors.ts';
import type { IndexLayers, ObjectStore } from '#application/ports.ts';
import { isAwsFault } from './aws-faults.ts';
import { zipArchive } from './formats/zip-archive.ts';

/** The function of a pinned population, and the layer of its own, by name. */
export interface PinnedFunction {
  readonly function: string;
  readonly layer: string;
}

export interface LambdaIndexLayersOptions {
  readonly pinned: Readonly<Record<string, PinnedFunction>>;
  /** Where Lambda reads a layer's archive from, and the store that writes there. */
  readonly bucket: string;
  readonly objects: ObjectStore;
  readonly open: () => Promise<LambdaClient>;
  /** Between two looks at a change that is under way. */
  readonly pauseMs?: number;
}

export const LIVE_ALIAS = 'live';

/** What the description of everything begins with that is made here. */
const OURS = 'akin index ';
const NO_INDEX = 'none';

/**
 * Lambda takes 262,144,000 bytes of a function and all its layers, unpacked; what is missing here is for the bundle, its source
 * map and the native layer.
 */
export const LAYER_ROOM_BYTES = 250_000_000;

const PAUSE_MS = 1_000;

type Version = Pick<FunctionConfiguration, 'Version' | 'Description' | 'Layers'>;

export function lambdaIndexLayers(options: LambdaIndexLayersOptions): IndexLayers {
  const { pinned, bucket, objects, open, pauseMs = PAUSE_MS } = options;
  const at = (population: string) => {
    if (Object.hasOwn(pinned, population)) return pinned[population];
    throw new Error('expected a population that is pinned, got another one');
  };
  const lambda = async (population: string) => new PinnedLambda(await open(), at(population), pauseMs);
  return {
    populations: Object.keys(pinned),
    roomBytes: LAYER_ROOM_BYTES,
    revision: async (population) => (await (await lambda(population)).alias()).revision,
    find: async (population, mark) => (await lambda(population)).layerDescribed(`${OURS}${mark}`),
    async publish(population, mark, files, read) {
      const name = `parts/layers/${population}/${mark}.zip`;
      await objects.write(name, await zipArchive(files, read));
      return (await lambda(population)).publishLayer(`${OURS}${mark}`, bucket, name);
    },
    async release(population, layer, revision) {
      const functions = await lambda(population);
      await unlessOvertaken(async () => {
        const version = await functions.versionWith(layer);
        await functions.point(version, revision);
      });
    },
    prune: async (population) => (await lambda(population)).prune(),
  };
}

class PinnedLambda {
  readonly #client: LambdaClient;
  readonly #function: string;
  readonly #layer: string;
  readonly #pauseMs: number;

  constructor(client: LambdaClient, { function: name, layer }: PinnedFunction, pauseMs: number) {
    this.#client = client;
    this.#function = name;
    this.#layer = layer;
    this.#pauseMs = pauseMs;
  }

  async alias(): Promise<{ readonly revision: string; readonly version: string }> {
    const { GetAliasCommand } = await import('@aws-sdk/client-lambda');
    const alias = await this.#client.send(new GetAliasCommand({ FunctionName: this.#function, Name: LIVE_ALIAS }));
    return { revision: alias.RevisionId ?? '', version: alias.FunctionVersion ?? '' };
  }

  async layerDescribed(description: string): Promise<string | undefined> {
    return (await this.#layers()).find(({ Description }) => Description === description)?.LayerVersionArn;
  }

  async publishLayer(description: string, bucket: string, key: string): Promise<string> {
    const { PublishLayerVersionCommand } = await import('@aws-sdk/client-lambda');
    const { LayerVersionArn } = await this.#client.send(
      new PublishLayerVersionCommand({
        LayerName: this.#layer,
        Description: description,
        Content: { S3Bucket: bucket, S3Key: key },
      }),
    );
    if (LayerVersionArn !== undefined) return LayerVersionArn;
    throw new Error('expected the ARN of the layer that was published, got none');
  }

  /** The version of the code of now with this index layer, or none; made where it is not the latest already. */
  async versionWith(layer: string | undefined): Promise<string> {
    const { UpdateFunctionConfigurationCommand, PublishVersionCommand } = await import('@aws-sdk/client-lambda');
    const state = await this.#settled();
    const wanted = [...layersOf(state).filter((arn) => !this.#isOurs(arn)), ...(layer === undefined ? [] : [layer])];
    if (layersOf(state).join() !== wanted.join()) {
      await this.#client.send(
        new UpdateFunctionConfigurationCommand({
          FunctionName: this.#function,
          Layers: wanted,
          RevisionId: state.RevisionId,
        }),
      );
    }
    // Looked at anew, because the end of a change is another revision.
    const changed = await this.#settled();
    if (layersOf(changed).join() !== wanted.join()) throw overtaken();
    const mark = layer === undefined ? NO_INDEX : `layer ${numberOf(layer)}`;
    const { Version = '' } = await this.#client.send(
      new PublishVersionCommand({
        FunctionName: this.#function,
        Description: `${OURS}${mark}`,
        RevisionId: changed.RevisionId,
      }),
    );
    await this.#settled(Version);
    return Version;
  }

  async point(version: string, revision: string): Promise<void> {
    const { UpdateAliasCommand } = await import('@aws-sdk/client-lambda');
    const now = await this.alias();
    if (now.revision !== revision) throw overtaken();
    if (now.version === version) return;
    await this.#client.send(
      new UpdateAliasCommand({
        FunctionName: this.#function,
        Name: LIVE_ALIAS,
        FunctionVersion: version,
        RevisionId: revision,
      }),
    );
  }

  /** A layer that is newer than all that are kept may be about to be released by somebody else. */
  async prune(): Promise<void> {
    const { DeleteFunctionCommand, DeleteLayerVersionCommand } = await import('@aws-sdk/client-lambda');
    const [versions, { version: live }] = [await this.#versions(), await this.alias()];
    const kept = this.#keptOf(versions, live);
    for (const { Version, Description } of versions) {
      if (!Description?.startsWith(OURS) || kept.some((each) => each.Version === Version)) continue;
      await this.#client.send(new DeleteFunctionCommand({ FunctionName: this.#function, Qualifier: Version }));
    }
    const used = kept.flatMap((each) => layersOf(each).filter((arn) => this.#isOurs(arn)));
    const newest = used.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...used.map(numberOf));
    for (const { LayerVersionArn = '', Version = 0 } of await this.#layers()) {
      if (used.includes(LayerVersionArn) || Version > newest) continue;
      await this.#client.send(new DeleteLayerVersionCommand({ LayerName: this.#layer, VersionNumber: Version }));
    }
  }

  /** What takes the calls, and where that carries an index, what took them before. */
  #keptOf(versions: readonly Version[], live: string): Version[] {
    const current = versions.filter(({ Version }) => Version === live);
    if (!current.some((each) => this.#carriesIndex(each))) return current;
    const before = versions
      .filter((each) => this.#carriesIndex(each) && Number(each.Version) < Number(live))
      .toSorted((left, right) => Number(right.Version) - Number(left.Version));
    return [...current, ...before.slice(0, 1)];
  }

  #carriesIndex(version: Version): boolean {
    return layersOf(version).some((arn) => this.#isOurs(arn));
  }

  #isOurs(layerVersionArn: string): boolean {
    return layerVersionArn.split(':').at(-2) === this.#layer;
  }

  /** The function's unpublished state, or a version of it, when no change is under way. */
  async #settled(version?: string): Promise<FunctionConfiguration> {
    const { GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda');
    for (;;) {
      const state = await this.#client.send(
        new GetFunctionConfigurationCommand({ FunctionName: this.#function, Qualifier: version }),
      );
      if (state.LastUpdateStatus === 'Failed' || state.State === 'Failed') {
        throw new Error(`expected a change of the function to succeed, got ${state.LastUpdateStatusReasonCode}`);
      }
      if (state.LastUpdateStatus !== 'InProgress' && state.State !== 'Pending') return state;
      await new Promise((resolve) => setTimeout(resolve, this.#pauseMs));
    }
  }

  /** The newest first, as far as they are not deleted. */
  async #layers() {
    const { paginateListLayerVersions } = await import('@aws-sdk/client-lambda');
    const pages = paginateListLayerVersions({ client: this.#client }, { LayerName: this.#layer });
    const layers = await Array.fromAsync(pages, ({ LayerVersions = [] }) => LayerVersions);
    return layers.flat();
  }

  /** All but the unpublished state. */
  async #versions(): Promise<Version[]> {
    const { paginateListVersionsByFunction } = await import('@aws-sdk/client-lambda');
    const pages = paginateListVersionsByFunction({ client: this.#client }, { FunctionName: this.#function });
    const versions = await Array.fromAsync(pages, ({ Versions = [] }) => Versions);
    return versions.flat().filter(({ Version }) => Version !== '$LATEST');
  }
}

function layersOf({ Layers = [] }: Version): string[] {
  return Layers.flatMap(({ Arn }) => Arn ?? []);
}

/** A layer's version stands at the end of its ARN. */
function numberOf(layerVersionArn: string): number {
  return Number(layerVersionArn.split(':').at(-1));
}

function overtaken(cause?: unknown): Conflict {
  return new Conflict('somebody else changed the function of this population meanwhile', { cause });
}

/** Lambda refuses a revision that does not stand any more, and a change while another one is under way. */
async function unlessOvertaken(change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    const isOvertaken = ['PreconditionFailedException', 'ResourceConflictException'].some((name) =>
      isAwsFault(error, name),
    );
    throw isOvertaken ? overtaken(error) : error;
  }
}
