/**
 * Every number that the digits example depends on, in three presets.
 *
 * They were chosen on the validation digits with search.ts, never on the evaluation digits.
 */
import { GaussianNoise } from 'catrs';
import { clopperPearsonLowerBound } from 'catrs/stats';
import { PIXELS } from './data.ts';

/** The settings of one comparison of Gaussian training and CAT-RS. */
export interface Settings {
  /** Standard deviation of the noise, for training and certification; pixels are in [0, 1]. */
  readonly sigma: number;
  /** Training digits; at most 8000. */
  readonly trainingDigits: number;
  /** Epochs of Gaussian training that both methods start from. */
  readonly pretrainingEpochs: number;
  /** Epochs that each method then takes on its own: the same number for both. */
  readonly furtherEpochs: number;
  /** Images in one training step. */
  readonly batchSize: number;
  /** Learning rate of the pre-training. */
  readonly learningRate: number;
  /** Learning rate of the further epochs of both methods. */
  readonly furtherLearningRate: number;
  /** Momentum of the optimizer, everywhere. */
  readonly momentum: number;
  /** CAT-RS: noisy copies of each image, M. */
  readonly numNoise: number;
  /** CAT-RS: how far the attack may move a noise, in the l2 norm. */
  readonly epsilon: number;
  /** CAT-RS: gradient steps of the attack. */
  readonly steps: number;
  /** CAT-RS: weight of the worst-case term. */
  readonly lambda: number;
  /** CAT-RS: votes of the pre-trained model for the soft target of one training digit. */
  readonly softTargetVotes: number;
  /** CAT-RS: standard deviation of the noise of those votes; the official code uses 0.25 whatever `sigma` is. */
  readonly softTargetSigma: number;
  /** Digits to certify; at most 1000. */
  readonly evaluationDigits: number;
  /** Certification: votes that select the class. */
  readonly n0: number;
  /** Certification: votes that estimate its probability. */
  readonly n: number;
  /** Certification: allowed probability of a wrong certificate, for each digit. */
  readonly alpha: number;
}

/** Name of a preset. */
export type PresetName = 'default' | 'full' | 'fast';

const defaults: Settings = {
  sigma: 0.5,
  trainingDigits: 1000,
  pretrainingEpochs: 20,
  furtherEpochs: 16,
  batchSize: 64,
  learningRate: 0.01,
  furtherLearningRate: 0.01,
  momentum: 0.9,
  numNoise: 2,
  epsilon: 1,
  steps: 2,
  lambda: 2,
  softTargetVotes: 20,
  softTargetSigma: 0.5,
  evaluationDigits: 400,
  n0: 100,
  n: 1000,
  alpha: 0.001,
};

/** `default`: under 5 minutes on two cores; `full`: up to 40 minutes; `fast`: seconds, shows that everything runs, and nothing else. */
export const presets: Readonly<Record<PresetName, Settings>> = {
  default: defaults,
  full: {
    ...defaults,
    trainingDigits: 2000,
    pretrainingEpochs: 30,
    furtherEpochs: 30,
    numNoise: 4,
    steps: 4,
    softTargetVotes: 100,
    evaluationDigits: 400,
    n: 5000,
  },
  fast: {
    ...defaults,
    sigma: 0.25,
    softTargetSigma: 0.25,
    trainingDigits: 160,
    pretrainingEpochs: 2,
    furtherEpochs: 1,
    batchSize: 32,
    learningRate: 0.05,
    softTargetVotes: 8,
    evaluationDigits: 12,
    n0: 20,
    n: 100,
  },
};

/** How long a preset takes on two cores, for the first line of the output. */
export const durations: Readonly<Record<PresetName, string>> = {
  default: 'about 3 minutes',
  full: 'about 20 minutes, up to 40',
  fast: 'a few seconds',
};

/** Radii of the table: multiples of 0.5 (of 0.25 where sigma is small), up to the largest that `n` votes can certify. */
export function tableRadii({ sigma, n, alpha }: Settings): number[] {
  const noise = new GaussianNoise({ sigma });
  const largest = noise.radius(clopperPearsonLowerBound(n, n, alpha), { norm: 'l2', dimension: PIXELS });
  const step = sigma < 0.75 ? 0.25 : 0.5;
  return Array.from({ length: Math.floor(largest / step) + 1 }, (_, i) => i * step);
}
