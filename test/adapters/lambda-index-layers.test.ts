import { readdirSync } from 'node:fs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAYER_ROOM_BYTES, LIVE_ALIAS, lambdaIndexLayers } from '#adapters/lambda-index-layers.ts';
import { localFolderObjectStore } from '#adapters/local-folder-object-store.ts';
import { Conflict } from '#application/errors.ts';
import { AwsEndpoint } from '#infra/local/aws-endpoint.ts';
import { arnOf } from '#infra/local/aws-service.ts';
import { FunctionVersions } from '#infra/local/lambda/function-versions.ts';
import { LambdaService } from '#infra/local/lambda/lambda-service.ts';
import { LayerVersions, UNPACKED_LIMIT_BYTES } from '#infra/local/lambda/layer-versions.ts';
import { LocalFunction } from '#infra/local/lambda/local-function.ts';
import { indexLayersContract } from '../contracts/index-layers.contract.ts';
import { configFor } from './aws-emulators.ts';
import { temporaryFolder } from './temporary-folder.ts';

const NATIVE = arnOf('lambda', 'layer:native');

let functions: ReadonlyMap<string, FunctionVersions> = new Map();
let layers = new LayerVersions('');
let objects = localFolderObjectStore('');
let url = '';

const endpoint = new AwsEndpoint({
  services: {
    lambda: {
      calls: (request) => service().calls(request),
      answer: (request) => service().answer(request),
    },
  },
  secretOf: () => 'secret',
});

function service(): LambdaService {
  return new LambdaService({
    layers,
    functions: () => functions,
    readObject: async (_, key) => (await objects.read(key)) ?? new Uint8Array(0),
  });
}

beforeAll(async () => {
  url = await endpoint.start();
});
afterAll(() => endpoint.stop());

function versionedFunction(name: string): FunctionVersions {
  const folder = temporaryFolder();
  return new FunctionVersions({
    name,
    arn: arnOf('lambda', `function:${name}`),
    layers: [NATIVE],
    alias: LIVE_ALIAS,
    codeBytes: 1_000,
    bytesOf: (layer) => (layer === NATIVE ? 300_000 : layers.find(layer)?.bytes),
    make: () =>
      new LocalFunction({
        name,
        task: folder,
        handler: 'index.handler',
        memoryMiB: 256,
        timeoutMs: 1_000,
        environment: {},
        layers: [],
        concurrency: 1,
        scratch: folder,
        log: () => {},
      }),
  });
}

function openLayers() {
  const pinned = {
    shop: { function: 'expand-shop', layer: 'index-shop' },
    people: { function: 'expand-people', layer: 'index-people' },
  };
  layers = new LayerVersions(temporaryFolder());
  objects = localFolderObjectStore(temporaryFolder());
  functions = new Map(Object.values(pinned).map(({ function: name }) => [name, versionedFunction(name)]));
  const client = new LambdaClient({ ...configFor(url), maxAttempts: 1 });
  const open = async () => client;
  const functionOf = (population: string) => {
    const found = functions.get(`expand-${population}`);
    if (!found) throw new Error(`expected a function for ${population}, found none`);
    return found;
  };
  return {
    client,
    functionOf,
    layers: lambdaIndexLayers({ pinned, bucket: 'bucket', objects, open, pauseMs: 1 }),
    carried: (population: string) =>
      functionOf(population).calledLayers.flatMap((layer) => {
        const found = layers.find(layer);
        return found ? filesIn(found.folder) : [];
      }),
    counts: (population: string) => ({
      layers: layers.list(`index-${population}`).length,
      functions: functionOf(population)
        .versions()
        .filter(({ Version, Layers }) => Version !== '$LATEST' && Layers.length > 1).length,
    }),
  };
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1));
}

indexLayersContract('Lambda, by the local stack', async () => openLayers());

describe('index layers in Lambda', () => {
  const read = async () => Uint8Array.of(1);
  const FILES = [{ name: 'index/shop/a', bytes: 1, sha256: 'f'.repeat(64) }];

  it('leaves the layers of the template where they are', async () => {
    const site = openLayers();
    const layer = await site.layers.publish('shop', 'first', FILES, read);
    await site.layers.release('shop', layer, await site.layers.revision('shop'));

    expect(site.functionOf('shop').calledLayers).toEqual([NATIVE, layer]);
  });

  it.each(['UpdateFunctionConfigurationCommand', 'PublishVersionCommand', 'UpdateAliasCommand'])(
    'gives way where somebody else, such as a deployment, was there right before its %s',
    async (command) => {
      const site = openLayers();
      const shop = site.functionOf('shop');
      const layer = await site.layers.publish('shop', 'first', FILES, read);
      const revision = await site.layers.revision('shop');
      site.client.middlewareStack.add(
        (next, context) => async (args) => {
          if (context.commandName === command) {
            if (command === 'UpdateAliasCommand') shop.moveAlias(LIVE_ALIAS, '$LATEST', undefined);
            else shop.setLayers([], undefined);
          }
          return next(args);
        },
        { step: 'initialize' },
      );

      await expect(site.layers.release('shop', layer, revision)).rejects.toThrow(Conflict);

      expect(shop.alias(LIVE_ALIAS).FunctionVersion).toBe('$LATEST');
    },
  );

  it('keeps a layer that is newer than those that are carried: somebody is about to release it', async () => {
    const site = openLayers();
    const first = await site.layers.publish('shop', 'first', FILES, read);
    await site.layers.release('shop', first, await site.layers.revision('shop'));
    await site.layers.publish('shop', 'second', FILES, read);

    await site.layers.prune('shop');

    expect(await site.layers.find('shop', 'second')).toBeDefined();
  });

  it('refuses a population that is not pinned', async () => {
    const site = openLayers();

    await expect(site.layers.revision('elsewhere')).rejects.toThrow('expected a population that is pinned');
    await expect(site.layers.revision('constructor')).rejects.toThrow('expected a population that is pinned');
  });

  it('takes no more room than Lambda gives', () => {
    expect(LAYER_ROOM_BYTES).toBeLessThan(UNPACKED_LIMIT_BYTES);
  });
});
