import type { NoisePgdOptions } from '../attacks/noise-pgd.ts';
import type { SmoothMixPgdOptions } from '../attacks/smooth-mix-pgd.ts';
import type { SmoothedPgdOptions } from '../attacks/smoothed-pgd.ts';
import type { ConfidenceAwareLossOptions } from '../losses/confidence-aware-loss.ts';
import type { ConsistencyLossOptions } from '../losses/consistency-loss.ts';
import type { CopiesLossOptions } from '../losses/copies-loss.ts';
import type { GaussianLossOptions } from '../losses/gaussian-loss.ts';
import type { MacerLossOptions } from '../losses/macer-loss.ts';
import type { SmoothAdvLossOptions } from '../losses/smooth-adv-loss.ts';
import type { SmoothMixLossOptions } from '../losses/smooth-mix-loss.ts';
import type { StabilityLossOptions } from '../losses/stability-loss.ts';

/** The settings of a published loop. `learningRate`, `momentum` and `weightDecay` have the names of the options of `Sgd`. */
export interface PresetTraining {
  /** Number of epochs. */
  readonly epochs: number;
  /** Images of a batch of the loader, before it is cut. */
  readonly batchSize: number;
  /** Rate of epoch 0. */
  readonly learningRate: number;
  /** Momentum of SGD. */
  readonly momentum: number;
  /** Weight decay of SGD, for all weights. */
  readonly weightDecay: number;
  /** Epochs between two drops of the rate: `every` of `stepDecay`; the published runs have the timing `'published'`. */
  readonly stepEpochs: number;
  /** Factor of a drop. */
  readonly gamma: number;
  /** Epoch of the additional drop of the ImageNet recipe, for `rateDrop`. */
  readonly rateDropEpoch?: number;
  /** Parts that a batch is cut into, one optimizer step each: `count` of `microBatches`. */
  readonly microBatches: number;
  /** Augmentation: none, that of `randomCropAndFlip` (padding 4), or torchvision's `RandomResizedCrop(224)` and a flip. */
  readonly augmentation: 'none' | 'crop-and-flip' | 'resized-crop-and-flip';
}

/** The network of a published run. */
export interface PresetModel {
  /** `lenet`, `cifarResnet` and, for `resnet50`, `imagenetResnet` are in `catrs/models`. */
  readonly architecture: 'lenet' | 'cifarResnet' | 'resnet50';
  /** Layers of a `cifarResnet`. */
  readonly depth?: number;
  /** What the first layer subtracts from each channel; absent: nothing. */
  readonly mean?: readonly [number, number, number];
  /** What the first layer divides each channel by, after that. */
  readonly std?: readonly [number, number, number];
}

/** The published settings of a method; `Loss` holds the options of its loss except `noise` and `attack`. */
export interface Preset<Loss> {
  /** Options of the loss, to be spread. */
  readonly loss: Loss;
  /** The settings of the loop. */
  readonly training: PresetTraining;
  /** The network. */
  readonly model: PresetModel;
  /** Where the settings are published. */
  readonly source: string;
  /** Where documents, code and logs disagree, and what is inferred. */
  readonly notes: readonly string[];
}

/** The published settings of a method with an attack; `Attack` holds the options of the attack but those that the loss has, `noise` and `inputRange`. */
export interface AttackPreset<Loss, Attack> extends Preset<Loss> {
  /** Options of the attack, to be spread. */
  readonly attack: Attack;
}

/** The published settings of CAT-RS: those of its soft targets too. */
export interface ConfidenceAwarePreset extends AttackPreset<
  Omit<ConfidenceAwareLossOptions, 'noise' | 'attack'>,
  NoisePgdOptions
> {
  /** Soft targets are votes of a model of Gaussian training at this σ, over n noisy copies of each training image. */
  readonly softTargets: {
    /** Standard deviation of the noise, in training and for the votes. */
    readonly sigma: number;
    /** Votes for each training image. */
    readonly n: number;
  };
}

/** The seven published methods, and training on copies for the noises that are not additive. */
export interface MethodPresets {
  /** For `GaussianLoss` (Cohen et al., 2019). */
  readonly gaussian: Preset<Omit<GaussianLossOptions, 'noise'>>;
  /** For `StabilityLoss` (Li et al., 2019). */
  readonly stability: Preset<Omit<StabilityLossOptions, 'noise'>>;
  /** For `SmoothAdvLoss` with `SmoothedPgd` (Salman et al., 2019). */
  readonly smoothadv: AttackPreset<
    Omit<SmoothAdvLossOptions, 'noise' | 'attack'>,
    Omit<SmoothedPgdOptions, 'noise' | 'inputRange'>
  >;
  /** For `MacerLoss` (Zhai et al., 2020). */
  readonly macer: Preset<Omit<MacerLossOptions, 'noise'>>;
  /** For `ConsistencyLoss` (Jeong and Shin, 2020). */
  readonly consistency: Preset<Omit<ConsistencyLossOptions, 'noise' | 'attack'>>;
  /** For `SmoothMixLoss` with `SmoothMixPgd` (Jeong et al., 2021). */
  readonly smoothmix: AttackPreset<
    Omit<SmoothMixLossOptions, 'noise' | 'attack'>,
    Omit<SmoothMixPgdOptions, 'noise' | 'inputRange'>
  >;
  /** For `ConfidenceAwareLoss` with `NoisePgd` (CAT-RS; Jeong, Kim and Shin, 2023). */
  readonly catrs: ConfidenceAwarePreset;
  /** For `CopiesLoss`. */
  readonly copies: Preset<Omit<CopiesLossOptions, 'noise'>>;
}

/** The name of a training method. */
export type MethodName = keyof MethodPresets;

/** The seven methods whose settings are published for Gaussian noise. */
export type PublishedMethod = Exclude<MethodName, 'copies'>;

/** The methods `M` whose settings are published for a data set and σ; the others are undefined. */
export type PublishedPresets<M extends PublishedMethod = PublishedMethod> = Pick<MethodPresets, M> & {
  readonly [Name in Exclude<MethodName, M>]?: undefined;
};
