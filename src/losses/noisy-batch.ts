import type * as tf from '@tensorflow/tfjs';
import type { AdditiveNoise } from '../noise/types.ts';
import { assertBatch, assertBatchNoise } from '../tensors/assert-shapes.ts';
import { checkLabels } from '../tensors/labels.ts';
import type { Key } from '../types.ts';
import type { Prepared, PreparedBatch, TrainingBatch } from './types.ts';
import { copyOf } from '../tensors/own-tensor.ts';

/** Where the noise of a batch comes from when it is not given. @internal */
export interface NoiseSource {
  readonly noise: AdditiveNoise;
  readonly numNoise: number;
  readonly key: Key;
}

/** The tensors of a batch, as new ones; to be made inside `withDispose`. @internal */
export function noisyBatch(
  call: string,
  { x, labels, noise, firstImage }: Pick<TrainingBatch, 'x' | 'labels' | 'noise'> & { readonly firstImage: number },
  source: NoiseSource,
): Omit<PreparedBatch, keyof Prepared> {
  assertBatch(call, x);
  if (noise) assertBatchNoise(call, x, noise, { numNoise: source.numNoise });
  const checked = checkLabels(call, labels, x.shape[0] ?? 0);
  const drawn = (): tf.Tensor =>
    source.noise.sampleBatch({ key: source.key, numNoise: source.numNoise, shape: x.shape, first: firstImage });
  return {
    x: copyOf(x),
    labels: checked.labels,
    noise: noise ? copyOf(noise) : drawn(),
    largestLabel: checked.largest,
  };
}
