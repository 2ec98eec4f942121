import * as tf from '@tensorflow/tfjs';
import type { LogitsFn } from '../../src/classifier/types.ts';
import type { DrawRequest, Noise } from '../../src/noise/types.ts';

/** A "noise" whose copy i of anything is the number i: with {@link votesOf} it makes any sequence of votes. */
export interface SampleIndices extends Noise {
  /** Every request it was asked. */
  readonly requests: DrawRequest[];
}

export function sampleIndices(): SampleIndices {
  const requests: DrawRequest[] = [];
  return {
    name: 'sample-indices',
    parameters: {},
    norms: ['l2'],
    domain: 'real',
    requests,
    perturb: (_, request) => {
      requests.push(request);
      return tf.tidy(() => tf.expandDims(tf.range(request.start, request.start + request.count), 1));
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
