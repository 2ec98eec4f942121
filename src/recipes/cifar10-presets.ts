import type { MethodPresets, PresetModel, PresetTraining, PublishedPresets } from './preset-types.ts';

const source = 'alinlab/smoothing-catrs (commit d4bc576), EXPERIMENTS.MD and the defaults of code/train_*.py';
const model: PresetModel = {
  architecture: 'cifarResnet',
  depth: 110,
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.201],
};
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
const common = { source, model };
const cut = (microBatches: number): PresetTraining => ({ ...training, microBatches });

const in256ths = (option: string): string =>
  `The command gives ${option} in units of 1/256; here it is in input units.`;

const gaussian: MethodPresets['gaussian'] = { ...common, training, loss: { numNoise: 1 }, notes: [] };

const stability = (lambda: number): MethodPresets['stability'] => ({
  ...common,
  training,
  loss: { lambda, numNoise: 1 },
  notes: [],
});

const smoothadv = (numNoise: number, epsilon: number): MethodPresets['smoothadv'] => ({
  ...common,
  training: cut(numNoise),
  loss: { numNoise, warmupEpochs: 10 },
  attack: { epsilon, steps: 10, numNoise },
  notes: [in256ths('--epsilon')],
});

const macer = (lambda: number, deferredEpochs: number, notes: readonly string[]): MethodPresets['macer'] => ({
  ...common,
  training: { ...training, batchSize: 64 },
  loss: { lambda, gamma: 8, beta: 16, numNoise: 16, deferredEpochs },
  notes,
});

const consistency = (lambda: number): MethodPresets['consistency'] => ({
  ...common,
  training: cut(2),
  loss: { lambda, eta: 0.5, mode: 'default', numNoise: 2 },
  notes: [],
});

const smoothmix = (stepSize: number, mixStep: number, notes: readonly string[]): MethodPresets['smoothmix'] => ({
  ...common,
  training: cut(2),
  loss: { eta: 5, numNoise: 2, warmupEpochs: 10 },
  attack: { stepSize, steps: 4, mixStep, numNoise: 2 },
  notes,
});

const catrs = (lambda: number): MethodPresets['catrs'] => ({
  ...common,
  training: cut(4),
  loss: { lambda, numNoise: 4 },
  attack: { epsilon: 1, steps: 4 },
  softTargets: { sigma: 0.25, n: 10_000 },
  notes: [
    in256ths('--eps'),
    'The code takes the soft targets of a Gaussian-trained model at σ = 0.25 for every training σ (code/datasets.py).',
  ],
});

const mixedTwice =
  'jh-jeong/smoothmix lists commands with mix_step 0 and with mix_step 1 (one-step adversary) for every σ; this one is what CAT-RS compares with.';
const lambdas = (trained: number, certified: number): string =>
  `The training command has λ = ${trained}, the certification command reads a folder of λ = ${certified}; the log does not say which was run.`;

/** CIFAR-10, ResNet-110, for each σ. @internal */
export const cifar10Presets: { readonly [Sigma in 0.25 | 0.5 | 1]: PublishedPresets } = {
  0.25: {
    gaussian,
    stability: stability(2),
    smoothadv: smoothadv(4, 1),
    macer: macer(12, 0, [lambdas(12, 16)]),
    consistency: consistency(20),
    smoothmix: smoothmix(0.5, 0, [mixedTwice]),
    catrs: catrs(0.5),
  },
  0.5: {
    gaussian,
    stability: stability(2),
    smoothadv: smoothadv(8, 1),
    macer: macer(6, 0, [lambdas(6, 4)]),
    consistency: consistency(10),
    smoothmix: smoothmix(1, 1, [mixedTwice]),
    catrs: catrs(1),
  },
  1: {
    gaussian,
    stability: stability(1),
    smoothadv: smoothadv(2, 2),
    macer: macer(12, 51, ['--deferred: the code has λ = 0 up to and including epoch 50 (lr_step_size).']),
    consistency: consistency(10),
    smoothmix: smoothmix(2, 1, [mixedTwice, 'No certification log of this run is published.']),
    catrs: catrs(2),
  },
};
