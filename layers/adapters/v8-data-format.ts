/** Plain data as V8 writes it: between steps of one job, which run the same Node; nothing that is kept. */
import { deserialize, serialize } from 'node:v8';
import type { DataFormat } from '#application/ports.ts';

export const v8DataFormat: DataFormat = {
  encode: (value) => serialize(value),
  decode: (bytes) => deserialize(bytes),
};
