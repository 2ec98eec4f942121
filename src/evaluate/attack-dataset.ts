import type * as tf from '@tensorflow/tfjs';
import { attackOf, attackRecord, type AttackRecord } from '../attacks/attack-record.ts';
import type { InputAttack } from '../attacks/types.ts';
import type { Prediction } from '../certify/types.ts';
import { type DatasetRunOptions, selectedIndices, selectField } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { OptionError, refusal } from '../errors.ts';
import { contextOf, withContext } from '../options/call-context.ts';
import * as fields from '../options/fields.ts';
import { type FieldsOf, optionsOf, parseField } from '../options/parse.ts';
import { attackedKeys, exampleKey } from '../random/purposes.ts';
import { tensorOfCopy } from '../tensors/own-tensor.ts';
import type { Key, Norm } from '../types.ts';
import {
  answering,
  type AttackedClassifier,
  type AttackedVotes,
  type AttackThreads,
  type VotesOfCopies,
} from './attacked-classifier.ts';
import { assertImage, assertMeasures, attackedImage, distance, type ImageToAttack } from './attacked-image.ts';

/** Options of {@link attackDataset}. */
export interface AttackDatasetOptions extends DatasetRunOptions {
  /** Drives attacks and votes: image i uses the children of `foldIn(key, i)`, whatever part of the data set is attacked. */
  readonly key: Key;
  /**
   * Attack each image with each of these lengths in turn: with `attack.withEpsilon(epsilon)`. Every row is that of a run with this length alone;
   * of the image without attack there is one prediction.
   * @defaultValue that of the attack
   */
  readonly epsilons?: readonly number[] | undefined;
  /**
   * Number of noisy copies of each prediction.
   * @defaultValue 1000
   */
  readonly n?: number | undefined;
  /**
   * Allowed probability of a wrong class in one prediction, in (0, 1).
   * @defaultValue 0.001
   */
  readonly alpha?: number | undefined;
  /**
   * The norm in which `distance` is measured.
   * @defaultValue the first norm of the noise
   */
  readonly norm?: Norm | undefined;
  /**
   * Predict the image without attack, too.
   * @defaultValue false
   */
  readonly clean?: boolean | undefined;
  /**
   * Noisy copies per forward pass of the predictions: speed and memory only, never a result.
   * @defaultValue the batch size of the smoothed classifier
   */
  readonly batchSize?: number | undefined;
  /** Stops the run; its reason is thrown. It is seen between two images and between two batches of votes. */
  readonly signal?: AbortSignal | undefined;
}

const epsilonsField = fields.field<readonly number[]>(
  'must be a list of at least one finite number greater than 0',
  (v) => Array.isArray(v) && v.length > 0 && v.every((one) => fields.isFiniteNumber(one) && one > 0),
);

/** The checks of {@link AttackDatasetOptions} but for `select`. @internal */
export const attackDatasetFields: FieldsOf<Omit<AttackDatasetOptions, 'select'>, 'n' | 'alpha' | 'clean'> = {
  key: fields.key,
  epsilons: fields.optional(epsilonsField),
  n: fields.withDefault(fields.sampleCount, 1000),
  alpha: fields.withDefault(fields.openFraction, 0.001),
  norm: fields.optional(fields.norm),
  clean: fields.withDefault(fields.boolean, false),
  batchSize: fields.optional(fields.positiveInteger),
  signal: fields.optional(fields.signal),
};

const attackDatasetOptions = optionsOf<AttackDatasetOptions>()({ ...attackDatasetFields, select: selectField });

const attackField = fields.object<InputAttack>('must be an attack on the input (for example a SmoothedPgd)', [
  'perturb',
]);

/** One attacked example of a data set: a plain JSON value. */
export interface AttackedRow<P = Prediction> {
  /** Index of the image in its data set. */
  readonly index: number;
  /** The true class. */
  readonly label: number;
  /** The class under attack, -1 if abstained. */
  readonly predicted: number;
  /** Whether the smoothed classifier declined to answer under attack. */
  readonly abstained: boolean;
  /** Whether `predicted` is a class other than `label`. An abstention breaks nothing. */
  readonly broken: boolean;
  /** Largest length that the attack was allowed, in input units; undefined where it does not say. */
  readonly epsilon: number | undefined;
  /** Length of x_adv − x, in input units; in a norm that counts changes their number, as the noise counts them (`Noise.distance`). */
  readonly distance: number;
  /** The norm of `distance`. */
  readonly norm: Norm;
  /** Wall-clock time of attack and predictions; that of the image itself counts for its first row. */
  readonly milliseconds: number;
  /** The whole prediction under attack. */
  readonly prediction: P;
  /** The prediction of the image itself, if `clean` was set; the same in all rows of the image. */
  readonly clean?: P;
}

