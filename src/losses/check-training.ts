import * as tf from '@tensorflow/tfjs';
import { adaptClassifier } from '../classifier/adapt-classifier.ts';
import { tryGradient } from '../classifier/check-gradients.ts';
import {
  assertFiniteLogits,
  assertLogitsShape,
  countDistributions,
  LEAST_ROWS_TO_JUDGE,
} from '../classifier/check-logits.ts';
import type { Classifier } from '../classifier/types.ts';
import { ClassifierError, OptionError, refusal, showValue, TensorError } from '../errors.ts';
import { domainText, isInDomain } from '../noise/domains.ts';
import type { Noise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, parseField } from '../options/parse.ts';
import { foldIn } from '../random/key.ts';
import { assertBatch, assertSoftTargets, isTensor } from '../tensors/assert-shapes.ts';
import { assertLabelsFit, checkLabels, type Labels } from '../tensors/labels.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import type { InputRange } from '../types.ts';
import type { Prepared, TrainingBatch, TrainingLoss } from './types.ts';

const lossField = fields.object<TrainingLoss<never>>('must be a training loss, with a method `prepare`', ['prepare']);

/** Options of {@link checkTraining}. */
export interface CheckTrainingOptions {
  /**
   * Smallest and largest value of the images, as it will be declared for certification.
   * @defaultValue that of the loss, or [0, 1] where it has none
   */
  readonly inputRange?: InputRange | undefined;
}

const checkTrainingOptions = optionsOf<CheckTrainingOptions>()({
  inputRange: fields.optional(fields.range),
});

const CALL = 'checkTraining';

/**
 * Looks, before a long run, at everything that a loss cannot look at without waiting: the values of a batch in tensors, and the logits.
 *
 * With M the number of noisy copies and C that of classes, it checks that
 * - images are finite and inside `inputRange`, labels whole numbers from 0 to C − 1,
 * - rows of `softTargets` are probabilities with sum 1 (within 1e-3), `k` is a whole number from 1 to M, `mixing` in [0, 1],
 * - noise, drawn or given, and what the attack made of the batch are finite,
 * - the classifier returns finite logits [batch, C], and not probabilities,
 * - where the loss was told `independentRows`, its rows are the same in training mode and in half of the batch.
 *
 * Of a loss that trains on copies (`CopiesLoss`) the classifier is asked for those, and images are held to the domain of the noise.
 *
 * It calls `prepare` once (of a loss on copies until there are 8) and the classifier in inference mode (in training mode only for that last point): no
 * weight and no running statistic changes, and the same batch can be trained on afterwards. Nothing of it is random but what `prepare` draws from the key of the batch.
 *
 * @param loss - any loss of catrs; one of your own needs a property `classifier`
 * @param batch - the first batch, as `prepare` takes it; its tensors are not disposed
 * @throws OptionError, TensorError that names the field of the batch that is wrong and the way out; whatever `prepare` throws
 * @throws ClassifierError if the logits are not finite, of the wrong shape, or probabilities
 * @example
 * ```ts
 * await checkTraining(loss, { x, labels, softTargets, key });
 * ```
 */
export async function checkTraining<Batch extends TrainingBatch>(
  loss: TrainingLoss<Batch>,
  batch: Batch,
  options: CheckTrainingOptions = {},
): Promise<void> {
  parseField(CALL, 'loss', lossField, loss);
  const { classifier, inputRange: ofLoss = [0, 1] } = loss;
  const { inputRange = ofLoss } = checkTrainingOptions.parse(CALL, options);
  if (classifier === undefined) {
    const way = 'give it a property `classifier`: the model that it trains';
    throw refusal(
      OptionError,
      { call: CALL, field: 'loss', value: loss, got: 'none', way },
      'must name its classifier',
    );
  }
  const prepared = loss.prepare(batch);
  const copies: tf.Tensor[] = [];
  // The batch is the host's, and this waits.
  const own = <T extends tf.Tensor>(tensor: T): T => {
    const copy = copyOf(tensor);
    copies.push(copy);
    return copy;
  };
  try {
    assertBatch(CALL, batch.x);
    const x = own(batch.x);
    const labels = isTensor(batch.labels) ? own(batch.labels) : Array.from(batch.labels);
    const softTargets = batch.softTargets && own(batch.softTargets);
    const { noise } = loss as { readonly noise?: Noise };
    if (noise?.domain) await checkDomain(x, noise);
    await checkImages(x, inputRange);
    const { copies: drawn } = prepared as { readonly copies?: unknown };
    const rows = isTensor(drawn) ? tf.tidy(() => copiesToJudge(loss, batch, drawn)) : x;
    copies.push(rows);
    const numClasses = await checkLogits(classifier, rows);
    if (saysIndependent(loss)) await checkIndependence(classifier, x);
    // Ids are looked up: there is no gradient of them, only of the weights.
    if (noise?.domain !== 'tokens') tf.tidy(() => tryGradient(CALL, classifier, tf.slice(rows, 0, 1)));
    await checkLabelValues(x, labels, numClasses);
    if (softTargets) {
      assertSoftTargets(CALL, softTargets, x.shape[0] ?? 0, numClasses);
      await checkSoftTargets(softTargets, numClasses);
    }
    await checkPrepared(prepared);
  } finally {
    tf.dispose(copies);
    prepared.dispose();
  }
}

