/** Plain data as V8 writes it, which every later Node reads: between steps of one job, and for what can be made anew. */
import { deserialize, serialize } from 'node:v8';
import type { DataFormat } from '#application/ports.ts';

export const v8DataFormat: DataFormat = {
  encode: (value) => serialize(value),
  decode: (bytes) => deserialize(bytes),
};
