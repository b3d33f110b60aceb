/**
 * What was learned for the attention scorer as a safetensors file: its tensors by name, and its card among the file's metadata,
 * with the names of the features where people become points by what was learned. No tensors where nothing was kept.
 */
import * as z from 'zod';
import { Invalid } from '#application/errors.ts';
import type { StoredScorer } from '#application/ports.ts';
import { MERGES } from '#domain/embedding/field-merge.ts';
import {
  hiddenInputs,
  type RepresentationShape,
  representationOf,
  type UserRepresentation,
} from '#domain/embedding/user-representation.ts';
import { decodeSafetensors, encodeSafetensors, type Tensor, type Tensors } from './safetensors.ts';

/** Raised when an older akin could no longer read what a newer one wrote. */
const FORMAT = 'akin-attention-1';

/** Each tensor's shape, for a layer of D inputs and R outputs. */
const attentionShapes = (D: number, R: number) => ({
  layer: [R, D],
  layerBias: [R],
  slope: [1],
  local: [R, R],
  global: [R, R],
  globalQuery: [R],
});

/** The same of a representation. */
function representationShapes(features: readonly string[], shape: RepresentationShape) {
  const { dimensions: D, attention: K, hidden: Q } = shape;
  return {
    features: [features.length, D],
    fieldKeys: [K, D],
    fieldQuery: [K],
    hidden: [Q, hiddenInputs(features, shape)],
    hiddenBias: [Q],
    output: [D, Q],
    outputBias: [D],
  };
}

type Shapes = Readonly<Record<string, readonly number[]>>;

const Attention = z.object({
  clusters: z.int().positive().optional(),
  globalShare: z.number().min(0).max(1).optional(),
});

const Representation = z.object({
  poolingPower: z.number(),
  /** Files of before there was a choice do not say. */
  merge: z.enum(MERGES).default('attention'),
  features: z.array(z.string()),
});

export function encodeScorer({ scorer: { weights, representation }, card }: StoredScorer): Uint8Array {
  const tensors: Record<string, Tensor> = {};
  const metadata: Record<string, string> = { format: FORMAT, card };
  if (weights) {
    const { clusters, globalShare } = weights;
    metadata.attention = JSON.stringify({ clusters, globalShare });
    for (const [name, shape] of Object.entries(attentionShapes(weights.dimensions, weights.outputs)))
      tensors[name] = { shape, values: valuesOf(weights, name) };
  }
  if (representation) {
    const { shape, features } = representation;
    const { poolingPower, merge } = shape;
    metadata.representation = JSON.stringify({ poolingPower, merge, features });
    for (const [name, each] of Object.entries(representationShapes(features, shape)))
      tensors[`representation.${name}`] = { shape: each, values: valuesOf(representation.weights, name) };
  }
  return encodeSafetensors({ tensors, metadata });
}

function valuesOf(weights: object, name: string): Tensor['values'] {
  const values: unknown = Object.entries(weights).find(([key]) => key === name)?.[1];
  if (values instanceof Float32Array || values instanceof Float64Array) return values;
  throw new Error(`expected numbers in ${name}, got something else`);
}

export function decodeScorer(bytes: Uint8Array, where: string): StoredScorer {
  const file = readTensors(bytes, where);
  const { tensors, metadata } = file;
  if (metadata.format !== FORMAT)
    throw new Invalid(
      `${where}: expected a scorer of the format ${FORMAT}, got ${JSON.stringify(metadata.format ?? '')}`,
    );
  const representation = metadata.representation === undefined ? undefined : representationIn(file, where);
  const hasWeights = Object.keys(tensors).some((name) => !name.startsWith(PREFIX));
  const weights = hasWeights ? weightsIn(file, where) : undefined;
  return {
    scorer: { ...(weights && { weights }), ...(representation && { representation }) },
    card: metadata.card ?? '{}',
  };
}

const PREFIX = 'representation.';

function weightsIn({ tensors, metadata }: Tensors, where: string) {
  const told = described(Attention, metadata.attention ?? '{}', where);
  const [outputs = 0, dimensions = 0] = tensors.layer?.shape ?? [];
  const shapes = attentionShapes(dimensions, outputs);
  checkTensors(tensors, shapes, '', where);
  const { layer, layerBias, slope, local, global, globalQuery } = tensors;
  return {
    dimensions,
    outputs,
    ...told,
    layer: layer.values,
    layerBias: layerBias.values,
    slope: slope.values,
    local: local.values,
    global: global.values,
    globalQuery: globalQuery.values,
  };
}

function representationIn({ tensors, metadata }: Tensors, where: string): UserRepresentation {
  const { poolingPower, merge, features } = described(Representation, metadata.representation, where);
  const [attention = 0, dimensions = 0] = tensors[`${PREFIX}fieldKeys`]?.shape ?? [];
  const [hidden = 0] = tensors[`${PREFIX}hidden`]?.shape ?? [];
  const shape = { merge, dimensions, attention, hidden, poolingPower };
  checkTensors(tensors, representationShapes(features, shape), PREFIX, where);
  const values = (name: string) => tensors[`${PREFIX}${name}`].values;
  return representationOf(features, shape, {
    features: values('features'),
    fieldKeys: values('fieldKeys'),
    fieldQuery: values('fieldQuery'),
    hidden: values('hidden'),
    hiddenBias: values('hiddenBias'),
    output: values('output'),
    outputBias: values('outputBias'),
  });
}

function described<Told>(schema: z.ZodType<Told>, text: string, where: string): Told {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Invalid(`${where}: expected what is told of a trained scorer, got something else`, { cause });
  }
}

function readTensors(bytes: Uint8Array, where: string): Tensors {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    throw new Invalid(`${where}: expected a trained scorer in safetensors format, got something else`, { cause });
  }
}

function checkTensors(tensors: Tensors['tensors'], shapes: Shapes, prefix: string, where: string): void {
  for (const [name, wanted] of Object.entries(shapes)) {
    const tensor = tensors[`${prefix}${name}`];
    const isSound = tensor && String(tensor.shape) === String(wanted) && tensor.values.every(Number.isFinite);
    if (!isSound)
      throw new Invalid(
        `${where}: expected ${prefix}${name} of ${wanted.join('×')} finite numbers, got something else`,
      );
  }
}
