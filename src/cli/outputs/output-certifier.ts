import { extname } from 'node:path';
import { type OutputWorkers, startWorkers } from '../../node/start-workers.ts';
import type { Noise } from '../../noise/types.ts';
import type { OutputCertifier, OutputRecord } from '../../smoothed/outputs/types.ts';
import type { CliIo } from '../io.ts';
import type { OpenedClassifier } from '../open-model.ts';
import type { ModelFacts, OpenedOutputs, OutputSettings } from './open-output-run.ts';
import { outputModel } from './output-model.ts';
import { TASK_RUNS } from './task-runs.ts';

/** What certifies the outputs of a model that is open. @internal */
export function outputCertifier(
  opened: Pick<OpenedClassifier, 'classifier' | 'denoiser' | 'source'>,
  settings: OutputSettings,
  { facts, noise }: { readonly facts: ModelFacts; readonly noise: Noise },
): OutputCertifier<object> {
  const { model, output } = outputModel(opened, settings, facts);
  return TASK_RUNS[settings.task].certifier({ ...facts, model, noise, output }, settings);
}

/** Several threads with the model each, in place of that of this thread, which is closed; undefined for one. @internal */
export async function openOutputThreads(
  { opened: { runtime }, facts, noise: { name, parameters }, close }: OpenedOutputs,
  settings: OutputSettings,
  { workerArguments }: CliIo,
): Promise<OutputWorkers<object> | undefined> {
  const { workers } = settings;
  if (workers === 1) return undefined;
  await close();
  return startWorkers<object, OutputRecord>({
    module: new URL(`./worker-outputs${extname(import.meta.url)}`, import.meta.url),
    workers,
    data: { settings, engine: runtime, noise: { name, parameters }, facts },
    execArgv: workerArguments,
  });
}
