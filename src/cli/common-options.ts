import { type DatasetSelection, SELECTION_DEFAULTS } from '../data/dataset-selection.ts';
import { denoiserOptions } from './denoiser-options.ts';
import type { OptionsOf } from './options.ts';

/** Which data: of all commands that need some. @internal */
export const dataOptions = {
  data: {
    flags: '-d, --data <path>',
    help: 'images: IDX, CIFAR binary, NPY or NPZ file, or a folder with such files or with images; a table (.csv, .tsv) with --target (see the guide)',
    required: true,
  },
} as const;

/** How the data are read. @internal */
export const dataFormOptions = {
  labels: {
    flags: '--labels <file>',
    help: 'labels, in place of those of the data: IDX, NPY, NPZ, or text (a label, or a file name and its label, a line)',
  },
  format: {
    flags: '--format <name>',
    help: 'format of the data; auto goes by the content',
    choices: ['auto', 'idx', 'cifar10', 'cifar100', 'npy', 'npz', 'png', 'jpeg'],
    fallback: 'auto',
  },
  xName: { flags: '--x-name <name>', help: 'array of the images in an NPZ file' },
  yName: { flags: '--y-name <name>', help: 'array of the labels in an NPZ file' },
  target: { flags: '--target <columns>', help: 'columns of a table (.csv, .tsv) that are what is true, by name' },
  features: {
    flags: '--features <columns>',
    help: 'columns of a table that are the input (default: all others of numbers)',
  },
} as const;

/** The parts that a folder or an archive can hold. */
const split = { flags: '--split <name>', choices: ['train', 'val', 'test'] } as const;
const partsHelp = 'part of a folder or archive that holds several';

/** How images of folders are brought to one size. */
const sizeOptions = {
  resize: { flags: '--resize <pixels>', help: 'resize images of a folder: their shorter side', kind: 'positive' },
  crop: { flags: '--crop <pixels>', help: 'keep the square in the middle of images of a folder', kind: 'positive' },
} as const;

/** Names of the classes. @internal */
export const classOptions = {
  classes: {
    flags: '--classes <file>',
    help: 'names of the classes in the order of the model: a name a line, or JSON',
  },
} as const;

/** How images are read, their classes aside. */
type ImageForm = typeof dataFormOptions & typeof sizeOptions & { split: typeof split & { help: string } };

/** How the data that are certified, attacked or predicted are read. @internal */
export const testDataForm: ImageForm & typeof classOptions = {
  ...dataFormOptions,
  split: { ...split, help: `${partsHelp} (default: test)` },
  ...sizeOptions,
  ...classOptions,
};

/** Data that are certified, attacked or predicted. @internal */
export const testData: typeof dataOptions & typeof testDataForm = { ...dataOptions, ...testDataForm };

/** Data that are trained on. @internal */
export const trainingData: typeof dataOptions & ImageForm = {
  ...dataOptions,
  ...dataFormOptions,
  split: { ...split, help: `${partsHelp} (default: train)` },
  ...sizeOptions,
};

/** @internal */
export type DataOptions = OptionsOf<typeof testData>;

/** Which classifier. @internal */
export const modelOptions = {
  model: {
    flags: '-m, --model <path>',
    help: 'a folder with model.json, a model.json, a .onnx file, or a .pth file of PyTorch with --arch',
    required: true,
  },
} as const;

const readingOptions = {
  arch: {
    flags: '--arch <name>',
    help: 'the network of a .pth file: lenet or resnet<depth> (18, 34, 50, 101, 152: those for ImageNet)',
  },
  stateDict: {
    flags: '--state-dict <name>',
    help: 'the state dict in a .pth file, by its keys joined by dots (default: the usual or only one)',
  },
  output: {
    flags: '--output <kind>',
    help: 'what the model returns: of one unit, two classes',
    choices: ['logits', 'probabilities'],
    fallback: 'logits',
  },
  outputName: {
    flags: '--output-name <name>',
    help: 'output of an ONNX file (default: the only one of floats with two axes)',
  },
} as const;

const inputOptions = {
  layout: {
    flags: '--layout <order>',
    help: 'order of image axes that the model wants (default: what its shape says, else that of the data)',
    choices: ['nhwc', 'nchw'],
  },
  mean: {
    flags: '--mean <list>',
    help: 'subtracted from noisy images, in units of the input range: one number, or one a channel',
    kind: 'numbers',
  },
  std: {
    flags: '--std <list>',
    help: 'what is left is divided by it: one number, or one a channel',
    kind: 'numbers',
  },
} as const;

