import type * as tf from '@tensorflow/tfjs';
import type { InputAttack } from '../attacks/types.ts';
import type { Prediction } from '../certify/types.ts';
import { type DatasetRunOptions, selectedIndices, selectField } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import { contextOf, withContext } from '../options/call-context.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, parseField } from '../options/parse.ts';
import { attackedKeys, exampleKey } from '../random/purposes.ts';
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import type { PredictOptions } from '../smoothed/call-options.ts';
import { tensorOfCopy } from '../tensors/own-tensor.ts';
import type { InputRange, Key, Norm } from '../types.ts';
import { assertImage, attackedImage } from './attacked-image.ts';

/** The part of a smoothed classifier that {@link attackDataset} needs. `SmoothedClassifier` and `SoftSmoothedClassifier` have it. */
export interface AttackedClassifier<P> extends Pick<SmoothedClassifier, 'logits' | 'noise' | 'numClasses'> {
  /** Smallest and largest value that an input coordinate may take. */
  readonly inputRange: InputRange;
  /** The class at one example, or abstention. */
  predict(x: tf.Tensor, options: PredictOptions): Promise<P>;
}

/** Options of {@link attackDataset}. */
export interface AttackDatasetOptions extends DatasetRunOptions {
  /** Drives attacks and votes: image i uses the children of `foldIn(key, i)`, whatever part of the data set is attacked. */
  readonly key: Key;
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

const attackDatasetOptions = optionsOf<AttackDatasetOptions>()({
  key: fields.key,
  n: fields.withDefault(fields.sampleCount, 1000),
  alpha: fields.withDefault(fields.openFraction, 0.001),
  norm: fields.optional(fields.norm),
  clean: fields.withDefault(fields.boolean, false),
  batchSize: fields.optional(fields.positiveInteger),
  signal: fields.optional(fields.signal),
  select: selectField,
});

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
  /** Length of x_adv − x, in input units. */
  readonly distance: number;
  /** The norm of `distance`. */
  readonly norm: Norm;
  /** Wall-clock time of attack and predictions. */
  readonly milliseconds: number;
  /** The whole prediction under attack. */
  readonly prediction: P;
  /** The prediction of the image itself, if `clean` was set. */
  readonly clean?: P;
}

const CALL = 'attackDataset';

/**
 * Attacks the examples of a data set and asks the smoothed classifier again.
 *
 * Each image x is moved to x_adv = `attack.perturb(g.logits, { x, labels: [label], key })` and predicted there (PREDICT with n and alpha)
 * with noise that neither the attack nor a certificate of the same key has seen. With i the index in the data set and k = `split(foldIn(key, i), 5)`,
 * k[3] is the key of the attack, k[4] of the prediction under attack and k[2] of the clean one; k[0] and k[1] are those of `certifyDataset`. A
 * row depends on nothing else, so parts of a run fit together. Images are attacked one by one; what fills a batch are the noisy copies.
 *
 * @param g - a `SmoothedClassifier` or `SoftSmoothedClassifier` whose classifier can be differentiated, if the attack takes gradients; a
 * `tf.GraphModel` can, as far as its operations can
 * @param attack - for example a `SmoothedPgd` with the noise of `g` and `clip` set to its input range
 * @throws OptionError at once for its options; from the iteration also for a label that is no class; DataError for an example of the wrong
 * size; TensorError if an image, or what the attack makes of it, is no input of `g`; ClassifierError if there is no gradient; what the
 * attack and `g.predict` throw, and the abort reason of `signal`
 * @see Salman et al., "Provably Robust Deep Learning via Adversarially Trained Smoothed Classifiers", NeurIPS 2019, section 4.2;
 * Hadisalman/smoothing-adversarial, code/predict.py
 * @example
 * ```ts
 * const attack = new SmoothedPgd({ noise, epsilon: 0.25, steps: 20, numNoise: 32, clip: [0, 1] });
 * for await (const row of attackDataset(g, attack, testSet, { key, select: { skip: 20 } })) attacked.push(row);
 * empiricalRobustAccuracy(attacked); // at most: the attack has found no more
 * ```
 */
export function attackDataset<P extends Pick<Prediction, 'label' | 'abstained'>>(
  g: AttackedClassifier<P>,
  attack: InputAttack,
  dataset: LabelledDataset,
  options: AttackDatasetOptions,
): AsyncGenerator<AttackedRow<P>, void, undefined> {
  parseField(CALL, 'attack', attackField, attack);
  const { select, ...settings } = attackDatasetOptions.parse(CALL, options);
  return rows(g, attack, new OwnDataset(dataset), {
    ...settings,
    norm: settings.norm ?? (g.noise.norms[0] as Norm),
    run: contextOf(options, CALL).run,
    indices: selectedIndices(dataset.size, select),
  });
}

type Settings = Omit<ReturnType<typeof attackDatasetOptions.parse>, 'select'> & {
  readonly norm: Norm;
  readonly run: object;
  readonly indices: Iterable<number>;
};

async function* rows<P extends Pick<Prediction, 'label' | 'abstained'>>(
  g: AttackedClassifier<P>,
  attack: InputAttack,
  dataset: OwnDataset,
  { key, n, alpha, norm, clean, batchSize, signal, indices, run }: Settings,
): AsyncGenerator<AttackedRow<P>, void, undefined> {
  const voting = { n, alpha, batchSize, signal };
  const predict = async (x: Float32Array, predictKey: Key): Promise<P> => {
    const image = tensorOfCopy(x, dataset.shape, 'float32');
    try {
      return await g.predict(image, withContext({ key: predictKey, ...voting }, { run }));
    } finally {
      image.dispose();
    }
  };
  for (const index of indices) {
    signal?.throwIfAborted();
    const begun = performance.now();
    const { x, label } = await dataset.checkedExample(index, { call: CALL, numClasses: g.numClasses });
    assertImage(CALL, g, { index, x, field: 'x' });
    const keys = attackedKeys(exampleKey(key, index));
    const moved = await attackedImage(CALL, g, attack, {
      index,
      x,
      label,
      shape: dataset.shape,
      key: keys.attack,
    });
    const prediction = await predict(moved, keys.judge);
    const { label: predicted, abstained } = prediction;
    yield {
      index,
      label,
      predicted,
      abstained,
      broken: !abstained && predicted !== label,
      distance: distance(x, moved, norm),
      norm,
      prediction,
      ...(clean && { clean: await predict(x, keys.clean) }),
      milliseconds: performance.now() - begun,
    };
  }
}

/** Length of b − a in a norm, in float64. */
function distance(a: Float32Array, b: Float32Array, norm: Norm): number {
  let sum = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const change = Math.abs((b[i] as number) - (a[i] as number));
    sum += norm === 'l2' ? change * change : change;
    largest = Math.max(largest, change);
  }
  if (norm === 'linf') return largest;
  return norm === 'l2' ? Math.sqrt(sum) : sum;
}
