/**
 * Parts for the host's training loop, each usable alone: presets, schedules, SGD, micro-batches, augmentation, soft targets, checkpoints.
 *
 * @module catrs/recipes
 */
export { captureCheckpoint } from './capture-checkpoint.ts';
export type { CheckpointContent } from './capture-checkpoint.ts';
export type { CheckpointSubject } from './checkpoint-weights.ts';
export { linearWarmup } from './linear-warmup.ts';
export type { LinearWarmupOptions } from './linear-warmup.ts';
export { microBatches } from './micro-batches.ts';
export type { MicroBatch } from './micro-batches.ts';
export type {
  AttackPreset,
  ConfidenceAwarePreset,
  MethodPresets,
  Preset,
  PresetModel,
  PresetTraining,
  PublishedPresets,
} from './preset-types.ts';
export { presets } from './presets.ts';
export type { Presets } from './presets.ts';
export { randomCropAndFlip } from './random-crop-and-flip.ts';
export type { RandomCropAndFlipOptions } from './random-crop-and-flip.ts';
export { rateDrop } from './rate-drop.ts';
export type { RateDropOptions } from './rate-drop.ts';
export { restoreCheckpoint } from './restore-checkpoint.ts';
export { Sgd } from './sgd.ts';
export type { SgdOptions } from './sgd.ts';
export { softTargets } from './soft-targets.ts';
export type { SoftTargetRow, SoftTargetSource, SoftTargetsOptions } from './soft-targets.ts';
export { stepDecay } from './step-decay.ts';
export type { DropTiming, Schedule, StepDecayOptions } from './step-decay.ts';
export type { DatasetBatch } from './dataset-batch.ts';
export { trainingBatches } from './training-batches.ts';
export type { SoftTargetRows, TrainingBatchesOptions } from './training-batches.ts';
