import type * as tf from '@tensorflow/tfjs';
import { torchPlaces } from './torch-places.ts';

/** A weight in PyTorch's layout. */
export interface TorchWeight {
  /** Type of the values. */
  readonly dtype: 'float32';
  /** Lengths of the dimensions as PyTorch has them. */
  readonly shape: readonly number[];
  /** The values, row major. */
  readonly data: Float32Array;
}

/**
 * The weights of a model by PyTorch's names and in its layouts: the inverse of {@link loadTorchWeights}.
 *
 * `encodeSafetensors` of `catrs/data` makes a file of them that `load_state_dict` takes. There is no `num_batches_tracked`, which PyTorch
 * does not need with its default momentum.
 *
 * @param model - convolutions, dense layers and batch normalisation.
 * @returns name → shape and values; copies, owned by the caller.
 * @throws OptionError if the model has a weight of another kind.
 * @example
 * ```ts
 * const model = lenet({ key });
 * const weights = await torchWeights(model);
 * console.log(weights.get('conv1.weight')?.shape); // [20, 1, 5, 5]
 * ```
 */
export async function torchWeights(model: tf.LayersModel): Promise<Map<string, TorchWeight>> {
  const places = torchPlaces('torchWeights', model);
  const values = await Promise.all(places.map(({ weight }) => weight.read().data()));
  return new Map(
    places.map(({ name, layout }, i) => {
      const data = new Float32Array(layout.sources.length);
      layout.sources.forEach((source, at) => (data[source] = values[i]![at]!));
      return [name, { dtype: 'float32', shape: layout.shape, data }];
    }),
  );
}
