// What each thread of `--workers` runs for other outputs than classes: the model of the command, opened again.
import { noiseOf } from '../../noise/noise-of.ts';
import type { Noise, NoiseRecord } from '../../noise/types.ts';
import type { OutputCertifier } from '../../smoothed/outputs/types.ts';
import { startEngine } from '../engines.ts';
import type { EngineName } from '../common-options.ts';
import { openClassifier } from '../open-model.ts';
import { outputCertifier } from './output-certifier.ts';
import type { ModelFacts, OutputSettings } from './open-output-run.ts';

/** What a thread is told. */
interface WorkerData {
  readonly settings: OutputSettings;
  readonly engine: EngineName;
  readonly noise: NoiseRecord;
  readonly facts: ModelFacts;
}

/** Opens the model again in this thread. @internal */
export async function makeCertifier({ settings, engine, noise, facts }: WorkerData): Promise<OutputCertifier<object>> {
  const { workers } = settings;
  await startEngine(engine, workers);
  const opened = await openClassifier(settings, { shape: facts.shape, engine, workers, isOfRows: facts.isOfRows });
  return outputCertifier(opened, settings, { facts, noise: noiseOf(noise) as Noise });
}
