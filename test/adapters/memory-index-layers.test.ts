import { memoryIndexLayers } from '#adapters/memory-index-layers.ts';
import { indexLayersContract } from '../contracts/index-layers.contract.ts';

indexLayersContract('memory', async () => {
  const layers = memoryIndexLayers(['shop', 'people']);
  return { layers, carried: layers.carried, counts: layers.counts };
});
