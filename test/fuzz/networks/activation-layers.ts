import type { Draws } from '../draws.ts';
import type { LayerKind } from './step.ts';
import { between } from './step.ts';

/** The activations of `tf.layers`, by the names that settings give them. */
export const activations = [
  'elu',
  'selu',
  'relu',
  'relu6',
  'linear',
  'sigmoid',
  'hardSigmoid',
  'softplus',
  'softsign',
  'tanh',
  'softmax',
  'logSoftmax',
  'gelu',
  'gelu_new',
  'mish',
  'swish',
] as const;

/** Most often none or relu, as in the networks that people have. */
export const drawActivation = (draws: Draws): (typeof activations)[number] =>
  draws.oneIn(2) ? draws.pick(['linear', 'relu']) : draws.pick(activations);

const anyRank = [1, 2, 3, 4];
const tenths = (draws: Draws, least: number, most: number): number => between(draws, 10 * least, 10 * most) / 10;

/** Layers that work on each number, or on each row of the last axis. */
export const activationLayers: Readonly<Record<string, LayerKind>> = {
  activation: { ranks: anyRank, draw: (draws) => ({ config: { activation: draws.pick(activations) } }) },
  elu: { ranks: anyRank, draw: () => ({ config: {} }) },
  reLU: { ranks: anyRank, draw: (draws) => ({ config: draws.oneIn(2) ? { maxValue: tenths(draws, 0.5, 3) } : {} }) },
  leakyReLU: { ranks: anyRank, draw: (draws) => ({ config: { alpha: tenths(draws, 0, 1) } }) },
  thresholdedReLU: { ranks: anyRank, first: true, draw: (draws) => ({ config: { theta: tenths(draws, 0, 1) } }) },
  prelu: {
    ranks: anyRank,
    draw: (draws, shape) => {
      const axes = shape.map((_extent, i) => i + 1).filter(() => draws.oneIn(2));
      return { config: axes.length > 0 ? { sharedAxes: axes } : {} };
    },
  },
  softmax: { ranks: anyRank, draw: () => ({ config: { axis: -1 } }) },
  dense: {
    ranks: anyRank,
    draw: (draws) => ({
      config: { units: between(draws, 1, 9), useBias: !draws.oneIn(4), activation: drawActivation(draws) },
    }),
  },
  batchNormalization: {
    ranks: [1, 2, 3],
    draw: (draws, shape) => ({
      config: {
        ...(draws.oneIn(3) ? { axis: between(draws, 1, shape.length) } : {}),
        scale: !draws.oneIn(4),
        center: !draws.oneIn(4),
      },
    }),
  },
  layerNormalization: {
    ranks: [1, 2, 3],
    draw: (draws, shape) => ({
      config: {
        ...(draws.oneIn(3) ? { axis: between(draws, 1, shape.length) } : {}),
        scale: !draws.oneIn(4),
        center: !draws.oneIn(4),
      },
    }),
  },
  rescaling: {
    ranks: anyRank,
    draw: (draws) => ({ config: { scale: tenths(draws, -2, 2), offset: tenths(draws, -1, 1) } }),
  },
  // In inference these give back what they get.
  dropout: { ranks: anyRank, draw: () => ({ config: { rate: 0.5 } }) },
  alphaDropout: { ranks: anyRank, draw: () => ({ config: { rate: 0.5 } }) },
  gaussianDropout: { ranks: anyRank, draw: () => ({ config: { rate: 0.5 } }) },
  gaussianNoise: { ranks: anyRank, draw: () => ({ config: { stddev: 0.5 } }) },
  spatialDropout1d: { ranks: [2], draw: () => ({ config: { rate: 0.5 } }) },
};