/** How the classifier is read and run. @internal */
export const modelFormOptions: typeof readingOptions & typeof denoiserOptions & typeof inputOptions = {
  ...readingOptions,
  ...denoiserOptions,
  ...inputOptions,
};

/** What runs a model. @internal */
export const backendOptions = {
  backend: {
    flags: '--backend <name>',
    help: 'engine; auto: the first of onnxruntime, tensorflow, wasm and cpu that is installed and computes what cpu does',
    choices: ['auto', 'tensorflow', 'onnxruntime', 'wasm', 'webgpu', 'cpu'],
    fallback: 'auto',
  },
} as const;

/** A classifier and how it is read and run. @internal */
export const classifierOptions: typeof modelOptions & typeof modelFormOptions & typeof backendOptions = {
  ...modelOptions,
  ...modelFormOptions,
  ...backendOptions,
};

/** @internal */
export type ModelOptions = OptionsOf<typeof classifierOptions>;

/** The options of a classifier alone, as a thread gets them. @internal */
export function modelOptionsOf(settings: ModelOptions): ModelOptions {
  const names = Object.keys(classifierOptions) as (keyof ModelOptions)[];
  return Object.fromEntries(names.map((name) => [name, settings[name]])) as unknown as ModelOptions;
}

/** @internal */
export type BackendName = (typeof backendOptions.backend.choices)[number];

/** What runs a model. @internal */
export type EngineName = Exclude<BackendName, 'auto'>;

/** The noise and how many copies are drawn. @internal */
export const noiseOptions = {
  sigma: {
    flags: '-s, --sigma <number>',
    help: 'standard deviation of the Gaussian noise, in units of the input range: one for all values, or a list or file of one for each',
    kind: 'scales',
    required: true,
  },
  n: { flags: '-n, --n <count>', help: 'noisy copies of an image', kind: 'positive' },
  seed: {
    flags: '--seed <number>',
    help: 'seed of the key that drives all draws',
    kind: 'count',
    fallback: 0,
  },
  batchSize: {
    flags: '--batch-size <count>',
    help: 'noisy copies per forward pass: speed and memory, never a result',
    kind: 'positive',
  },
  inputRange: {
    flags: '--input-range <low,high>',
    help: 'smallest and largest input value: sigma and radius are in its units',
    kind: 'range',
  },
} as const;

/** How many copies are drawn, of which key and how, whatever the noise. @internal */
export const drawOptions: Omit<typeof noiseOptions, 'sigma'> = {
  n: noiseOptions.n,
  seed: noiseOptions.seed,
  batchSize: noiseOptions.batchSize,
  inputRange: noiseOptions.inputRange,
};

/** @internal */
export const alphaOptions = {
  alpha: { flags: '--alpha <number>', help: 'allowed probability of a wrong answer', kind: 'number' },
} as const;

const shardOption = {
  shard: { flags: '--shard <i/m>', help: 'take part i, from 0, of m parts of the run', kind: 'shard' },
} as const;

/** Which images. @internal */
export const selectionOptions = {
  start: { flags: '--start <index>', help: 'index of the first image', kind: 'count' },
  skip: { flags: '--skip <count>', help: 'take every count-th image', kind: 'positive' },
  max: { flags: '--max <count>', help: 'take at most so many images, over all shards', kind: 'positive' },
} as const;

/** The defaults of the library that the help shows. @internal */
export const shownSelection: Pick<DatasetSelection, 'start' | 'skip'> = {
  start: SELECTION_DEFAULTS.start,
  skip: SELECTION_DEFAULTS.skip,
};

/** Which images of which shard. @internal */
export const shardedOptions: typeof selectionOptions & typeof shardOption = { ...selectionOptions, ...shardOption };

/** Which images a command takes, as the library wants it. @internal */
export function selectionOf({ start, skip, max, shard }: DatasetSelection): DatasetSelection {
  return { start, skip, max, shard };
}

/** Threads, each with its own model. @internal */
export const workerOptions = {
  workers: { flags: '-w, --workers <count>', help: 'threads', kind: 'positive', fallback: 1 },
} as const;

/** Going on with what is there. @internal */
export const resumeOptions = {
  resume: { flags: '-r, --resume', help: 'go on with the file if it is there' },
  recheck: {
    flags: '--no-recheck',
    help: 'with --resume: do not make one row again to compare',
  },
  durable: { flags: '--durable', help: 'wait after each row until it is on the disk' },
} as const;

/** @internal */
export const jsonOptions = {
  json: { flags: '--json', help: 'print one JSON object in place of text' },
} as const;
