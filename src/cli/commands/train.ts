import { smoothedClassifierOptions } from '../../smoothed/call-options.ts';
import { type CliCommand, cliCommand } from '../command.ts';
import {
  backendOptions,
  jsonOptions,
  modelFormOptions,
  noiseOptions,
  trainingData,
  workerOptions,
  shownSelection,
} from '../common-options.ts';
import { noiseChoiceOptions, noiseFieldNames } from '../noise-options.ts';
import type { OptionsOf } from '../options.ts';

/** Sigma of Gaussian noise, where it is not given. @internal */
export const TRAIN_SIGMA = 0.25;

/** Which images are trained on. */
const imageOptions = {
  skip: { flags: '--skip <count>', help: 'train on every count-th image', kind: 'positive' },
  max: { flags: '--max <count>', help: 'train on at most so many images', kind: 'positive' },
} as const;

const methodOption = {
  method: {
    flags: '--method <name>',
    help: 'training method',
    choices: ['gaussian', 'stability', 'smoothadv', 'macer', 'consistency', 'smoothmix', 'catrs', 'copies'],
    required: true,
  },
} as const;

const runOptions = {
  preset: {
    flags: '--preset <data>',
    help: 'published settings of the method for',
    choices: ['mnist', 'fmnist', 'cifar10', 'cifar100'],
  },
  softTargets: { flags: '--soft-targets <file>', help: 'NPY file of catrs soft-targets, for --method catrs' },
} as const;

const networkOptions = {
  arch: {
    flags: '-a, --arch <name>',
    help: 'lenet or resnet<depth> (resnet20, resnet110; 18, 34, 50, 101, 152: those for ImageNet)',
  },
  normalize: {
    flags: '--normalize <data>',
    help: 'first layer of a resnet',
    choices: ['cifar10', 'cifar100', 'imagenet'],
  },
  classes: {
    flags: '--classes <count|file>',
    help: 'number of classes (default: the largest label + 1), or a file with their names in the order of the model',
    kind: 'countOrFile',
  },
  init: {
    flags: '--init <model>',
    help: 'start from this model (model.json or its folder), in place of --arch; or from weights (.pth), with --arch',
  },
  stateDict: {
    flags: '--state-dict <name>',
    help: 'the state dict in a .pth file, by its keys joined by dots (default: the usual or only one)',
  },
  output: {
    flags: '--output <kind>',
    help: 'what the trained model of --init returns (default: logits, so a softmax or sigmoid at its end is taken off)',
    choices: ['logits', 'probabilities'],
  },
} as const;

/** How images reach the network. */
const inputOptions: Pick<typeof modelFormOptions, 'layout' | 'mean' | 'std'> = {
  layout: modelFormOptions.layout,
  mean: modelFormOptions.mean,
  std: modelFormOptions.std,
};

const loopOptions = {
  epochs: { flags: '-e, --epochs <count>', help: 'passes over the data', kind: 'positive' },
  batchSize: { flags: '--batch-size <count>', help: 'images of a batch', kind: 'positive' },
  learningRate: { flags: '--learning-rate <number>', help: 'of SGD', kind: 'number' },
  momentum: { flags: '--momentum <number>', help: 'of SGD', kind: 'number' },
  weightDecay: { flags: '--weight-decay <number>', help: 'of SGD', kind: 'number' },
  lrEvery: {
    flags: '--lr-every <epochs>',
    help: 'epochs between two drops of the learning rate; 0: none',
    kind: 'count',
  },
  lrGamma: { flags: '--lr-gamma <number>', help: 'factor of a drop', kind: 'number' },
  microBatches: { flags: '--micro-batches <count>', help: 'parts of a batch, one step each', kind: 'positive' },
  augment: { flags: '--augment <kind>', help: 'of the images', choices: ['none', 'crop-and-flip'] },
} as const;

