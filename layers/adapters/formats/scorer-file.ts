/**
 * A trained attention scorer as a safetensors file: its tensors by name, its card among the file's metadata. Without tensors
 * where the untrained scorer was kept.
 */
import { Invalid } from '#application/errors.ts';
import type { StoredScorer } from '#application/ports.ts';
import type { AttentionWeights } from '#domain/scoring/attention.ts';
import { decodeSafetensors, encodeSafetensors, type Tensors } from './safetensors.ts';

/** Raised when an older akin could no longer read what a newer one wrote. */
const FORMAT = 'akin-attention-1';

/** Each tensor's name and shape, for a layer of D inputs and R outputs. */
const SHAPES = {
  layer: (D: number, R: number) => [R, D],
  layerBias: (_D: number, R: number) => [R],
  slope: () => [1],
  local: (_D: number, R: number) => [R, R],
  global: (_D: number, R: number) => [R, R],
  globalQuery: (_D: number, R: number) => [R],
} as const;

const NAMES = ['layer', 'layerBias', 'slope', 'local', 'global', 'globalQuery'] as const;

type Name = (typeof NAMES)[number];

export function encodeScorer({ weights, card }: StoredScorer): Uint8Array {
  const metadata = { format: FORMAT, card };
  if (!weights) return encodeSafetensors({ tensors: {}, metadata });
  const { dimensions: D, outputs: R } = weights;
  const tensors = NAMES.map((name) => [name, { shape: SHAPES[name](D, R), values: weights[name] }] as const);
  return encodeSafetensors({ tensors: Object.fromEntries(tensors), metadata });
}

export function decodeScorer(bytes: Uint8Array, where: string): StoredScorer {
  const { tensors, metadata } = readTensors(bytes, where);
  if (metadata.format !== FORMAT)
    throw new Invalid(
      `${where}: expected a scorer of the format ${FORMAT}, got ${JSON.stringify(metadata.format ?? '')}`,
    );
  const card = metadata.card ?? '{}';
  if (Object.keys(tensors).length === 0) return { card };
  const [outputs = 0, dimensions = 0] = tensors.layer?.shape ?? [];
  for (const name of NAMES) checkTensor(tensors, name, dimensions, outputs, where);
  const values = (name: Name) => tensors[name].values;
  const weights: AttentionWeights = {
    dimensions,
    outputs,
    layer: values('layer'),
    layerBias: values('layerBias'),
    slope: values('slope'),
    local: values('local'),
    global: values('global'),
    globalQuery: values('globalQuery'),
  };
  return { weights, card };
}

function readTensors(bytes: Uint8Array, where: string): Tensors {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    throw new Invalid(`${where}: expected a trained scorer in safetensors format, got something else`, { cause });
  }
}

function checkTensor(tensors: Tensors['tensors'], name: Name, D: number, R: number, where: string): void {
  const wanted = SHAPES[name](D, R);
  const tensor = tensors[name];
  const isSound = tensor && String(tensor.shape) === String(wanted) && tensor.values.every(Number.isFinite);
  if (!isSound)
    throw new Invalid(`${where}: expected ${name} of ${wanted.join('×')} finite numbers, got something else`);
}
