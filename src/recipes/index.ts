/**
 * Parts for the host's training loop, each usable alone: presets, schedules, SGD, micro-batches, augmentation, soft targets, checkpoints.
 *
 * @module catrs/recipes
 */
export { captureCheckpoint } from './capture-checkpoint.ts';
export type { CheckpointContent } from './capture-checkpoint.ts';
export type { CheckpointSubject } from './checkpoint-format.ts';
export { linearWarmup } from './schedules.ts';
export type { LinearWarmupOptions } from './schedules.ts';
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
export { rateDrop } from './schedules.ts';
export type { RateDropOptions } from './schedules.ts';
export { restoreCheckpoint } from './restore-checkpoint.ts';
export { Sgd } from './sgd.ts';
export type { SgdOptions } from './sgd.ts';
export { softTargets } from './soft-targets.ts';
export type { SoftTargetRow, SoftTargetSource, SoftTargetsOptions } from './soft-targets.ts';
export { stepDecay } from './schedules.ts';
export type { DropTiming, Schedule, StepDecayOptions } from './schedules.ts';
export type { DatasetBatch, SoftTargetRows } from './read-batch.ts';
export { trainingBatches } from './training-batches.ts';
export type { TrainingBatchesOptions } from './training-batches.ts';