const methodOptions = {
  numNoise: { flags: '--num-noise <count>', help: 'noisy copies of an image', kind: 'positive' },
  lambda: {
    flags: '--lambda <number>',
    help: 'stability, macer, consistency, catrs: weight of the second term',
    kind: 'number',
  },
  eta: { flags: '--eta <number>', help: 'consistency, smoothmix: weight', kind: 'number' },
  epsilon: {
    flags: '--epsilon <number>',
    help: 'smoothadv, smoothmix, catrs: length of the attack',
    kind: 'number',
  },
  attackSteps: {
    flags: '--attack-steps <count>',
    help: 'smoothadv, smoothmix, catrs: steps of the attack',
    kind: 'positive',
  },
  stepSize: { flags: '--step-size <number>', help: 'smoothadv, smoothmix, catrs: length of a step', kind: 'number' },
  mixStep: { flags: '--mix-step <count>', help: 'smoothmix: steps to the clean image', kind: 'count' },
  warmupEpochs: {
    flags: '--warmup-epochs <count>',
    help: 'smoothadv, smoothmix: epochs until full strength',
    kind: 'count',
  },
  deferredEpochs: {
    flags: '--deferred-epochs <count>',
    help: 'macer: epochs before its second term',
    kind: 'count',
  },
  confidenceMask: { flags: '--confidence-mask', help: 'catrs: confidence from the soft targets' },
} as const;

/** Options that belong to some methods only. @internal */
export type MethodOptions = OptionsOf<typeof methodOptions>;

const evaluationOptions = {
  eval: {
    flags: '--eval <path>',
    help: 'images for the accuracy after each epoch (default: the first 1000 of --data)',
  },
  evalLabels: { flags: '--eval-labels <path>', help: 'their labels, for IDX and NPY images' },
} as const;

const outOptions = {
  out: {
    flags: '-o, --out <folder>',
    help: 'for model.json, checkpoint.safetensors and scalars.jsonl',
    required: true,
  },
  resume: { flags: '-r, --resume', help: 'go on with the run in --out, to the same bits' },
} as const;

/** The options of `catrs train`. @internal */
export type TrainOptions = OptionsOf<
  typeof trainingData &
    typeof imageOptions &
    typeof methodOption &
    typeof runOptions &
    typeof noiseChoiceOptions &
    typeof networkOptions &
    typeof inputOptions &
    typeof backendOptions &
    typeof loopOptions &
    typeof methodOptions &
    typeof evaluationOptions &
    typeof outOptions &
    typeof workerOptions &
    Pick<typeof noiseOptions, 'seed' | 'inputRange'> &
    typeof jsonOptions
>;

/** Sigma has a default here. */
const sigmaOption = {
  ...noiseChoiceOptions.sigma,
  help: `gaussian: standard deviation, in input units (default: ${TRAIN_SIGMA}); shift: in pixels (needed)`,
};

/** What holds without a preset. @internal */
export const TRAIN_DEFAULTS = { batchSize: 64, learningRate: 0.01, momentum: 0.9, weightDecay: 0.0001 } as const;

/** `catrs train`. @internal */
export const trainCommand: CliCommand<TrainOptions> = cliCommand({
  name: 'train',
  description: 'Train a classifier for smoothing, into a folder.',
  groups: [
    ['Data', { ...trainingData, ...imageOptions, inputRange: noiseOptions.inputRange }],
    ['Network', { ...networkOptions, ...inputOptions, ...backendOptions }],
    ['Method', { ...methodOption, ...runOptions, ...methodOptions }],
    ['Noise', { ...noiseChoiceOptions, sigma: sigmaOption }],
    ['Loop', loopOptions],
    ['Accuracy', evaluationOptions],
    [
      'Run',
      {
        ...outOptions,
        workers: { ...workerOptions.workers, help: 'threads that share each step' },
        seed: noiseOptions.seed,
        ...jsonOptions,
      },
    ],
  ],
  library: { skip: shownSelection.skip, inputRange: smoothedClassifierOptions.defaults.inputRange },
  names: { ...noiseFieldNames, steps: 'attackSteps', stepEpochs: 'lrEvery', gamma: 'lrGamma', augmentation: 'augment' },
  ending: `What is not given comes from --preset, else: batches of ${TRAIN_DEFAULTS.batchSize}, learning rate ${TRAIN_DEFAULTS.learningRate}, momentum ${TRAIN_DEFAULTS.momentum}, weight decay ${TRAIN_DEFAULTS.weightDecay}, and for
the method the settings that are published for CIFAR-10 at sigma 0.25.

Example:
  catrs train --data mnist/ --arch lenet --method catrs --sigma 0.25 --epochs 10 --out runs/catrs`,
});
