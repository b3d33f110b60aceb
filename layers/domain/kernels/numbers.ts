/** Float32 to train representations, float64 for all else, and to check gradients. */
export type Numbers = Float32Array | Float64Array;

/** Makes the arrays of a computation, of zeros: float32 to train, float64 to check gradients. */
export type Allocate = (length: number) => Numbers;
