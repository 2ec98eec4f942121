import * as tf from '@tensorflow/tfjs';
import { ablationRadius, allAblationsRadius } from '../../src/noise/ablation-radius.ts';
import type { DeterministicNoise, Noise } from '../../src/noise/types.ts';
import type { Norm } from '../../src/types.ts';

/** Two of 20 positions: 0 changes need p > 1/2, then 0.6, 0.7, 0.78, ... */
export const countingLaw = { positions: 20, keep: 2 } as const;

/** A noise whose radius is a number of changes, by the law of an ablation; what it draws is the input itself. */
export function countingNoise(norm: Norm): Noise {
  return {
    name: 'counting',
    parameters: { ...countingLaw, positions: 20, kind: norm, ordered: false, sizes: [1, 2] },
    norms: [norm],
    domain: 'binary',
    assumptions: ['uniform bits'],
    perturb: (x, { count }) => tf.tile(tf.expandDims(x), [count, ...x.shape.map(() => 1)]),
    fillCopies: (out, x) => {
      for (let i = 0; i < out.length; i += x.length) out.set(x, i);
    },
    radius: (bound) => ablationRadius(countingLaw, bound),
    radiusAgainst: (lower, others, k) => ablationRadius(countingLaw, lower, others, k),
  };
}

/** All copies of such a noise: 190 of them. */
export function countedCopies(norm: Norm): DeterministicNoise {
  return {
    name: 'counted-copies',
    parameters: { ...countingLaw, kind: norm },
    norms: [norm],
    domain: 'real',
    assumptions: ['deterministic classifier independent of the batch'],
    copies: 190,
    perturb: (x, { count }) => tf.tile(tf.expandDims(x), [count, ...x.shape.map(() => 1)]),
    radius: (counts, label) => allAblationsRadius(countingLaw, counts, label),
  };
}