const CALL = 'attackDataset';

/**
 * Attacks the examples of a data set and asks the smoothed classifier again.
 *
 * Each image x is moved to x_adv = `attack.perturb(g, { x, labels: [label], key })` and predicted there (PREDICT with n and alpha)
 * with noise that neither the attack nor a certificate of the same key has seen. With i the index in the data set and k = `split(foldIn(key, i), 5)`,
 * k[3] is the key of the attack, k[4] of the prediction under attack and k[2] of the clean one; k[0] and k[1] are those of `certifyDataset`. A
 * row depends on nothing else, so parts of a run fit together. Images are attacked one by one; what fills a batch are the noisy copies. Threads
 * attack several at the same time, and their rows are those of one; the attack is made again in them, so it must be one of catrs without a noise
 * of its own.
 *
 * @param g - a `SmoothedClassifier`, `SoftSmoothedClassifier` or `DerandomizedClassifier` whose classifier can be differentiated, if the attack takes gradients; a
 * `tf.GraphModel` can, as far as its operations can; or threads with one each
 * @param attack - for example a `SmoothedPgd`; it takes the noise and the input range of `g`
 * @throws OptionError at once for its options; from the iteration also for a label that is no class; DataError for an example of the wrong
 * size; TensorError if an image, or what the attack makes of it, is no input of `g`; ClassifierError if there is no gradient; what the
 * attack and `g.predict` throw, and the abort reason of `signal`
 * @see Salman et al., "Provably Robust Deep Learning via Adversarially Trained Smoothed Classifiers", NeurIPS 2019, section 4.2;
 * Hadisalman/smoothing-adversarial, code/predict.py
 * @example
 * ```ts
 * const attack = new SmoothedPgd({ epsilon: 0.25, steps: 20, numNoise: 32 });
 * for await (const row of attackDataset(g, attack, testSet, { key, select: { skip: 20 } })) attacked.push(row);
 * empiricalRobustAccuracy(attacked); // at most: the attack has found no more
 * ```
 */
export function attackDataset(
  g: AttackedVotes,
  attack: InputAttack,
  dataset: LabelledDataset,
  options: AttackDatasetOptions,
): AsyncGenerator<AttackedRow<VotesOfCopies>, void, undefined>;
export function attackDataset<P extends Pick<Prediction, 'label' | 'abstained'>>(
  g: AttackedClassifier<P> | AttackThreads,
  attack: InputAttack,
  dataset: LabelledDataset,
  options: AttackDatasetOptions,
): AsyncGenerator<AttackedRow<P>, void, undefined>;
export function attackDataset(
  g: AttackedVotes | AttackedClassifier<Pick<Prediction, 'label' | 'abstained'>> | AttackThreads,
  attack: InputAttack,
  dataset: LabelledDataset,
  options: AttackDatasetOptions,
): AsyncGenerator<AttackedRow<Pick<Prediction, 'label' | 'abstained'>>, void, undefined> {
  parseField(CALL, 'attack', attackField, attack);
  const { select, epsilons, ...settings } = attackDatasetOptions.parse(CALL, options);
  const own = OwnDataset.of(CALL, dataset);
  return attackIndices(g, own, {
    ...settings,
    attacks: epsilons ? epsilons.map((epsilon) => withEpsilon(attack, epsilon)) : [attack],
    run: contextOf(options, CALL).run,
    indices: selectedIndices(own.size, select),
  });
}

/** Attacks chosen examples with attacks that are made: the rest of {@link attackDataset}. @internal */
export function attackIndices<P extends Pick<Prediction, 'label' | 'abstained'>>(
  g: AttackedVotes | AttackedClassifier<P> | AttackThreads,
  dataset: OwnDataset,
  settings: Settings,
): AsyncGenerator<AttackedRow<P | VotesOfCopies>, void, undefined> {
  assertMeasures(CALL, settings.norm ?? g.noise?.norms?.[0], 'answers' in g ? undefined : g.noise);
  return 'answers' in g ? rowsOfThreads<P>(g, dataset, settings) : rows(answering(g), dataset, settings);
}

function withEpsilon(attack: InputAttack, epsilon: number): InputAttack {
  if (attack.withEpsilon) return attack.withEpsilon(epsilon);
  const way = 'or leave `epsilons` out and make one run for each attack';
  throw refusal(
    OptionError,
    { call: CALL, field: 'attack', value: attack, way },
    'must have withEpsilon for `epsilons`',
  );
}

