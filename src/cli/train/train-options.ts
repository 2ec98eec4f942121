import type { MethodName } from '../../recipes/preset-types.ts';
import type { InputRange } from '../../types.ts';
import type { BackendName, DataOptions } from '../common-options.ts';

/** Data sets with published settings for networks that are there. @internal */
export const PRESETS = ['mnist', 'fmnist', 'cifar10', 'cifar100'] as const;
/** @internal */
export type PresetName = (typeof PRESETS)[number];

/** Options that belong to some methods only. @internal */
export interface MethodOptions {
  readonly numNoise?: number;
  readonly lambda?: number;
  readonly eta?: number;
  readonly epsilon?: number;
  readonly attackSteps?: number;
  readonly stepSize?: number;
  readonly mixStep?: number;
  readonly warmupEpochs?: number;
  readonly deferredEpochs?: number;
  readonly confidenceMask?: true;
}

/** Options of the loop; what is absent comes from the preset, or is the default. @internal */
export interface LoopOptions {
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly momentum?: number;
  readonly weightDecay?: number;
  readonly lrEvery?: number;
  readonly lrGamma?: number;
  readonly microBatches?: number;
  readonly augment?: 'none' | 'crop-and-flip';
}

/** The options of `catrs train`. @internal */
export interface TrainOptions extends DataOptions, MethodOptions, LoopOptions {
  readonly method: MethodName;
  readonly sigma: number;
  readonly preset?: PresetName;
  readonly arch?: string;
  readonly normalize?: 'cifar10' | 'cifar100' | 'imagenet';
  readonly classes?: number;
  readonly init?: string;
  readonly softTargets?: string;
  readonly eval?: string;
  readonly evalLabels?: string;
  readonly out: string;
  readonly inputRange?: InputRange;
  readonly resume?: true;
  readonly seed: number;
  readonly workers: number;
  readonly backend?: BackendName;
  readonly json?: true;
}
