/** Index layers and pinned functions in the memory of this process: the twin of those in AWS that tests can see through. */
import { Conflict } from '#application/errors.ts';
import type { IndexLayers } from '#application/ports.ts';

export interface MemoryIndexLayers extends IndexLayers {
  /** The names of the files that the function which takes the calls carries. */
  readonly carried: (population: string) => readonly string[];
  /** How many layers, and functions that carry one, are there. */
  readonly counts: (population: string) => { readonly layers: number; readonly functions: number };
}

interface Layer {
  readonly id: string;
  readonly mark: string;
  readonly names: readonly string[];
}

interface Pinned {
  layers: Layer[];
  /** What took the calls, one after the other. */
  released: (Layer | undefined)[];
  revision: number;
}

export function memoryIndexLayers(populations: readonly string[], roomBytes = 1e6): MemoryIndexLayers {
  const pinned = new Map<string, Pinned>();
  let made = 0;
  const at = (population: string) => {
    const found = pinned.get(population) ?? { layers: [], released: [undefined], revision: 0 };
    pinned.set(population, found);
    return found;
  };
  return {
    populations,
    roomBytes,
    revision: async (population) => String(at(population).revision),
    find: async (population, mark) => at(population).layers.find((layer) => layer.mark === mark)?.id,
    async publish(population, mark, files, read) {
      for (const file of files) await read(file);
      const id = `layer ${++made}`;
      at(population).layers.push({ id, mark, names: files.map(({ name }) => name) });
      return id;
    },
    async release(population, id, revision) {
      const { layers, released, revision: standing } = at(population);
      if (String(standing) !== revision) throw new Conflict('another function took the calls first');
      const layer = layers.find((each) => each.id === id);
      if (id !== undefined && !layer) throw new Error(`expected a layer that is there, got ${id}`);
      if (released.at(-1) === layer) return;
      released.push(layer);
      at(population).revision++;
    },
    async prune(population) {
      const state = at(population);
      const live = state.released.at(-1);
      state.released = live ? state.released.slice(-2) : [live];
      state.layers = state.layers.filter((layer) => state.released.includes(layer));
    },
    carried: (population) => at(population).released.at(-1)?.names ?? [],
    counts(population) {
      const { layers, released } = at(population);
      return { layers: layers.length, functions: released.filter((layer) => layer !== undefined).length };
    },
  };
}
