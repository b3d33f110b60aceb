/** The words of training the attention scorer: what may be said of it, how far it is, and what it came to. */
import * as z from 'zod';
import { MERGES } from '#domain/embedding/field-merge.ts';
import { CLUSTER_COUNT } from '#domain/ranking/by-attention.ts';
import { GLOBAL_SHARE } from '#domain/scoring/attention.ts';

/** A week: no limit, but for whoever asks for one. */
const MOST_MINUTES = 10_080;

/** What may be said of a training. */
export const TrainingOptions = z.strictObject({
  epochs: z.int().min(0).max(1_000).default(30),
  /** No epoch begins when so many have passed. */
  minutes: z.number().positive().max(MOST_MINUTES).default(MOST_MINUTES),
  /** Fields whose features are learned from; all fields where there are none. */
  items: z.array(z.string()).max(1_000).default([]),
  /** Into how many clusters the seeds of an audience are put. */
  clusters: z.int().min(1).max(200).default(CLUSTER_COUNT),
  /** How much of a score is likeness to the seeds as a whole; the rest is to kinds of them. */
  globalShare: z.number().min(0).max(1).default(GLOBAL_SHARE),
  /** Where people lie: as the embedding has it, as is learned, or what finds held-out items better. */
  points: z.enum(['chosen', 'stored', 'learned']).default('chosen'),
  /** How the fields of a person become one vector, where points are learned. */
  merge: z.enum(MERGES).default('attention'),
  /** Features that nothing is learned from. */
  drop: z.array(z.string()).max(10_000).default([]),
  seed: z.int().nonnegative().max(9_999_999_999).default(1),
});
export type TrainingOptions = z.infer<typeof TrainingOptions>;

const Curve = z.object({
  /** On items that nothing was learned from, before the first epoch and after each. */
  epochs: z.array(z.object({ loss: z.number().nullable(), auc: z.number() })).min(1),
  untrained: z.number(),
  /** The index in `epochs`, or −1 for the untrained scorer. */
  kept: z.int(),
  ended: z.string(),
});

export const TrainingFigures = z.object({
  campaigns: z.int(),
  heldOut: z.int(),
  /** On which points the scorer works that was kept. */
  points: z.enum(['stored', 'learned']),
  untrained: z.number(),
  auc: z.number(),
  stored: Curve,
  learned: Curve.extend({ losses: z.array(z.number()) }).optional(),
  /** Why no points of its own were tried, where they were wanted. */
  unlearned: z.string().optional(),
});
export type TrainingFigures = z.infer<typeof TrainingFigures>;

/** How far a training has come. */
export interface TrainingProgress {
  readonly stage: 'attention' | 'representation' | 'attention on learned points';
  readonly epoch: number;
  readonly epochs: number;
  /** Of the last epoch; absent before the first. */
  readonly loss?: number | undefined;
  /** On items that nothing was learned from: now, untrained, and the best so far. */
  readonly auc?: number;
  readonly untrained?: number;
  readonly best?: number;
  /** Of the stage, at most. */
  readonly secondsLeft: number;
}

export type TrainingWatch = (progress: TrainingProgress) => void | Promise<void>;
