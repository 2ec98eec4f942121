/**
 * What needs Node: logs that survive a crash, worker threads, checkpoints and models in files.
 *
 * @module catrs/node
 */
// Makes the built-ins known to the compiler. It is not part of the declarations that are published.
/// <reference types="node" />
export type { AttackLogRow } from './attack-log-rows.ts';
export { attackToLog } from './attack-to-log.ts';
export type { AttackLogSummary, AttackProgress, AttackToLogOptions } from './attack-to-log.ts';
export { certifyToLog } from './certify-to-log.ts';
export type { LogRunOptions, LogSummary } from './log-run.ts';
export type { OutputLogSummary } from './outputs-to-log.ts';
export type { OutputProgress } from './output-progress.ts';
export { joinLogs } from './join-logs.ts';
export type { JoinedLogs, JoinLogsOptions } from './join-logs.ts';
export { loadCheckpoint, saveCheckpoint } from './checkpoint-files.ts';
export { loadModel } from './load-model.ts';
export type { LoadedModel, LoadModelOptions } from './load-model.ts';
export { mergeLogs } from './merge-logs.ts';
export type { MergeLogsOptions } from './merge-logs.ts';
export { mergeOutputLogs } from './merge-output-logs.ts';
export type { OwnParts } from './row-verifier.ts';
export { progressLine } from './run-progress.ts';
export type { RunFigures, RunProgress } from './run-progress.ts';
export type { ImageProgress } from './samples-under-way.ts';
export { saveModel } from './save-model.ts';
export type { SaveModelOptions } from './save-model.ts';
export { softTargetsToNpy } from './soft-targets-to-npy.ts';
export type { SoftTargetsProgress, SoftTargetsSummary, SoftTargetsToNpyOptions } from './soft-targets-to-npy.ts';
export { startTrainers } from './start-trainers.ts';
export type { StartTrainersOptions, Trainer, TrainerModule } from './start-trainers.ts';
export { startWorkers } from './start-workers.ts';
export type { AnswerOptions, OutputWorkers, WorkerCertifier, WorkerModule, WorkerThreads } from './start-workers.ts';
export type { StartWorkersOptions } from './thread-options.ts';
export type { BatchGradients, TrainerBatch, Trainers, TrainStepOptions } from './train-step.ts';
export type { AskedExample, CertifierRecord } from './worker-run.ts';
