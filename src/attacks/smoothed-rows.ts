import * as tf from '@tensorflow/tfjs';
import { noisyLogits } from '../classifier/adapt-classifier.ts';
import { assertGradients } from '../classifier/check-gradients.ts';
import { originOf } from '../classifier/origin.ts';
import type { LogitsFn } from '../classifier/types.ts';
import { OptionError, refusal } from '../errors.ts';
import type { AdditiveNoise, NoiseSource } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, parseField, type WithDefaults } from '../options/parse.ts';
import { fillNormals } from '../random/fill-normals.ts';
import { assertBatch, assertBatchNoise } from '../tensors/assert-shapes.ts';
import { labelEntries, splitCopies } from '../tensors/cross-entropy.ts';
import { assertLabelsFit, checkLabels, labelsField } from '../tensors/labels.ts';
import { flattenExamples } from '../tensors/masks.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { InputRange, Key } from '../types.ts';
import type { AttackTarget, InputAttackRequest } from './types.ts';

const inputAttackRequest = optionsOf<InputAttackRequest>()({
  x: fields.tensor,
  labels: labelsField,
  key: fields.key,
  noise: fields.optional(fields.tensor),
  strength: fields.withDefault(fields.positive, 1),
  firstImage: fields.withDefault(fields.nonNegativeInteger, 0),
});

/** @internal */
export function parseInputAttackRequest(
  call: string,
  given: InputAttackRequest,
): WithDefaults<InputAttackRequest, 'noise'> {
  return inputAttackRequest.parse(call, given);
}

/** Checks the target of an attack, and gives the range of the attacked inputs: the attack's own, else that of the target. @internal */
export function rangeOf(
  call: string,
  target: AttackTarget,
  own: InputRange | undefined,
  check: fields.Field<InputRange> = fields.range,
): InputRange {
  if (!fields.hasMethods(target, ['logits']) || !('noise' in target)) {
    const must = 'must be a smoothed classifier, or what an attack needs of one, { logits, noise, inputRange }';
    throw refusal(OptionError, { call, field: 'target', value: target }, must);
  }
  assertGradients(call, (target as AttackTarget).logits);
  return own ?? parseField(call, 'inputRange', check, (target as AttackTarget).inputRange);
}

/** Whether a range leaves anything out. @internal */
export const isBounded = ([low, high]: InputRange): boolean => low !== -Infinity || high !== Infinity;

/** Keeps values in a range. @internal */
export function clipTo<T extends tf.Tensor>(x: T, range: InputRange): T {
  return isBounded(range) ? tf.clipByValue(x, ...range) : x;
}

/** The smoothed classifier as an attack on the input sees it: images are rows [B, d], M noises stay the same. @internal */
export interface SmoothedRows {
  /** The images to attack, x. */
  readonly x: tf.Tensor2D;
  /** The noises ε_i, [M, B, d]. */
  readonly noise: tf.Tensor3D;
  /** Class labels [B]. */
  readonly labels: tf.Tensor1D;
  /** Logits of rows + ε_i, [M, B, C]. */
  logits(rows: tf.Tensor2D): tf.Tensor3D;
  /** The same, with the rows of which votes are taken: the probabilities where the classifier has them, else the logits. */
  outputs(rows: tf.Tensor2D): { readonly logits: tf.Tensor3D; readonly votes: tf.Tensor3D };
  /** −Σ_b ln (1/M) Σ_i softmax(logits_i)_y, scalar: what attacks increase. */
  loss(logits: tf.Tensor3D): tf.Tensor;
  /**
   * What an attack returns: rows in the shape of the images. NaN where a label in a tensor is no class: such an image must not pass for one
   * that the attack could not move. After `logits`, or with a known number of classes.
   */
  attacked(rows: tf.Tensor2D): tf.Tensor;
}

/** What attacks the noises that count changes, by their norm. */
const instead: Readonly<Record<string, string>> = {
  patch: 'take PatchAttack',
  l0: 'take GreedyPixelAttack, GreedyFlipAttack for bits, or GreedyTokenAttack for tokens',
  edit: 'take GreedyEditAttack',
};

/** The noise of an attack on ε or under it. @internal */
export const attackNoise: fields.Field<AdditiveNoise> = fields.additiveNoise(
  ({ norms: [norm = ''] }) => instead[norm] ?? 'its copies have no ε',
);

/** Checks the request and draws the noise; to be called inside `tidy`. @internal */
export function smoothedRows(
  call: string,
  { logits: run, noise: noiseOfTarget }: AttackTarget,
  request: Pick<InputAttackRequest, 'x' | 'labels' | 'noise'> & { readonly firstImage: number },
  {
    noise: ownNoise,
    numNoise: copies,
    key,
    numClasses: known = 0,
  }: Omit<NoiseSource, 'noise'> & {
    readonly noise: AdditiveNoise | undefined;
    /** Where it is known from logits of the same classifier. */
    readonly numClasses?: number;
  },
): SmoothedRows {
  const { x } = request;
  assertBatch(call, x);
  const drawn = (): tf.Tensor => {
    const source = parseField(call, 'noise', attackNoise, ownNoise ?? noiseOfTarget);
    return source.sampleBatch({ key, numNoise: copies, shape: x.shape, firstImage: request.firstImage });
  };
  const noise = request.noise ?? drawn();
  assertBatchNoise(call, x, noise);
  const { labels, largest } = checkLabels(call, request.labels, x.shape[0] ?? 0);
  const rows = flattenExamples(x, 1);
  const [numNoise = 1] = noise.shape;
  const images = (moved: tf.Tensor): tf.Tensor => tf.reshape(moved, x.shape);
  let numClasses = known;
  const outputs: SmoothedRows['outputs'] = (moved) => {
    let probabilities: tf.Tensor | undefined;
    const seeing: LogitsFn = (noisy, mode) => {
      const found = originOf(run)?.outputs?.(noisy, mode);
      probabilities = found?.probabilities;
      return found?.logits() ?? run(noisy, mode);
    };
    const logits = noisyLogits(call, seeing, { x: images(moved), noise }, { training: false });
    numClasses = logits.shape[2];
    assertLabelsFit(call, largest, numClasses);
    return { logits, votes: probabilities ? splitCopies(probabilities, numNoise) : logits };
  };
  return {
    x: rows,
    noise: tf.reshape(noise, [numNoise, ...rows.shape]),
    labels,
    attacked: (moved) => {
      const mark = labelEntries(tf.zeros([rows.shape[0], numClasses]), labels); // 0, or NaN
      return images(tf.add(moved, tf.expandDims(mark, 1)));
    },
    logits: (moved) => outputs(moved).logits,
    outputs,
    loss: (logits) => {
      const logProbabilities = labelEntries(tf.logSoftmax(logits), labels);
      return tf.neg(tf.sum(tf.sub(tf.logSumExp(logProbabilities, 0), Math.log(numNoise))));
    },
  };
}

/** Standard normal rows, [rows, dimension]: row r is sample start + r of the key. @internal */
export function drawNormals(key: Key, [rows, dimension]: [number, number], start: number): tf.Tensor2D {
  const normals = new Float32Array(rows * dimension);
  fillNormals(normals, { key, start, dimension });
  return tensorOver(normals, [rows, dimension], 'float32') as tf.Tensor2D;
}
