/**
 * Parts for the host's training loop, each usable alone: methods, presets, a run as a generator, schedules, SGD, micro-batches, augmentation,
 * soft targets, metrics under noise, checkpoints, and
 * the terms of the objectives, for an objective of one's own.
 *
 * @module catrs/recipes
 */
export { captureCheckpoint } from './capture-checkpoint.ts';
export type { CheckpointContent } from './capture-checkpoint.ts';
export type { CheckpointSubject } from './checkpoint-format.ts';
export { methods } from './methods.ts';
export type { MethodLosses, MethodNoise, MethodOptions, TrainingMethod } from './methods.ts';
export { microBatches } from './micro-batches.ts';
export type { MicroBatch } from './micro-batches.ts';
export { noisyMetrics } from './noisy-metrics.ts';
export type { NoisyMetrics, NoisyMetricsOptions } from './noisy-metrics.ts';
export type {
  AttackPreset,
  ConfidenceAwarePreset,
  MethodName,
  MethodPresets,
  Preset,
  PresetModel,
  PresetTraining,
  PublishedMethod,
  PublishedPresets,
} from './preset-types.ts';
export { presets } from './presets.ts';
export type { Presets } from './presets.ts';
export { randomCropAndFlip } from './random-crop-and-flip.ts';
export type { RandomCropAndFlipOptions } from './random-crop-and-flip.ts';
export type { DatasetBatch, SoftTargetRows } from './read-batch.ts';
export { restoreCheckpoint } from './restore-checkpoint.ts';
export { linearWarmup, rateDrop, stepDecay } from './schedules.ts';
export type { DropTiming, LinearWarmupOptions, RateDropOptions, Schedule, StepDecayOptions } from './schedules.ts';
export { Sgd } from './sgd.ts';
export type { SgdOptions } from './sgd.ts';
export { softTargets } from './soft-targets.ts';
export type { SoftTargetRow, SoftTargetsOptions, SoftTargetSource, SoftTargetThreads } from './soft-targets.ts';
export { trainingBatches } from './training-batches.ts';
export type { TrainingBatchesOptions } from './training-batches.ts';
export { trainingSteps } from './training-steps.ts';
export type { TrainingState, TrainingStep, TrainingStepsOptions } from './training-steps.ts';

// terms of the objectives: logits in, one number per image out
export { bottomKCrossEntropy, sampleK, voteFrequency, worstCaseKl } from '../losses/confidence-aware-terms.ts';
export { consistencyTerm } from '../losses/consistency-loss.ts';
export type { ConsistencyMode, ConsistencyTermOptions } from '../losses/consistency-loss.ts';
export { noisyCrossEntropy } from '../losses/gaussian-loss.ts';
export { macerClassification, macerRobustness } from '../losses/macer-terms.ts';
export type { MacerRobustnessOptions } from '../losses/macer-terms.ts';
export { correctMask, mixTargets, mixupKl } from '../losses/smooth-mix-terms.ts';
export { stabilityTerm } from '../losses/stability-loss.ts';
