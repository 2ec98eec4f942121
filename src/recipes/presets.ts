import { ownData } from '../host/own-data.ts';
import { cifar10Presets } from './cifar10-presets.ts';
import { mnistPresets } from './mnist-presets.ts';
import type { PresetModel, PresetTraining, PublishedPresets } from './preset-types.ts';

/** Published settings by data set and σ. */
export interface Presets {
  /** CIFAR-10, ResNet-110: all methods at all three σ. */
  readonly cifar10: {
    /** σ = 0.25. */
    readonly 0.25: PublishedPresets;
    /** σ = 0.5. */
    readonly 0.5: PublishedPresets;
    /** σ = 1. */
    readonly 1: PublishedPresets;
  };
  /** CIFAR-100, ResNet-110: only Gaussian training, for soft targets; of the other methods no options are published. */
  readonly cifar100: {
    /** σ = 0.25. */
    readonly 0.25: PublishedPresets<'gaussian'>;
  };
  /** MNIST, LeNet: six methods at all three σ, and CAT-RS at 0.25 as far as it is published (see its notes). */
  readonly mnist: {
    /** σ = 0.25. */
    readonly 0.25: PublishedPresets;
    /** σ = 0.5. */
    readonly 0.5: PublishedPresets<'gaussian' | 'stability' | 'smoothadv' | 'macer' | 'consistency' | 'smoothmix'>;
    /** σ = 1. */
    readonly 1: PublishedPresets<'gaussian' | 'stability' | 'smoothadv' | 'macer' | 'consistency' | 'smoothmix'>;
  };
  /** Fashion-MNIST, LeNet: only Gaussian training, for soft targets; of the other methods no options are published. */
  readonly fmnist: {
    /** σ = 0.25. */
    readonly 0.25: PublishedPresets<'gaussian'>;
  };
  /** ImageNet, ResNet-50: CAT-RS at σ = 1, and the Gaussian training for its soft targets. */
  readonly imagenet: {
    /** σ = 0.25. */
    readonly 0.25: PublishedPresets<'gaussian'>;
    /** σ = 1. */
    readonly 1: PublishedPresets<'catrs'>;
  };
}

const source = 'alinlab/smoothing-catrs (commit d4bc576), EXPERIMENTS.MD and the defaults of code/train_*.py';
const training: PresetTraining = {
  epochs: 150,
  batchSize: 256,
  learningRate: 0.1,
  momentum: 0.9,
  weightDecay: 1e-4,
  stepEpochs: 50,
  gamma: 0.1,
  microBatches: 1,
  augmentation: 'crop-and-flip',
};
const imagenetTraining: PresetTraining = {
  ...training,
  epochs: 90,
  stepEpochs: 30,
  augmentation: 'resized-crop-and-flip',
};
const cifar100Model: PresetModel = {
  architecture: 'cifarResnet',
  depth: 110,
  mean: [0.5071, 0.4867, 0.4408],
  std: [0.2675, 0.2565, 0.2761],
};
const resnet50: PresetModel = { architecture: 'resnet50', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/**
 * The settings of the published experiments, as plain frozen data to be spread into options: `presets.<data set>[<σ>].<method>`.
 *
 * Only what the authors' repositories state is here; a method without published settings is undefined, by type too. What documents, code and
 * logs disagree on is in `notes`. Lengths are in input units, with pixels in [0, 1].
 *
 * The published runs drop the learning rate one epoch later than their options say (`stepDecay` with the timing `'published'`), and make one
 * optimizer step for each of `training.microBatches` parts of a batch (`microBatches`).
 *
 * @see alinlab/smoothing-catrs and jh-jeong/smoothmix, EXPERIMENTS.MD
 * @example
 * ```ts
 * import { presets, Sgd } from 'catrs/recipes';
 *
 * const { loss: options, attack, training } = presets.cifar10[0.25].catrs;
 * const catRs = new ConfidenceAwareLoss(model, { noise, attack: new NoisePgd(attack), ...options });
 * const { learningRate, momentum, weightDecay } = training;
 * const sgd = new Sgd({ learningRate, momentum, weightDecay });
 * ```
 */
export const presets: Presets = /* @__PURE__ */ ownData({
  cifar10: cifar10Presets,
  cifar100: {
    0.25: { gaussian: { source, model: cifar100Model, training, loss: { numNoise: 1 }, notes: [] } },
  },
  mnist: mnistPresets,
  fmnist: {
    0.25: {
      gaussian: {
        source,
        model: { architecture: 'lenet' },
        training: { ...training, learningRate: 0.01, augmentation: 'none' },
        loss: { numNoise: 1 },
        notes: [
          'The log of the Gaussian run (data/fmnist/noise_0.25/cohen/log.txt) has 90 epochs, with drops at 31 and 61: every 30 epochs, not 50.',
          'The soft targets are read from test/smooth_prediction/fmnist/0, the documented command writes them to test/smooth_prediction/fmnist/cohen/0.',
        ],
      },
    },
  },
  imagenet: {
    0.25: {
      gaussian: {
        source,
        model: resnet50,
        training: imagenetTraining,
        loss: { numNoise: 1 },
        notes: [
          'The soft targets are read from test/smooth_prediction/imagenet/cohen/0, the documented command writes them to test/smooth_prediction/resnet50/cohen/0.',
        ],
      },
    },
    1: {
      catrs: {
        source,
        model: resnet50,
        training: { ...imagenetTraining, microBatches: 2, rateDropEpoch: 85 },
        loss: { lambda: 2, numNoise: 2, confidenceMask: true, epsilonSchedule: [{ epoch: 80, factor: 2 }] },
        attack: { epsilon: 1, steps: 1 },
        softTargets: { sigma: 0.25, n: 10_000 },
        notes: [
          'The command gives --eps in units of 1/256; here it is in input units.',
          '--lr_drop 85 lowers the rate in epoch 85 alone: the scheduler sets it back at the end of the epoch (`rateDrop`, timing published).',
          '--warmup 80 is no ramp: from epoch 80 on the attack has 2ε.',
          'The command has --num_noise_vec, which the script refuses; its option is --num-noise-vec.',
        ],
      },
    },
  },
});
