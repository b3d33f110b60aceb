/** A file that somebody dropped, as a source of bytes. */
import { NotFound } from './errors.ts';
import type { ObjectStore, Source } from './ports.ts';

export function sourceOf(objects: ObjectStore, name: string, start = 0): Source {
  return async () => {
    const stream = await objects.stream(name, start);
    if (stream) return stream;
    throw new NotFound(`${name}: expected the file that was dropped, but it is gone`);
  };
}