/** The settings of a run whose attacks are made and whose examples are chosen. */
interface Settings extends Pick<AttackDatasetOptions, 'key' | 'norm' | 'batchSize' | 'signal'> {
  readonly n: number;
  readonly alpha: number;
  readonly clean: boolean;
  readonly attacks: readonly InputAttack[];
  readonly run: object;
  readonly indices: Iterable<number>;
}

async function* rows<P extends Pick<Prediction, 'label' | 'abstained'>>(
  g: AttackedClassifier<P>,
  dataset: OwnDataset,
  { key, indices, ...settings }: Settings,
): AsyncGenerator<AttackedRow<P>, void, undefined> {
  for (const index of indices) {
    settings.signal?.throwIfAborted();
    const { x, label } = await dataset.checkedExample(index, { call: CALL, numClasses: g.numClasses });
    const image = { index, x, label, shape: dataset.shape };
    yield* attackedRows(g, image, { ...settings, key: exampleKey(key, index) });
  }
}

async function* rowsOfThreads<P>(
  threads: AttackThreads,
  dataset: OwnDataset,
  { key, n, alpha, norm, clean, batchSize, signal, attacks, indices }: Settings,
): AsyncGenerator<AttackedRow<P>, void, undefined> {
  async function* examples(): AsyncGenerator<{ x: tf.Tensor; index: number; label: number }, void, undefined> {
    for (const index of indices) {
      const { x, label } = await dataset.checkedExample(index, { call: CALL, numClasses: threads.numClasses });
      const image = tensorOfCopy(x, dataset.shape, 'float32');
      try {
        yield { x: image, index, label };
      } finally {
        image.dispose();
      }
    }
  }
  const records = attacks.map((attack) => {
    const record = attackRecord(attack);
    if (record !== undefined) return record;
    const must =
      'must be a SmoothedPgd, SmoothedDdn, GreedyEditAttack, GreedyFlipAttack, PatchAttack, GreedyPixelAttack or GreedyTokenAttack without a noise of its own, which can be made again in threads';
    throw refusal(OptionError, { call: CALL, field: 'attack', value: attack }, must);
  });
  const options = withContext({ key, n, alpha, norm, clean, batchSize, signal, attacks: records }, { call: CALL });
  for await (const found of threads.answers<readonly AttackedRow<P>[]>('attack', examples(), options)) yield* found;
}

/** An image to attack, and the settings of its rows: `key` is that of the image. */
type ImageSettings = Omit<Settings, 'indices'>;

/** What a thread answers: the rows of one image. @internal */
export async function attackInThread<P extends Pick<Prediction, 'label' | 'abstained'>>(
  g: AttackedClassifier<P> | AttackedVotes,
  image: Omit<ImageToAttack, 'key'>,
  { attacks, ...settings }: Omit<ImageSettings, 'attacks'> & { readonly attacks: readonly AttackRecord[] },
): Promise<AttackedRow<P | VotesOfCopies>[]> {
  const found: AttackedRow<P | VotesOfCopies>[] = [];
  for await (const row of attackedRows(answering(g), image, { ...settings, attacks: attacks.map(attackOf) }))
    found.push(row);
  return found;
}

/** The rows of one image, one for each attack. */
async function* attackedRows<P extends Pick<Prediction, 'label' | 'abstained'>>(
  g: AttackedClassifier<P>,
  image: Omit<ImageToAttack, 'key'>,
  { key, n, alpha, norm = g.noise.norms[0] as Norm, clean, batchSize, signal, attacks, run }: ImageSettings,
): AsyncGenerator<AttackedRow<P>, void, undefined> {
  const { index, x, label, shape } = image;
  const voting = { n, alpha, batchSize, signal };
  const predict = async (values: Float32Array, predictKey: Key): Promise<P> => {
    const example = tensorOfCopy(values, shape, 'float32');
    try {
      return await g.predict(example, withContext({ key: predictKey, ...voting }, { run }));
    } finally {
      example.dispose();
    }
  };
  let begun = performance.now();
  assertImage(CALL, g, { index, x, field: 'x' });
  const keys = attackedKeys(key);
  let unmoved: P | undefined;
  for (const attack of attacks) {
    signal?.throwIfAborted();
    const moved = await attackedImage(CALL, g, attack, { ...image, key: keys.attack });
    const prediction = await predict(moved, keys.judge);
    if (clean) unmoved ??= await predict(x, keys.clean);
    const { label: predicted, abstained } = prediction;
    yield {
      index,
      label,
      predicted,
      abstained,
      broken: !abstained && predicted !== label,
      epsilon: attack.epsilon,
      distance: distance(x, moved, { norm, noise: g.noise, shape }),
      norm,
      prediction,
      ...(unmoved !== undefined && { clean: unmoved }),
      milliseconds: performance.now() - begun,
    };
    begun = performance.now();
  }
}
