import * as tf from '@tensorflow/tfjs';
import { tensorOver } from '../../tensors/own-tensor.ts';

/** A model without the activation at its end. @internal */
export interface LogitsModel {
  readonly model: tf.LayersModel;
  /** What was taken off; undefined where the model is as it was. */
  readonly removed: 'softmax' | 'sigmoid' | undefined;
}

/** A layer in the JSON of a model, as Keras writes it. */
interface LayerJson {
  class_name: string;
  readonly name?: string;
  config: Config;
  readonly inbound_nodes?: readonly (readonly (readonly [string, ...unknown[]])[])[];
}

interface Config {
  readonly name?: string;
  activation?: unknown;
  readonly layers?: readonly LayerJson[];
  readonly output_layers?: readonly unknown[];
}

/** Layers behind an activation that leave its values as they are. */
const PASSING = new Set(['Flatten', 'Reshape', 'Dropout']);

/**
 * Takes a softmax, or the sigmoid of one unit, off the end of a model, also where it is a layer of its own or inside an inner model.
 *
 * The weights stay. The given model is disposed where another one comes back. That is so only where the activation gives the outputs of the given model
 * again, which is tried.
 *
 * @param shape - of an input, without the batch
 * @internal
 */
export async function withoutActivation(given: tf.LayersModel, shape: readonly number[]): Promise<LogitsModel> {
  const [output, another] = given.outputs;
  const wanted = output?.shape.at(-1) === 1 ? 'sigmoid' : 'softmax';
  const json = structuredClone(given.toJSON(undefined, false)) as unknown as LayerJson;
  if (another !== undefined || !turnedOff(json, wanted)) return { model: given, removed: undefined };
  const model = await tf.models.modelFromJSON(json as unknown as Parameters<typeof tf.models.modelFromJSON>[0]);
  tf.tidy(() => model.setWeights(given.getWeights().map((weight) => weight.clone())));
  if (await isUndone(model, given, wanted, shape)) {
    given.dispose();
    return { model, removed: wanted };
  }
  model.dispose();
  return { model: given, removed: undefined };
}

/** Makes the last activation of a model a linear one, if it is the wanted one. */
function turnedOff({ config }: LayerJson, wanted: string): boolean {
  const layers = config.layers ?? [];
  let index = layers.length - 1;
  const named = (name: unknown): number =>
    layers.findIndex((layer) => layer.name === name || layer.config.name === name);
  if (config.output_layers) index = named(config.output_layers.flat()[0]);
  for (let layer = layers[index]; layer !== undefined; layer = layers[index]) {
    if (layer.config.layers) return turnedOff(layer, wanted);
    if (layer.class_name === 'Softmax' && wanted === 'softmax') {
      layer.class_name = 'Activation';
      layer.config = { name: layer.config.name ?? 'linear', activation: 'linear' };
      return true;
    }
    if (layer.config.activation === wanted) {
      layer.config.activation = 'linear';
      return true;
    }
    if (!PASSING.has(layer.class_name)) return false;
    const before = layer.inbound_nodes?.[0]?.[0]?.[0];
    index = before === undefined ? index - 1 : named(before);
  }
  return false;
}

/** Rows on which the activation is tried, and by how much its outputs may differ from what was there. */
const TRIED = 4;
const TOLERANCE = 1e-4;

async function isUndone(
  model: tf.LayersModel,
  given: tf.LayersModel,
  activation: 'softmax' | 'sigmoid',
  shape: readonly number[],
): Promise<boolean> {
  const size = shape.reduce((product, length) => product * length, TRIED);
  const difference = tf.tidy(() => {
    const values = Float32Array.from({ length: size }, (_, i) => 0.5 + 0.5 * Math.sin(i * i));
    const x = tensorOver(values, [TRIED, ...shape], 'float32');
    const outputs = [model, given].map((each) => each.apply(x, { training: false }) as tf.Tensor);
    const [logits = x, expected = x] = outputs;
    const found = activation === 'softmax' ? tf.softmax(logits) : tf.sigmoid(logits);
    return tf.max(tf.abs(tf.sub(found, expected)));
  });
  const [most = Infinity] = await difference.data();
  difference.dispose();
  return most <= TOLERANCE;
}
