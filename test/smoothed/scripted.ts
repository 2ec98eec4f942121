import * as tf from '@tensorflow/tfjs';
import type { LogitsFn } from '../../src/classifier/types.ts';
import type { DrawRequest, Noise } from '../../src/noise/types.ts';

/** A "noise" whose copy i of anything is the number i: with {@link votesOf} it makes any sequence of votes. */
export interface SampleIndices extends Noise {
  /** Every request it was asked. */
  readonly requests: Pick<DrawRequest, 'key' | 'start' | 'count'>[];
}

/** `fails` says which samples the sampler reports as failed. */
export function sampleIndices(fails: (sample: number) => boolean = () => false): SampleIndices {
  const requests: Pick<DrawRequest, 'key' | 'start' | 'count'>[] = [];
  return {
    name: 'sample-indices',
    parameters: {},
    norms: ['l2'],
    domain: 'real',
    requests,
    perturb: (_, request) => {
      const { key, start, count, onFailure } = request;
      requests.push({ key, start, count });
      for (let i = start; i < start + count; i++) if (fails(i)) onFailure?.(i);
      return tf.tidy(() => tf.expandDims(tf.range(start, start + count), 1));
    },
    radius: ({ p }) => p - 0.5,
  };
}

/** A classifier of the copies of {@link sampleIndices}: sample i votes for class `vote(i)`. */
export function votesOf(vote: (sample: number) => number, numClasses: number): LogitsFn {
  return (x) => {
    const samples = Array.from(x.dataSync());
    return tf.tidy(() => tf.mul(tf.cast(tf.oneHot(samples.map(vote), numClasses), 'float32'), 3));
  };
}
