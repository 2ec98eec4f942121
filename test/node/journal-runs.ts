import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import { stopAtGain } from '../../src/certify/stops.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import type { DatasetRunOptions } from '../../src/data/dataset-selection.ts';
import type { LogitsFn, TypedClassifier } from '../../src/classifier/types.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import type { LogRunOptions } from '../../src/node/log-run.ts';
import type { WorkerCertifier } from '../../src/node/start-workers.ts';
import { createKey } from '../../src/random/key.ts';
import type { CertifyOptions, SampleProgress } from '../../src/smoothed/call-options.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import type { SoftCertifyOptions } from '../../src/smoothed/soft-options.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import { noise } from './points.ts';
import { linearClassifier } from '../helpers/linear.ts';

/** Runs with one image that takes all its copies, one that is given up, and others. */
const values = [0.8, 0.2, 0.52, 0.48, 0.3, 0.5];
const dataset = arrayDataset({
  values: Float32Array.from(values.flatMap((x) => [x, 0.5])),
  shape: [2],
  labels: values.map((x) => (x > 0.5 ? 0 : 1)),
});

/** A linear classifier that counts the copies that it has seen. */
export class CountedClassifier {
  copies = 0;
  readonly logits: LogitsFn;

  /** @param offset - moves the plane: another model */
  constructor(offset = 0) {
    const { logits } = linearClassifier([1, -1], offset);
    this.logits = (x) => {
      this.copies += x.shape[0] ?? 0;
      return logits(x);
    };
  }
}

type Options = CertifyOptions & DatasetRunOptions & LogRunOptions;

const settings = { key: createKey(11), n0: 30, n: 400, alpha: 0.01, checkEvery: 50, batchSize: 40 };

/** Kinds of runs, by name. */
export const kinds: Readonly<Record<string, Partial<CertifyOptions>>> = {
  'a fixed sample': {},
  'fixed radii': { rule: fixedRadius({ radius: [0.05, 0.2] }) },
  'planned radii': { rule: plannedRadius({ radius: [0.014, 0.2], worth: 100 }), n: 1500, checkEvery: 20 },
  'no selection sample': { rule: plannedRadius({ radius: 0.014, worth: 100 }), n0: 0, n: 3000, checkEvery: 20 },
  'an anytime radius': { rule: anytimeRadius({ stops: [stopAtGain({ gain: 0.01, over: 150 })] }) },
  'checks further apart than batches': { checkEvery: 130 },
  'one check': { checkEvery: 400 },
  'a check at every copy': { checkEvery: 1, n: 150 },
};

/** Certifies the images into a log. */
export async function runJournaled(
  file: string,
  change: Partial<Options> = {},
  classifier = new CountedClassifier(),
): Promise<void> {
  const g = new SmoothedClassifier(classifier.logits, { noise, numClasses: 2 });
  await certifyToLog(g, dataset, { ...settings, file, ...change });
}

/** The same with soft certificates. */
export async function runSoft(
  file: string,
  change: Partial<Omit<Options, 'rule' | 'checkEvery'> & Pick<SoftCertifyOptions, 'bound' | 'thresholds'>> = {},
  classifier = new CountedClassifier(),
): Promise<void> {
  const g = new SoftSmoothedClassifier(classifier.logits, { noise, numClasses: 2 });
  const { key, n0, n, alpha, batchSize } = settings;
  await certifyToLog(g, dataset, { key, n0, n, alpha, batchSize, file, ...change });
}

/** The same by threads. */
export async function runThreads(file: string, threads: WorkerCertifier, change: Partial<Options> = {}): Promise<void> {
  await certifyToLog(threads, dataset, { ...settings, file, ...change });
}

/** An `onSamples` that ends a run after so many batches, and the reason that the run throws. */
export function endAfter(batches: number): {
  readonly signal: AbortSignal;
  readonly onSamples: (progress: SampleProgress) => void;
} {
  const stop = new AbortController();
  let left = batches;
  const onSamples = (): void => {
    if (--left === 0) stop.abort(new Error('interrupted'));
  };
  return { signal: stop.signal, onSamples };
}

/** Whether a run came to its end; false if it was interrupted. */
export async function isDone(run: Promise<void>): Promise<boolean> {
  try {
    await run;
    return true;
  } catch (error) {
    if ((error as Error).message === 'interrupted') return false;
    throw error;
  }
}

/** The journal of a log; undefined if there is none. */
export function readJournal(file: string): Promise<string | undefined> {
  return readFile(`${file}.partial`, 'utf8').catch(() => undefined);
}

/** The same by a classifier of typed arrays that waits at each batch. */
export async function runTyped(file: string, milliseconds: number, onCopies?: (copies: number) => void): Promise<void> {
  const classifier: TypedClassifier = {
    classify: async (x, { batch }) => {
      onCopies?.(batch);
      if (milliseconds > 0) await sleep(milliseconds);
      return Float32Array.from({ length: 2 * batch }, (_, i) => (i % 2 === 0 ? 0 : x[i - 1]! - x[i]!));
    },
  };
  const g = new SmoothedClassifier(classifier, { noise, numClasses: 2 });
  await certifyToLog(g, dataset, { ...settings, file, n: 2000, select: { max: 3 } });
}
