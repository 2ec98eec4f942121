import { extname } from 'node:path';
import { startWorkers, type WorkerCertifier } from '../node/start-workers.ts';
import type { NoiseRecord } from '../noise/types.ts';
import type { AdaptedTo } from './adapt-model.ts';
import { type EngineName, type ModelOptions, modelOptionsOf } from './common-options.ts';
import type { CliIo } from './io.ts';
import type { OpenedRun, SmoothingSettings } from './open-run.ts';

/** Several threads with the classifier each, in place of that of this thread, which is closed; undefined for one. @internal */
export async function openThreads(
  run: OpenedRun,
  settings: ModelOptions & { readonly workers: number },
  { workerArguments }: CliIo,
): Promise<WorkerCertifier | undefined> {
  const { workers } = settings;
  if (workers === 1) return undefined;
  await run.close();
  return startWorkers({
    module: new URL(`./worker-classifier${extname(import.meta.url)}`, import.meta.url),
    workers,
    data: workerData(run, settings),
    execArgv: workerArguments,
  });
}

/** What a thread is told to open the classifier again. @internal */
export interface WorkerData {
  readonly model: ModelOptions;
  readonly engine: EngineName;
  readonly workers: number;
  readonly smoothing: SmoothingSettings;
  readonly noise: NoiseRecord;
  readonly adaptedTo: AdaptedTo;
}

/** @internal */
export function workerData(
  { opened: { runtime }, adaptedTo, smoothing, noise: { name, parameters } }: OpenedRun,
  settings: ModelOptions & { readonly workers: number },
): WorkerData {
  const { workers } = settings;
  return {
    model: modelOptionsOf(settings),
    engine: runtime,
    ...{ workers, adaptedTo, smoothing, noise: { name, parameters } },
  };
}
