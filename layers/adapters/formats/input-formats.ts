/** The formats of files that people hand in, as the steps of an upload want them. */
import type { InputFormats } from '#application/ports.ts';
import { readIds } from './id-file.ts';
import { beginsAsJson, inputOf, isGzip, refuseUnreadable } from './input-file.ts';
import { textPieces } from './text-pieces.ts';
import { usersIn } from './user-file.ts';

export const inputFormats: InputFormats = {
  kindOf(name, head) {
    refuseUnreadable(name, head);
    if (isGzip(head)) return 'gzip';
    return beginsAsJson(new TextDecoder().decode(head)) ? 'ndjson' : 'csv';
  },

  async *users(name, source, lines) {
    if (lines) yield* usersIn({ ...(await inputOf(name, source, () => {}, 'midway')), isJson: true });
    else yield* usersIn(await inputOf(name, source));
  },

  async ids(name, source) {
    return readIds(await inputOf(name, source));
  },

  pieces: textPieces,
};
