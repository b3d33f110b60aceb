/** Float32 to train representations, float64 for all else, and to check gradients. */
export type Numbers = Float32Array | Float64Array;
