/**
 * Run by Node in a folder that has no node_modules, as a function is run in Lambda: builds a graph of planted points, reads the graph
 * in the given file (which it writes where there is none), and prints who is near in both, and which files it took for hnswlib-node.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const DIMENSIONS = 8;
const POINTS = 500;
const QUERIES = 25;
const K = 10;
const SEED = 7;

const [graphFile] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const { HierarchicalNSW }: typeof import('hnswlib-node') = require('hnswlib-node');

let state = SEED;
const points = Array.from({ length: POINTS + QUERIES }, () => Array.from({ length: DIMENSIONS }, coordinate));

const built = new HierarchicalNSW('l2', DIMENSIONS);
built.initIndex(POINTS, 16, 200, SEED);
points.slice(0, POINTS).forEach((point, row) => {
  built.addPoint(point, row);
});
if (!existsSync(graphFile)) built.writeIndexSync(graphFile);
const read = new HierarchicalNSW('l2', DIMENSIONS);
read.readIndexSync(graphFile);

const answers = (graph: typeof built) => points.slice(POINTS).map((query) => graph.searchKnn(query, K));
console.log(JSON.stringify({ built: answers(built), read: answers(read), files: Object.keys(require.cache) }));

/** Whole numbers below 2³¹ over 2³¹: the same on every processor. */
function coordinate(): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
  return state / 2 ** 31;
}
