/**
 * An oracle of hand-written gradients beside finite differences: jax-js, which differentiates a loss that is written naively.
 *
 * n.b. a tensor is used up by what is computed of it, unless it is passed on as its `ref`. Its tanh is right to some 10⁻⁶
 *      only, in float64 as well.
 */
import { defaultDevice, grad, init, numpy } from '@jax-js/jax';

export type Tensor = numpy.Array;

await init('wasm');
defaultDevice('wasm');

/** In float64; a vector unless a shape is given. */
export function tensorOf(values: ArrayLike<number>, shape: number[] = [values.length]): Tensor {
  return numpy.array(Float64Array.from(values), { dtype: numpy.float64, shape });
}

/** What the loss changes by each of the tensors that it is of. */
export async function gradientsOf(
  tensors: Record<string, Tensor>,
  loss: (tensors: Record<string, Tensor>) => Tensor,
): Promise<Map<string, ArrayLike<number>>> {
  const gradients = new Map<string, ArrayLike<number>>();
  for (const [name, gradient] of Object.entries(grad(loss)(tensors))) gradients.set(name, await gradient.data());
  return gradients;
}

/** As far as two gradients may be apart. */
export const AUTODIFF_ERROR = 1e-6;
