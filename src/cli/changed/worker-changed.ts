// What each thread of `--workers` runs with `--from-log`: the changed model, opened again, and the log of the old one.
import { Recertifier } from '../../smoothed/incremental/recertifier.ts';
import type { SmoothedClassifier } from '../../smoothed/smoothed-classifier.ts';
import type { WorkerData } from '../open-threads.ts';
import { makeCertifier as makeClassifier } from '../worker-classifier.ts';
import { readOldLog } from './old-log.ts';

/** What a thread is told. */
interface ChangedWorkerData extends WorkerData {
  /** The log of the old model, and the seed of its keys. */
  readonly file: string;
  readonly seed: number;
}

/** Opens the model and reads the log again in this thread. @internal */
export async function makeCertifier({ file, seed, ...data }: ChangedWorkerData): Promise<Recertifier> {
  const { rows } = await readOldLog(file, seed);
  const changed = (await makeClassifier(data)) as SmoothedClassifier; // a noise that is drawn, as all that has votes one by one
  return new Recertifier(changed, { from: (index) => rows.get(index)?.certificate });
}
