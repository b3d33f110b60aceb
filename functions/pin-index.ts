import * as z from 'zod';
import { pinIndex } from '#application/pin-index.ts';
import { indexLayers } from './index-layers.ts';
import { onMessage } from './message.ts';

/** A population was uploaded or forgotten; or the stack was deployed, which concerns them all. */
const Change = z.object({ detail: z.object({ population: z.string().optional() }) });

/** What stands in the catalog has changed, or the code: the functions of pinned populations follow. */
export const handler = onMessage(Change, {
  async run(ports, { detail: { population } }) {
    const layers = indexLayers();
    const populations = layers.populations.filter((each) => population === undefined || each === population);
    const outcomes: string[] = [];
    const failures: unknown[] = [];
    for (const each of populations) {
      try {
        outcomes.push(await pinIndex({ ...ports, layers }, ports.settings, each));
      } catch (error) {
        failures.push(error); // the others do not wait for this one
      }
    }
    if (failures.length > 0) throw failures[0];
    return outcomes.join(', ');
  },
});
