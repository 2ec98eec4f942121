import { type Command, Option } from 'commander';
import type { DatasetSelection, Shard } from '../data/dataset-selection.ts';
import type { InputRange } from '../types.ts';
import { toCount, toNumber, toPositiveCount, toRange, toShard } from './arguments.ts';

/** Formats of data that can be asked for; `auto` goes by the content. @internal */
export const DATA_FORMATS = ['auto', 'idx', 'cifar10', 'cifar100', 'npy', 'npz', 'png'] as const;
/** @internal */
export type DataFormat = (typeof DATA_FORMATS)[number];

/** Which data. @internal */
export interface DataOptions {
  readonly data: string;
  readonly labels?: string;
  readonly split: 'train' | 'test';
  readonly format: DataFormat;
  readonly xName?: string;
  readonly yName?: string;
}

/** @internal */
export function addDataOptions(command: Command): Command {
  return command
    .requiredOption('--data <path>', 'images: IDX, CIFAR binary, NPY or NPZ file, or a folder (see the guide)')
    .option('--labels <path>', 'labels, for IDX and NPY images')
    .addOption(
      new Option('--split <name>', 'part of a folder or archive that holds both')
        .choices(['train', 'test'])
        .default('test'),
    )
    .addOption(new Option('--format <name>', 'format of the data').choices(DATA_FORMATS).default('auto'))
    .option('--x-name <name>', 'array of the images in an NPZ file')
    .option('--y-name <name>', 'array of the labels in an NPZ file');
}

/** Backends of TensorFlow.js. @internal */
export const BACKENDS = ['cpu', 'wasm', 'webgpu'] as const;
/** @internal */
export type BackendName = (typeof BACKENDS)[number];

/** Which classifier, run by what. @internal */
export interface ModelOptions {
  readonly model: string;
  readonly output: 'logits' | 'probabilities';
  readonly layout: 'nhwc' | 'nchw';
  readonly backend?: BackendName;
}

/** @internal */
export function addModelOptions(command: Command): Command {
  return addBackendOption(
    command
      .requiredOption('--model <path>', 'a folder with model.json, a model.json, or a .onnx file')
      .addOption(
        new Option('--output <kind>', 'what the model returns').choices(['logits', 'probabilities']).default('logits'),
      )
      .addOption(
        new Option('--layout <order>', 'order of image axes that an ONNX model wants')
          .choices(['nhwc', 'nchw'])
          .default('nhwc'),
      ),
  );
}

/** @internal */
export function addBackendOption(command: Command): Command {
  return command.addOption(
    new Option('--backend <name>', 'of TensorFlow.js (default: wasm if installed, else cpu)').choices(BACKENDS),
  );
}

/** How the classifier is smoothed and how much is drawn. @internal */
export interface SmoothingOptions {
  readonly sigma: number;
  readonly n: number;
  readonly alpha: number;
  readonly seed: number;
  readonly batchSize?: number;
  readonly inputRange?: InputRange;
}

/** @internal */
export function addSmoothingOptions(command: Command, { n }: { readonly n: number }): Command {
  return command
    .requiredOption('--sigma <number>', 'standard deviation of the Gaussian noise, in input units', toNumber)
    .option('--n <count>', 'noisy copies of an image', toPositiveCount, n)
    .option('--alpha <number>', 'allowed probability of a wrong answer', toNumber, 0.001)
    .option('--seed <number>', 'seed of the key that drives all draws', toCount, 0)
    .option('--batch-size <count>', 'noisy copies per forward pass: speed and memory, never a result', toPositiveCount)
    .option('--input-range <low,high>', 'smallest and largest input value (default: 0,1)', toRange);
}

/** Which images. @internal */
export interface SelectionOptions {
  readonly start: number;
  readonly skip: number;
  readonly max?: number;
  readonly shard?: Shard;
}

/** @internal */
export function addSelectionOptions(command: Command): Command {
  return command
    .option('--start <index>', 'index of the first image', toCount, 0)
    .option('--skip <count>', 'take every count-th image', toPositiveCount, 1)
    .option('--max <count>', 'take at most so many images, over all shards', toPositiveCount);
}

/** @internal */
export function addShardOption(command: Command): Command {
  return command.option('--shard <i/m>', 'take part i, from 0, of m parts of the run', toShard);
}

/** The selection without what is not there, as the library wants it. @internal */
export function selectionOf({ start, skip, max, shard }: SelectionOptions): DatasetSelection {
  return { start, skip, max, shard };
}
