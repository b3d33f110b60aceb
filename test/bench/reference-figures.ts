/**
 * What an independent implementation (numpy, scipy, scikit-learn) gives on the six public sets of docs/datasets.md: macro averages of
 * AUC, precision@K and recall in the first tenth, all features binary.
 */

/** A way to rank by its column's title, and the options of `akin evaluate` that choose it. */
export interface ReferenceColumn {
  readonly title: string;
  readonly ranker: string;
  readonly choices: Readonly<Record<string, string>>;
  /** The reference compared with 1,000 seeds drawn at random where a campaign has more. */
  readonly isSampled: boolean;
  /** The reference’s solver stops early; nearer to the optimum is no contradiction. */
  readonly isFloor?: boolean;
}

export const REFERENCE_COLUMNS: readonly ReferenceColumn[] = [
  { title: 'mean cosine', ranker: 'similarity', choices: { measure: 'cosine', aggregate: 'mean' }, isSampled: false },
  { title: 'max cosine', ranker: 'similarity', choices: { measure: 'cosine', aggregate: 'max' }, isSampled: true },
  { title: 'mean Jaccard', ranker: 'similarity', choices: { measure: 'jaccard', aggregate: 'mean' }, isSampled: true },
  { title: 'IV, positive', ranker: 'information-value', choices: { filter: 'positive' }, isSampled: false },
  { title: 'IV, half', ranker: 'information-value', choices: { filter: 'half' }, isSampled: false },
  { title: 'SVD cosine', ranker: 'similarity', choices: { space: 'embedding' }, isSampled: false },
  {
    title: 'LR unit',
    ranker: 'logistic-regression',
    choices: { scaling: 'unit', strength: '1' },
    isSampled: false,
    isFloor: true,
  },
];

/** How far an AUC may be from the reference; the wider where the reference drew seeds at random. */
export const AUC_TOLERANCE = 0.002;
export const SAMPLED_AUC_TOLERANCE = 0.015;
export const SAMPLED_ABOVE_SEEDS = 1000;

/** AUC, precision@K, recall@10 %, in the order of the columns above. */
type Figures = readonly [auc: number, precision: number, recall: number];

export const REFERENCE_FIGURES: Readonly<Record<string, readonly Figures[]>> = {
  msweb: [
    [0.743, 0.0896, 0.4102],
    [0.5706, 0.0109, 0.1155],
    [0.7384, 0.0828, 0.3964],
    [0.8424, 0.138, 0.6082],
    [0.6681, 0.0499, 0.3583],
    [0.7858, 0.1006, 0.5016],
    [0.8427, 0.1357, 0.623],
  ],
  adult: [
    [0.6327, 0.1196, 0.2125],
    [0.6276, 0.0984, 0.2108],
    [0.6359, 0.1226, 0.2167],
    [0.7558, 0.1976, 0.3775],
    [0.6595, 0.1149, 0.2154],
    [0.7141, 0.1521, 0.3051],
    [0.8092, 0.2311, 0.4373],
  ],
  bank: [
    [0.6691, 0.1744, 0.2967],
    [0.6726, 0.15, 0.2924],
    [0.6697, 0.1751, 0.2991],
    [0.7993, 0.2473, 0.466],
    [0.7293, 0.1676, 0.349],
    [0.7611, 0.1973, 0.4198],
    [0.8269, 0.291, 0.5338],
  ],
  'deezer-ro': [
    [0.863, 0.189, 0.5128],
    [0.725, 0.0589, 0.25],
    [0.8591, 0.1838, 0.4965],
    [0.9031, 0.2919, 0.6317],
    [0.8961, 0.2516, 0.6108],
    [0.8872, 0.2515, 0.6195],
    [0.9198, 0.325, 0.7016],
  ],
  gowalla: [
    [0.9667, 0.219, 0.9002],
    [0.9398, 0.1333, 0.808],
    [0.9664, 0.2161, 0.9005],
    [0.9698, 0.2284, 0.9157],
    [0.6639, 0.0722, 0.4109],
    [0.9646, 0.1502, 0.9103],
    [0.9715, 0.2512, 0.927],
  ],
  retailrocket: [
    [0.9279, 0.1685, 0.8722],
    [0.9163, 0.1134, 0.8267],
    [0.9282, 0.1713, 0.8728],
    [0.9282, 0.1419, 0.8733],
    [0.5, 0.0013, 0.09],
    [0.9132, 0.0866, 0.8038],
    [0.9158, 0.1687, 0.8632],
  ],
};
