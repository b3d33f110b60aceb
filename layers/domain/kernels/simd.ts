/**
 * The kernels in WebAssembly, started when the first of them is asked for: a thread of its own has its own.
 *
 * n.b. all share one memory, which never grows and holds nothing between two calls.
 */
import { SIMD_MODULE } from './simd-module.ts';
import { startedOnce } from './web-assembly.ts';

/** Adds to C (rows×columns), from A (rows×inner) and B (inner×columns); addresses and A's steps in bytes. */
export type AddTile = (
  a: number,
  aRow: number,
  aInner: number,
  b: number,
  c: number,
  rows: number,
  inner: number,
  columns: number,
) => void;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** A·B in float32. */
  readonly add32: AddTile;
  /** A·B in float64. */
  readonly add64: AddTile;
  /** e^tanh(x) of `count` float64 numbers from an address on, in their place; an even count. */
  readonly expTanh: (at: number, count: number) => void;
}

export const simd = startedOnce<Exports>(SIMD_MODULE);