async function checkImages(x: tf.Tensor, [low, high]: InputRange): Promise<void> {
  // The values are float32, so the ends are taken as float32 too.
  const [least, most] = [Math.fround(low), Math.fround(high)];
  await checkEntries('x', x, {
    holds: (value) => value >= least && value <= most && Number.isFinite(value),
    must: `have finite values in the input range [${low}, ${high}]`,
    way: 'sigma is in input units: scale the images, or declare `inputRange` and choose sigma for it',
  });
}

/** Throws at a value of which the noise could not certify. */
async function checkDomain(x: tf.Tensor, noise: Pick<Noise, 'domain' | 'assertValues'>): Promise<void> {
  const { domain } = noise;
  const must = `have values ${domainText(domain)}, as the noise certifies no others`;
  await checkEntries('x', x, { holds: (value) => isInDomain(domain, value), must, way: 'train as you will certify' });
  const values = await x.data<'float32'>();
  const size = x.size / (x.shape[0] ?? 1);
  for (let at = 0; at < values.length; at += size) noise.assertValues?.(CALL, values.subarray(at, at + size));
}

/** The copies that a loss trains on, [rows, ...copyShape], drawn further until there are rows enough to judge by. */
function copiesToJudge<Batch extends TrainingBatch>(
  loss: TrainingLoss<Batch>,
  batch: Batch,
  first: tf.Tensor,
): tf.Tensor {
  const [numNoise = 1, images = 1, ...shape] = first.shape;
  const further = Math.ceil(LEAST_ROWS_TO_JUDGE / (numNoise * images)) - 1;
  const drawn = Array.from({ length: further }, (_, i) => {
    const again = { ...batch, copies: undefined, key: foldIn(batch.key, i) };
    return (loss.prepare(again) as unknown as { readonly copies: tf.Tensor }).copies;
  });
  return tf.clone(tf.reshape(tf.concat([first, ...drawn]), [-1, ...shape]));
}

/** Asks the classifier for the images, and for darker versions of them until there are rows enough to judge by; gives C. */
async function checkLogits(classifier: Classifier, x: tf.Tensor): Promise<number> {
  const [images = 1] = x.shape;
  const versions = Math.ceil(LEAST_ROWS_TO_JUDGE / images);
  const run = adaptClassifier(CALL, classifier);
  const logits = tf.tidy(() => {
    const rows = Array.from({ length: versions }, (_, i) => tf.mul(x, 1 - i / (2 * versions)));
    // The clone keeps a classifier that returns its input from handing us the caller's tensor.
    return tf.clone(run(tf.concat(rows), { training: false }));
  });
  try {
    assertLogitsShape(CALL, logits, images * versions);
    const [, numClasses = 0] = logits.shape;
    const values = await logits.data();
    assertFiniteLogits(CALL, values);
    if (countDistributions(values, numClasses) === images * versions) {
      const got = 'rows that are probabilities';
      const way = "remove the final softmax, or make the loss of toLogitsFn(model, { output: 'probabilities' })";
      const details = { call: CALL, field: 'classifier', value: 'probabilities', got, way };
      throw refusal(ClassifierError, details, 'must return logits');
    }
    return numClasses;
  } finally {
    logits.dispose();
  }
}

const saysIndependent = (loss: object): boolean => 'independentRows' in loss && loss.independentRows === true;

/** How far rows may be apart that should be the same: rounding, of other kernels for other batch sizes. */
const ROUNDING = 1e-3;

