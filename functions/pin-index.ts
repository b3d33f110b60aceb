import * as z from 'zod';
import { pinIndex } from '#application/pin-index.ts';
import { isCallers } from '#application/step-failure.ts';
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
    // One that another try may mend comes first: what is refused is put away, and nothing is tried again.
    if (failures.length > 0) throw failures.find((failure) => !isCallers(failure)) ?? failures[0];
    return outcomes.join(', ');
  },
});
