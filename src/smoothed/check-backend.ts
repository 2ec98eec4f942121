import * as tf from '@tensorflow/tfjs';
import { adaptClassifier, isTypedClassifier, votingRows } from '../classifier/adapt-classifier.ts';
import { askRows } from '../classifier/ask-rows.ts';
import { declaredBatch } from '../classifier/declared-shapes.ts';
import { visibleWeights } from '../classifier/check-weights.ts';
import type { Classifier, ClassifierOutput, TensorClassifier } from '../classifier/types.ts';
import { BackendError, OptionError, refusal } from '../errors.ts';
import { hostTurns } from '../host/turns.ts';
import type { Noise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertBatch } from '../tensors/assert-shapes.ts';
import { CpuReference } from '../tensors/cpu-reference.ts';
import { copyOf, tensorOfCopy } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';
import { BatchSizes, sizesBelow } from './batch-sizes.ts';
import { distance, largestOf, otherClass } from './compare-outputs.ts';
import { entry, firstDifference, type Row } from './first-difference.ts';

/** Options of {@link checkBackend}. */
export interface CheckBackendOptions {
  /** The noise of the run: the classifier is compared on its copies of the sample. Absent: on the sample itself. Needs `key`. */
  readonly noise?: Noise | undefined;
  /** Drives the noise. */
  readonly key?: Key | undefined;
  /** Number of classes; without it any count of at least 2 passes. */
  readonly numClasses?: number | undefined;
  /**
   * What the classifier returns; it is compared as it is returned.
   * @defaultValue 'logits'
   */
  readonly output?: ClassifierOutput | undefined;
  /**
   * Number of copies. Each takes one forward pass on `cpu` alone: the time of the check.
   * @defaultValue 3
   */
  readonly copies?: number | undefined;
  /**
   * The batch size of the run.
   * @defaultValue that of a smoothed classifier for the same input
   */
  readonly batchSize?: number | undefined;
  /**
   * Largest difference that passes, relative to the largest output of the copies.
   * @defaultValue 1e-3; measured between cpu and wasm with random weights: 6e-7 (LeNet), 4e-7 (ResNet-20), 2e-6 (MobileNetV2)
   */
  readonly tolerance?: number | undefined;
  /**
   * For a classifier of typed arrays: the model that it was made of, which `cpu` computes. So what a runtime makes of `toOnnx(model)` is held
   * against the model.
   */
  readonly reference?: TensorClassifier | undefined;
  /** Stops the check; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

const checkBackendOptions = optionsOf<CheckBackendOptions>()({
  noise: fields.optional(fields.noise<Noise>()),
  key: fields.optional(fields.key),
  numClasses: fields.optional(fields.classCount),
  output: fields.withDefault(fields.output, 'logits'),
  copies: fields.withDefault(fields.positiveInteger, 3),
  batchSize: fields.optional(fields.positiveInteger),
  tolerance: fields.withDefault(fields.positive, 1e-3),
  reference: fields.optional(
    fields.field<TensorClassifier>(
      'must be a function to logits, a tf.LayersModel or a tf.GraphModel',
      (v) => (typeof v === 'function' || typeof v === 'object') && v !== null && !isTypedClassifier(v as Classifier),
    ),
  ),
  signal: fields.optional(fields.signal),
});

/** What {@link checkBackend} found. */
export interface BackendCheck {
  /** The backend of TensorFlow.js that was checked; null for a classifier of typed arrays, which has none. */
  readonly backend: string | null;
  /** What its outputs were compared with: those of `cpu` (of `reference`), or, where there is no other, its own for single rows. */
  readonly comparedWith: 'cpu' | 'single rows';
  /** Largest difference of two outputs, relative to the largest output. */
  readonly difference: number;
  /**
   * Largest difference of two outputs that the checked backend gives one copy in batches of two sizes, relative to the largest output. 0: they are the
   * same to the bit, so counts do not depend on batch size, workers or where a run was resumed. Above 0 (and below `tolerance`) they may by
   * single votes.
   */
  readonly batchDifference: number;
  /** Number of copies. */
  readonly copies: number;
  /** The batch sizes. */
  readonly batchSizes: readonly number[];
  /** What it took. */
  readonly milliseconds: number;
}

const CALL = 'checkBackend';

/**
 * Checks, before a long run, that the current backend of TensorFlow.js computes the classifier that `cpu` computes: backends have had kernels
 * that silently compute another function for some shapes, and a certificate speaks of the function that was run.
 *
 * A few noisy copies are classified on `cpu`, row by row, and on the current backend in batches of all sizes of a run: its batch size, and 1, 2, 5, 10,
 * 20, 50, ... below, for the batches that end where a rule may stop. All outputs must agree within `tolerance`, and name the same class wherever the two largest on `cpu` are farther apart than the tolerance; an output
 * that is finite on one side only is a difference. What is not covered: kernels that are wrong only for other values, and gradients.
 *
 * It is the one call of the core that sets a backend: `cpu`, for the time of one row, and back before the host has its next turn. So runs that
 * are under way are never computed there, and tensors stay where they are. On `cpu` itself, and for classifiers of typed arrays without a
 * `reference`, batches are compared with single rows. Each copy holds the thread for one forward pass on `cpu`: for a MobileNetV2 of 224x224 a few seconds.
 *
 * @param classifier - the base classifier
 * @param sample - a batch of real inputs [batch, ...inputShape]; not disposed
 * @throws BackendError at a difference; names the layer (of a layers model) or the node (of a graph model) where it begins, if it can be found
 * @throws OptionError, TensorError; ClassifierError for another shape of the output
 * @example
 * ```ts
 * await useWasm();
 * await checkBackend(model, images, { noise, key: createKey(0) });
 * ```
 */
export async function checkBackend(
  classifier: Classifier,
  sample: tf.Tensor,
  options: CheckBackendOptions = {},
): Promise<BackendCheck> {
  const settings = checkBackendOptions.parse(CALL, options);
  assertBatch(CALL, sample, 'sample');
  assertKey(settings);
  const begun = performance.now();
  await tf.ready();
  const hostTurn = hostTurns(settings.signal);
  await hostTurn();
  const copies = await noisyCopies(sample, settings);
  const numbers = copies[0].values.length;
  const isTyped = isTypedClassifier(classifier);
  const backend = isTyped ? null : tf.getBackend();
  const { reference: model = isTyped ? undefined : classifier } = settings;
  if (settings.reference !== undefined && !isTyped) throw notTyped(classifier);
  const comparedWith = model === undefined || backend === 'cpu' ? 'single rows' : 'cpu';
  const batches = new BatchSizes(settings.batchSize, { isTyped });
  const asked = isTyped ? votingRows(CALL, classifier) : { run: adaptClassifier(CALL, classifier) };
  const ask = askRows(CALL, {
    ...asked,
    numClasses: settings.numClasses,
    isFixed: declaredBatch(classifier) !== undefined,
    around: (size, pass) => batches.pass(size, pass),
  });
  const forward = (rows: readonly Row[]): Promise<Float32Array> => {
    const { values, shape } = joined(rows);
    return ask(values, { batch: rows.length, shape });
  };
  const reference =
    comparedWith === 'cpu' && model
      ? await onCpu(model, copies, hostTurn)
      : await oneAfterTheOther(copies, (copy) => forward([copy]));
  const scale = largestOf(reference);
  const bound = settings.tolerance * scale;
  const relative = (apart: number): number => (scale === 0 ? 0 : apart / scale);
  let difference = 0;
  let batchDifference = 0;
  const firstOutputs = new Map<number, Float32Array>();
  batches.next(numbers); // a size that is measured is measured in the batch of 2
  const batchSizes: number[] = [];
  // The one of 2 comes first: it is measured where the size of the run is not given. Those of 1 and 5 are always among them.
  for (let sizes = [2]; sizes.length > 0;) {
    const [count = 2] = sizes.splice(0, 1);
    batchSizes.push(count);
    if (batchSizes.length === 1) {
      const full = batches.next(numbers);
      sizes = [...new Set([1, 5, ...sizesBelow(full), full])].filter((size) => size !== count);
    }
    const places = Array.from({ length: count }, (_, i) => (i + count) % copies.length);
    const outputs = await forward(places.map((place) => entry(copies, place)));
    const columns = outputs.length / count;
    for (const [i, place] of places.entries()) {
      const expected = entry(reference, place);
      const found = outputs.subarray(i * columns, (i + 1) * columns);
      const apart = distance(expected, found);
      if (!(apart <= bound) || otherClass(expected, found, bound)) {
        const at = { row: entry(copies, place), size: count, tolerance: settings.tolerance };
        const where = isTyped ? undefined : await firstDifference(CALL, classifier, at);
        throw mismatch({ backend, comparedWith, apart, scale, size: count, where });
      }
      difference = Math.max(difference, apart);
      const before = firstOutputs.get(place) ?? found;
      firstOutputs.set(place, before);
      batchDifference = Math.max(batchDifference, distance(before, found));
    }
    await hostTurn();
  }
  return {
    backend,
    comparedWith,
    difference: relative(difference),
    batchDifference: relative(batchDifference),
    copies: copies.length,
    batchSizes: batchSizes.sort((a, b) => a - b),
    milliseconds: performance.now() - begun,
  };
}

type Settings = ReturnType<typeof checkBackendOptions.parse>;

function assertKey({ noise, key }: Settings): void {
  if ((noise === undefined) === (key === undefined)) return;
  const [given, missing] = noise === undefined ? ['key', 'noise'] : ['noise', 'key'];
  const details = { call: CALL, field: missing, value: undefined, way: 'the key drives the noise' };
  throw refusal(OptionError, details, `must be given with \`${given}\``);
}

function notTyped(classifier: Classifier): OptionError {
  const got = 'a classifier of tensors, which cpu computes itself';
  const details = { call: CALL, field: 'classifier', value: classifier, got, way: 'leave `reference` out' };
  return refusal(OptionError, details, 'must be of typed arrays with `reference`');
}

/** The copies, copy r from image r mod batch, read back so that both backends get the same numbers. */
async function noisyCopies(sample: tf.Tensor, { noise, key, copies }: Settings): Promise<[Row, ...Row[]]> {
  const [images = 1, ...shape] = sample.shape;
  const drawn = tf.tidy(() =>
    Array.from({ length: copies }, (_, r) => {
      const image = tf.reshape(tf.slice(sample, r % images, 1), shape);
      if (noise === undefined || key === undefined) return copyOf(image);
      const copy = noise.perturb(image, { key, start: r, count: 1, onFailure: () => undefined });
      return copyOf(tf.reshape(copy, copy.shape.slice(1)));
    }),
  );
  const read = async (copy: tf.Tensor): Promise<Row> => ({
    values: Float32Array.from(await copy.data()),
    shape: copy.shape,
  });
  try {
    return (await Promise.all(drawn.map(read))) as [Row, ...Row[]]; // `copies` is at least 1
  } finally {
    tf.dispose(drawn);
  }
}

/** Outputs of every row alone on `cpu`. */
async function onCpu(
  classifier: Classifier,
  rows: readonly Row[],
  hostTurn: () => Promise<void>,
): Promise<Float32Array[]> {
  const run = adaptClassifier(CALL, classifier);
  const cpu = new CpuReference(CALL);
  await cpu.lend(visibleWeights(classifier));
  return oneAfterTheOther(rows, async (row) => {
    const shape = [1, ...row.shape];
    const outputs = await cpu.compute(() => [run(tensorOfCopy(row.values, shape, 'float32'), { training: false })]);
    await hostTurn();
    return entry(outputs, 0).values;
  });
}

async function oneAfterTheOther<A, B>(list: readonly A[], work: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (const item of list) results.push(await work(item));
  return results;
}

/** Rows of one shape, row after row in a new array. */
function joined(rows: readonly Row[]): Row {
  const { shape, values: first } = entry(rows, 0);
  const values = new Float32Array(rows.length * first.length);
  rows.forEach((row, i) => values.set(row.values, i * first.length));
  return { values, shape };
}

/** Outputs that differ, and where. */
interface Mismatch extends Pick<BackendCheck, 'backend' | 'comparedWith'> {
  readonly apart: number;
  readonly scale: number;
  readonly size: number;
  readonly where: string | undefined;
}

function mismatch({ backend, comparedWith, apart, scale, size, where }: Mismatch): BackendError {
  const shown = Number.isFinite(apart) ? String(Number(apart.toPrecision(3))) : 'without limit (one is not finite)';
  const found =
    `outputs that differ by ${shown} in a batch of ${size}, where the largest is ${Number(scale.toPrecision(3))}` +
    (where === undefined ? '' : `, first in ${where}`);
  if (comparedWith === 'single rows') {
    const way = 'checkClassifier says more of the classifier';
    const details = { call: CALL, field: 'classifier', value: backend, got: found, way };
    return refusal(BackendError, details, 'must give a row the same outputs in every batch');
  }
  if (backend === null) {
    const way = 'take the model itself';
    const details = { call: CALL, field: 'classifier', value: backend, got: found, way };
    return refusal(BackendError, details, 'must compute what cpu computes of its reference');
  }
  const way = "take another backend, for example by tf.setBackend('cpu')";
  const details = { call: CALL, field: 'backend', value: backend, got: `${backend} with ${found}`, way };
  return refusal(BackendError, details, 'must compute what cpu computes');
}
