import type { MethodPresets, PresetModel, PresetTraining, PublishedMethod, PublishedPresets } from './preset-types.ts';

type Baseline = Exclude<PublishedMethod, 'catrs'>;

const source = 'jh-jeong/smoothmix (commit cb1fd33), EXPERIMENTS.MD and the defaults of code/train*.py';
const model: PresetModel = { architecture: 'lenet' };
const training: PresetTraining = {
  epochs: 90,
  batchSize: 256,
  learningRate: 0.01,
  momentum: 0.9,
  weightDecay: 1e-4,
  stepEpochs: 30,
  gamma: 0.1,
  microBatches: 1,
  augmentation: 'none',
};
const common = { source, model };
const cut = (microBatches: number): PresetTraining => ({ ...training, microBatches });

const gaussian: MethodPresets['gaussian'] = {
  ...common,
  training,
  loss: { numNoise: 1 },
  notes: [
    'EXPERIMENTS.MD of alinlab/smoothing-catrs has 150 epochs with a drop every 50 for the Gaussian model (σ = 0.25) that gives its soft targets.',
  ],
};

const stability: MethodPresets['stability'] = { ...common, training, loss: { lambda: 2, numNoise: 1 }, notes: [] };

const smoothadv: MethodPresets['smoothadv'] = {
  ...common,
  training: cut(4),
  loss: { numNoise: 4, warmupEpochs: 10 },
  attack: { epsilon: 255 / 256, steps: 10, numNoise: 4 },
  notes: ['The command gives --epsilon 255, and the code divides by 256; here it is in input units.'],
};

const macer = (lambda: number): MethodPresets['macer'] => ({
  ...common,
  training,
  loss: { lambda, gamma: 8, beta: 16, numNoise: 16, deferredEpochs: 31 },
  notes: [
    '--deferred: the code has λ = 0 up to and including epoch 30 (lr_step_size), so λ begins with the first drop of the learning rate.',
  ],
});

const consistency = (lambda: number): MethodPresets['consistency'] => ({
  ...common,
  training: cut(2),
  loss: { lambda, eta: 0.5, mode: 'default', numNoise: 2 },
  notes: [],
});

const smoothmix = (steps: number, otherSteps: number): MethodPresets['smoothmix'] => ({
  ...common,
  training: cut(4),
  loss: { eta: 5, numNoise: 4, warmupEpochs: 10 },
  attack: { stepSize: 1, steps, mixStep: 0, numNoise: 4 },
  notes: [`Also published: η = 1 with ${otherSteps} steps, and both with mix_step 1 (one-step adversary).`],
});

const catrs: MethodPresets['catrs'] = {
  model,
  source:
    'alinlab/smoothing-catrs (commit d4bc576), EXPERIMENTS.MD, data/mnist and the defaults of code/train_catrs.py',
  training: { ...training, epochs: 150, stepEpochs: 50, microBatches: 4 },
  loss: { lambda: 1, numNoise: 4 },
  attack: { epsilon: 1, steps: 4 },
  softTargets: { sigma: 0.25, n: 10_000 },
  notes: [
    'No training command is published. λ, ε, T and M are those in the folder of the model that the MNIST-C command certifies.',
    'Epochs and rates are those of the log of the run with σ = 0.5 (data/mnist/noise_0.5/log.txt); the log for σ = 0.25 has no rows.',
  ],
};

/** MNIST, LeNet, for each σ. @internal */
export const mnistPresets: {
  readonly 0.25: PublishedPresets;
  readonly 0.5: PublishedPresets<Baseline>;
  readonly 1: PublishedPresets<Baseline>;
} = {
  0.25: {
    gaussian,
    stability,
    smoothadv,
    macer: macer(16),
    consistency: consistency(10),
    smoothmix: smoothmix(2, 3),
    catrs,
  },
  0.5: {
    gaussian,
    stability,
    smoothadv,
    macer: macer(16),
    consistency: consistency(5),
    smoothmix: smoothmix(4, 4),
  },
  1: {
    gaussian,
    stability,
    smoothadv,
    macer: macer(6),
    consistency: consistency(5),
    smoothmix: smoothmix(8, 8),
  },
};
