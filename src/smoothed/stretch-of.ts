import type * as tf from '@tensorflow/tfjs';
import type { DrawRequest, Noise } from '../noise/types.ts';
import type { Stretch } from './draw-votes.ts';

/** Samples start .. start + count − 1 of a noise around one example. @internal */
export function stretchOf(noise: Noise, x: tf.Tensor, { key, start, count }: Omit<DrawRequest, 'onFailure'>): Stretch {
  const { fillCopies } = noise;
  return {
    count,
    copies: (onFailure) =>
      noise.perturb(x, { key, start, count, onFailure: (sample: number) => onFailure(sample - start) }),
    ...(fillCopies && {
      direct: {
        shape: x.shape,
        values: async () => {
          const values = (await x.data()) as Float32Array;
          const copies = new Float32Array(count * x.size);
          fillCopies.call(noise, copies, values, { key, start, dimension: x.size });
          return copies;
        },
      },
    }),
  };
}
