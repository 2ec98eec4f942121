import * as tf from '@tensorflow/tfjs';
import { BackendError, ClassifierError, refusal, showValue } from '../errors.ts';
import { gradientOf } from '../tensors/tape.ts';
import { adaptClassifier, isLayersModel } from './adapt-classifier.ts';
import { originOf } from './origin.ts';
import type { Classifier, LogitsFn } from './types.ts';

/** A classifier as a function to logits, for a call that takes gradients through it. @internal */
export function adaptForGradients(call: string, classifier: Classifier): LogitsFn {
  const run = adaptClassifier(call, classifier);
  assertGradients(call, classifier);
  return run;
}

/**
 * Throws at the first layer that TensorFlow.js has no gradient of, in a layers model or in the models that a function of the library is made
 * of: else the run would end in its first step, with an error that names no layer.
 *
 * @throws ClassifierError that names the layer
 * @internal
 */
export function assertGradients(call: string, classifier: unknown): void {
  for (const layer of modelsIn(classifier).flatMap(layersOf)) {
    const obstacle = obstacleIn(layer);
    if (obstacle === undefined) continue;
    const got = `layer ${showValue(layer.name)} (${layer.getClassName()}) with ${obstacle}`;
    const details = { call, field: 'classifier', value: layer.name, got, way: WAY };
    throw refusal(ClassifierError, details, 'must consist of layers that TensorFlow.js has gradients of');
  }
}

const WAY = 'it can be certified; to train or attack, make the model without it';

/** A classifier, or the models that a function of the library is made of. */
function modelsIn(classifier: unknown): unknown[] {
  return originOf(classifier)?.parts.flatMap(modelsIn) ?? [classifier];
}

/**
 * Takes the gradient of the logits' sum at one input, and where there is none says which layer has none: a kernel that the backend lacks, or an
 * operation that TensorFlow.js cannot differentiate.
 *
 * @param row - one input as a batch, [1, ...inputShape]
 * @throws ClassifierError that names the layer, or quotes the cause where no layer alone fails
 * @internal
 */
export function tryGradient(call: string, classifier: Classifier, row: tf.Tensor): void {
  const run = adaptForGradients(call, classifier);
  const cause = failureOf(call, (x) => run(x, { training: false }), row);
  if (cause === undefined) return;
  const layer = modelsIn(classifier)
    .flatMap(layersOf)
    .find((each) => isBarrier(call, each));
  const got = layer ? `layer ${showValue(layer.name)} (${layer.getClassName()}) with "${cause}"` : `"${cause}"`;
  const details = { call, field: 'classifier', value: cause, got, way: WAY };
  throw refusal(ClassifierError, details, 'must have a gradient');
}

/** Why there is no gradient of a function at a point. */
function failureOf(call: string, f: (x: tf.Tensor) => tf.Tensor, point: tf.Tensor): string | undefined {
  try {
    gradientOf(call, (x) => tf.sum(f(x)), point as tf.Tensor2D).dispose();
    return undefined;
  } catch (error) {
    if (error instanceof BackendError) throw error;
    return (error as Error).message;
  }
}

/** Whether the gradient ends at a layer, by itself on ones of the shape that it takes. */
function isBarrier(call: string, layer: LayerLike): boolean {
  const { shape } = [layer.input].flat()[0] ?? {};
  // Layers with several inputs only add, multiply or join them.
  if (shape === undefined || Array.isArray(layer.input)) return false;
  const ones = tf.ones(shape.map((size, axis) => (axis === 0 ? 1 : (size ?? 2))));
  try {
    return failureOf(call, (x) => [layer.call(x, {})].flat()[0] as tf.Tensor, ones) !== undefined;
  } finally {
    ones.dispose();
  }
}

interface SymbolicInput {
  readonly shape: readonly (number | null)[];
}

/** What is read of a layer of `tf.layers`. */
interface LayerLike {
  readonly name: string;
  readonly layers?: readonly LayerLike[];
  /** The layer that a wrapper (TimeDistributed, Bidirectional) applies. */
  readonly layer?: LayerLike;
  readonly input?: SymbolicInput | readonly SymbolicInput[];
  call(x: tf.Tensor, options: object): unknown;
  getClassName(): string;
  getConfig(): Readonly<Record<string, unknown>>;
}

/** The layers of a model, those of models inside it among them. */
function layersOf(model: unknown): LayerLike[] {
  if (!isLayersModel(model)) return [];
  const inside = (layer: LayerLike): LayerLike[] =>
    layer.layers?.flatMap(inside) ?? (layer.layer ? inside(layer.layer) : [layer]);
  return ((model as { readonly layers?: readonly LayerLike[] }).layers ?? []).flatMap(inside);
}

/** Layers whose operation gets no tensor for what they are told to leave out, and whose gradient then reads it. */
const normalizations: readonly string[] = ['BatchNormalization', 'LayerNormalization'];

/** Layers whose `dilationRate` TensorFlow.js leaves unused. */
const undilated: readonly string[] = ['DepthwiseConv2D'];

/** Why TensorFlow.js has no gradient of a layer. */
function obstacleIn(layer: LayerLike): string | undefined {
  const config = layer.getConfig();
  const kind = layer.getClassName();
  if (normalizations.includes(kind)) {
    const lacking = ['scale', 'center'].find((name) => config[name] === false);
    return lacking && `${lacking}: false`;
  }
  const rates = [(config['dilationRate'] ?? 1) as number | readonly number[]].flat();
  const isDilated = rates.some((rate) => rate !== 1) && !undilated.includes(kind);
  return isDilated ? `dilationRate: ${rates.join(', ')}` : undefined;
}
