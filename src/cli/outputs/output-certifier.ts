import { extname } from 'node:path';
import { type OutputWorkers, startWorkers } from '../../node/start-workers.ts';
import type { Noise } from '../../noise/types.ts';
import type { OutputCertifier, OutputRecord } from '../../smoothed/outputs/types.ts';
import type { CliIo } from '../io.ts';
import type { OpenedOutputs } from './open-output-run.ts';
import type { ModelFacts, OutputSettings, PreparedFrom } from './output-settings.ts';
import { type OpenedModel, outputModel } from './output-model.ts';
import { TASK_RUNS } from './task-runs.ts';

/** What is known of a run before its certifier is made. */
interface CertifierFacts {
  readonly facts: ModelFacts;
  readonly noise: Noise;
  /** What the task has prepared, in a form that threads can be sent. */
  readonly prepared?: unknown;
}

/** What certifies the outputs of a model that is open. @internal */
export function outputCertifier(
  opened: OpenedModel,
  settings: OutputSettings,
  { facts, noise, prepared }: CertifierFacts,
): OutputCertifier<object> {
  const { model, output } = outputModel(opened, settings, facts);
  return TASK_RUNS[settings.task].certifier({ ...facts, model, noise, output, prepared }, settings);
}

/** Several threads with the model each, in place of that of this thread, which is closed; undefined for one. @internal */
export async function openOutputThreads(
  { opened: { runtime }, facts, noise: { name, parameters }, close }: OpenedOutputs,
  settings: OutputSettings,
  { io, prepared }: { readonly io: CliIo; readonly prepared: unknown },
): Promise<OutputWorkers<object> | undefined> {
  const { workers } = settings;
  if (workers === 1) return undefined;
  await close();
  return startWorkers<object, OutputRecord>({
    module: new URL(`./worker-outputs${extname(import.meta.url)}`, import.meta.url),
    workers,
    data: { settings, engine: runtime, noise: { name, parameters }, facts, prepared },
    execArgv: io.workerArguments,
  });
}

/** What a task prepares itself from: the model, the noise and the data. @internal */
export function preparedFrom({ opened, facts, noise, data }: OpenedOutputs, settings: OutputSettings): PreparedFrom {
  const { model, output } = outputModel(opened, settings, facts);
  return { ...facts, model, noise, output, data };
}
