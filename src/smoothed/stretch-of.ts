import type * as tf from '@tensorflow/tfjs';
import type { DrawRequest, Noise } from '../noise/types.ts';
import type { Stretch } from './draw-votes.ts';

/** Samples start .. start + count − 1 of a noise around one example. @internal */
export function stretchOf(noise: Noise, x: tf.Tensor, { key, start, count }: Omit<DrawRequest, 'onFailure'>): Stretch {
  return {
    count,
    copies: (onFailure) =>
      noise.perturb(x, { key, start, count, onFailure: (sample: number) => onFailure(sample - start) }),
  };
}
