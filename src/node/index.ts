// Makes the built-ins known to the compiler. It is not part of the declarations that are published.
/// <reference types="node" />
export { certifyToLog } from './certify-to-log.ts';
export type { LogRunOptions, LogSummary } from './certify-to-log.ts';
export { mergeLogs } from './merge-logs.ts';
export type { MergeLogsOptions } from './merge-logs.ts';
export { progressLine } from './progress-line.ts';
export type { RunFigures, RunProgress } from './run-progress.ts';
