/**
 * The comparison itself: what is trained from what, with which keys, and what runs side by side.
 *
 * Fair by construction: both methods start from the same Gaussian-trained weights, take the same number of further epochs over
 * the same digits in the same order with the same optimizer settings, and are certified on the same images with the same keys.
 */
import { createKey, foldIn, pairedRadiusDifference } from 'catrs';
import type { CertifiedRow, Key, PairedRadiusDifference } from 'catrs';
import { NUM_CLASSES } from './data.ts';
import type { Part } from './data.ts';
import type { WorkerPool } from './pool.ts';
import type { Settings } from './settings.ts';
import type { TaskResult, TrainTask, Weights } from './tasks.ts';

/** The stages of the comparison, in the order in which they begin. */
export const PHASES = {
  pretraining: 'Gaussian pre-training',
  softTargets: 'soft targets',
  trainCatrs: 'CAT-RS further epochs',
  trainGaussian: 'Gaussian further epochs',
  certifyGaussian: 'certify Gaussian',
  certifyCatrs: 'certify CAT-RS',
} as const;

/** A stage of the comparison. */
export type Phase = keyof typeof PHASES;

/** Told how far a stage is: `done` of `total` images; `done` is 0 at its beginning and `total` at its end. */
export type OnPhase = (phase: Phase, done: number, total: number, note: string) => void;

/** What one method came to. */
export interface MethodOutcome {
  /** One row for each certified digit, by index. */
  readonly rows: readonly CertifiedRow[];
  /** Time of its further epochs, on one thread. */
  readonly trainingSeconds: number;
  /** Time of its certificates, summed over the threads. */
  readonly certificationSeconds: number;
}

/** What the comparison came to. */
export interface Outcome {
  readonly gaussian: MethodOutcome;
  readonly catrs: MethodOutcome;
  /** Average certified radius of CAT-RS minus that of Gaussian training, on the same digits. */
  readonly difference: PairedRadiusDifference;
  /** Time on one thread, before the two methods part. */
  readonly pretrainingSeconds: number;
  /** Time summed over the threads. */
  readonly softTargetSeconds: number;
  readonly backend: string;
}

/** Which comparison to make. */
export interface ExperimentOptions {
  readonly settings: Settings;
  readonly seed: number;
  /** The digits to certify: `evaluation` to report, `validation` to choose settings. */
  readonly part: Part;
  readonly onPhase: OnPhase;
}

/** Which keys drive what; both methods share `further` and `certify`. */
function makeKeys(seed: number): Record<'pretraining' | 'softTargets' | 'further' | 'certify', Key> {
  const key = createKey(seed);
  return { pretraining: foldIn(key, 0), softTargets: foldIn(key, 1), further: foldIn(key, 2), certify: foldIn(key, 3) };
}

/** Trains and certifies both methods. */
export async function runExperiment(pool: WorkerPool, options: ExperimentOptions): Promise<Outcome> {
  const { settings, seed } = options;
  const keys = makeKeys(seed);
  const pretrained = await trainPhase(pool, options, 'pretraining', {
    method: 'gaussian',
    epochs: settings.pretrainingEpochs,
    learningRate: settings.learningRate,
    key: keys.pretraining,
  });
  const weights = pretrained.value;
  const soft = await softTargetsPhase(pool, options, weights, keys.softTargets);

  const { furtherEpochs: epochs, furtherLearningRate: learningRate } = settings;
  const further = { weights, epochs, learningRate, key: keys.further };
  const trainCatrs: Training = { method: 'catrs', softTargets: soft.targets, ...further };
  const trainGaussian: Training = { method: 'gaussian', ...further };
  // CAT-RS takes longest, so it starts first; the baseline trains and is certified on the other thread meanwhile.
  const [catrs, gaussian] = await Promise.all([
    trainAndCertify(pool, options, trainCatrs, keys.certify),
    trainAndCertify(pool, options, trainGaussian, keys.certify),
  ]);
  return {
    gaussian,
    catrs,
    difference: pairedRadiusDifference(catrs.rows, gaussian.rows),
    pretrainingSeconds: pretrained.seconds,
    softTargetSeconds: soft.seconds,
    backend: pretrained.backend,
  };
}

type Training = Omit<TrainTask, 'kind'> & { readonly key: Key };

const PHASES_OF = {
  gaussian: { train: 'trainGaussian', certify: 'certifyGaussian' },
  catrs: { train: 'trainCatrs', certify: 'certifyCatrs' },
} as const;

async function trainAndCertify(
  pool: WorkerPool,
  options: ExperimentOptions,
  training: Training,
  certifyKey: Key,
): Promise<MethodOutcome> {
  const { train, certify } = PHASES_OF[training.method];
  const trained = await trainPhase(pool, options, train, training);
  const rows = await certifyPhase(pool, options, certify, trained.value, certifyKey);
  const milliseconds = rows.reduce((sum, row) => sum + row.milliseconds, 0);
  return { rows, trainingSeconds: trained.seconds, certificationSeconds: milliseconds / 1000 };
}

async function trainPhase(
  pool: WorkerPool,
  { settings, onPhase }: ExperimentOptions,
  phase: Phase,
  training: Training,
): Promise<TaskResult<TrainTask>> {
  const total = training.epochs * settings.trainingDigits;
  const task = { kind: 'train', settings, ...training } as const;
  onPhase(phase, 0, total, '');
  const result = await pool.run(task, (done, note) => onPhase(phase, done, total, note));
  onPhase(phase, total, total, '');
  return result;
}

async function softTargetsPhase(
  pool: WorkerPool,
  { settings, onPhase }: ExperimentOptions,
  weights: Weights,
  key: Key,
): Promise<{ targets: Float32Array; seconds: number }> {
  const total = settings.trainingDigits;
  const results = await inParts(
    total,
    100,
    (done) => onPhase('softTargets', done, total, ''),
    (range, onProgress) => pool.run({ kind: 'softTargets', weights, key, settings, ...range }, onProgress),
  );
  const targets = new Float32Array(total * NUM_CLASSES);
  let offset = 0;
  for (const { value } of results) {
    targets.set(value, offset);
    offset += value.length;
  }
  return { targets, seconds: results.reduce((sum, { seconds }) => sum + seconds, 0) };
}

async function certifyPhase(
  pool: WorkerPool,
  { settings, part, onPhase }: ExperimentOptions,
  phase: Phase,
  weights: Weights,
  key: Key,
): Promise<CertifiedRow[]> {
  const total = settings.evaluationDigits;
  const results = await inParts(
    total,
    5,
    (done) => onPhase(phase, done, total, ''),
    (range, onProgress) => pool.run({ kind: 'certify', weights, part, key, settings, ...range }, onProgress),
  );
  return results.flatMap(({ value }) => value);
}

/** Cuts 0 .. total − 1 into ranges, hands all of them to the pool, and adds up their progress. Results in order. */
async function inParts<T>(
  total: number,
  length: number,
  onTotal: (done: number) => void,
  run: (range: { start: number; count: number }, onProgress: (done: number) => void) => Promise<T>,
): Promise<T[]> {
  const starts = Array.from({ length: Math.ceil(total / length) }, (_, i) => i * length);
  const done = starts.map(() => 0);
  const report = (part: number, count: number): void => {
    done[part] = count;
    onTotal(done.reduce((sum, value) => sum + value, 0));
  };
  onTotal(0);
  return Promise.all(
    starts.map(async (start, part) => {
      const count = Math.min(length, total - start);
      const result = await run({ start, count }, (value) => report(part, value));
      report(part, count);
      return result;
    }),
  );
}