/** Throws where rows come out differently in training mode, or without the others of their batch. */
async function checkIndependence(classifier: Classifier, x: tf.Tensor): Promise<void> {
  const run = adaptClassifier(CALL, classifier);
  const part = Math.ceil((x.shape[0] ?? 1) / 2);
  const rows = [
    tf.tidy(() => tf.clone(run(x, { training: false }))),
    tf.tidy(() => tf.clone(run(x, { training: true }))),
    tf.tidy(() => tf.clone(run(tf.slice(x, 0, part), { training: true }))),
  ];
  try {
    const [expected, ...found] = await Promise.all(rows.map((one) => one.data()));
    const columns = rows[0]?.shape[1] ?? 1;
    for (const values of found) {
      const differs = (value: number, i: number): boolean => {
        const other = expected?.[i] ?? NaN;
        return !(Math.abs(value - other) <= ROUNDING * Math.max(1, Math.abs(other)));
      };
      const at = values.findIndex(differs);
      if (at < 0) continue;
      const where = values.length < (expected?.length ?? 0) ? `in a batch of ${part}` : 'in training mode';
      const got = `${values[at]} for ${expected?.[at]} in row ${Math.floor(at / columns)}, ${where}`;
      const details = { call: CALL, field: 'independentRows', value: true, got, way: 'make the loss without it' };
      throw refusal(
        ClassifierError,
        details,
        'must be true only where each row of logits follows from its input alone',
      );
    }
  } finally {
    tf.dispose(rows);
  }
}

async function checkLabelValues(x: tf.Tensor, labels: Labels, numClasses: number): Promise<void> {
  const checked = checkLabels(CALL, labels, x.shape[0] ?? 0);
  try {
    assertLabelsFit(CALL, checked.largest, numClasses);
    await checkEntries('labels', checked.labels, {
      holds: (value) => value >= 0 && value < numClasses,
      must: `be whole numbers from 0 to ${numClasses - 1}`,
      way: `the classifier has ${numClasses} classes`,
    });
  } finally {
    checked.labels.dispose();
  }
}

async function checkSoftTargets(softTargets: tf.Tensor, numClasses: number): Promise<void> {
  const values = await softTargets.data();
  for (let image = 0; image * numClasses < values.length; image++) {
    const row = values.slice(image * numClasses, (image + 1) * numClasses);
    if (countDistributions(row, numClasses) === 1) continue;
    const got = `${showValue([...row])} for image ${image}`;
    const way = 'divide each row of votes by its sum; logits need a softmax';
    const details = { call: CALL, field: 'softTargets', value: row, got, way };
    throw refusal(TensorError, details, 'must have rows of probabilities with sum 1');
  }
}

/** What values of a prepared tensor must be, beside finite. */
const bounds: Readonly<Record<string, (numNoise: number) => Entries>> = {
  k: (numNoise) => ({
    holds: (value) => Number.isInteger(value) && value >= 1 && value <= numNoise,
    must: `be whole numbers from 1 to the number of noisy copies (${numNoise})`,
    way: 'omit `k`, and it is drawn',
  }),
  mixing: () => ({
    holds: (value) => value >= 0 && value <= 1,
    must: 'be in [0, 1]',
    way: 'omit `mixing`, and it is drawn from [0, 1/2)',
  }),
};

/** Looks at all tensors that a loss has prepared, whatever it calls them. */
async function checkPrepared(prepared: Prepared & { readonly noise?: unknown }): Promise<void> {
  const numNoise = isTensor(prepared.noise) ? (prepared.noise.shape[0] ?? 1) : 1;
  for (const [field, tensor] of Object.entries(prepared)) {
    if (!isTensor(tensor)) continue;
    const bound = bounds[field]?.(numNoise);
    const way = 'it is given with the batch, drawn, or made by the attack: look at that';
    await checkEntries(field, tensor, bound ?? { holds: Number.isFinite, must: 'hold finite numbers', way });
  }
}

interface Entries {
  readonly holds: (value: number) => boolean;
  readonly must: string;
  readonly way: string;
}

/** Throws at the first entry that does not hold, and says in which row it is. */
async function checkEntries(field: string, tensor: tf.Tensor, { holds, must, way }: Entries): Promise<void> {
  const values = await tensor.data();
  const wrong = values.findIndex((value) => !holds(value));
  if (wrong < 0) return;
  const [rows = 1] = tensor.shape;
  const row = Math.floor(wrong / (values.length / rows));
  const got = `${values[wrong]} in row ${row}`;
  throw refusal(TensorError, { call: CALL, field, value: values[wrong], got, way }, `must ${must}`);
}
