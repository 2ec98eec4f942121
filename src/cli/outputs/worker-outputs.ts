// What each thread of `--workers` runs for other outputs than classes: the model of the command, opened again.
import { noiseOf } from '../../noise/noise-of.ts';
import type { Noise, NoiseRecord } from '../../noise/types.ts';
import type { OutputCertifier } from '../../smoothed/outputs/types.ts';
import { startEngine } from '../engines.ts';
import type { EngineName } from '../common-options.ts';
import { openClassifier } from '../open-model.ts';
import { detectorOptions } from './boxes-model.ts';
import { outputCertifier } from './output-certifier.ts';
import type { ModelFacts, OutputSettings } from './output-settings.ts';

/** What a thread is told. */
interface WorkerData {
  readonly settings: OutputSettings;
  readonly engine: EngineName;
  readonly noise: NoiseRecord;
  readonly facts: ModelFacts;
  readonly prepared: unknown;
}

/** Opens the model again in this thread. @internal */
export async function makeCertifier(data: WorkerData): Promise<OutputCertifier<object>> {
  const { settings, engine, noise, facts, prepared } = data;
  const { workers } = settings;
  await startEngine(engine, workers);
  const { shape, isOfRows } = facts;
  const plan = { shape, engine, workers, isOfRows, detector: detectorOptions(settings) };
  const opened = await openClassifier(settings, plan);
  return outputCertifier(opened, settings, { facts, noise: noiseOf(noise) as Noise, prepared });
}
