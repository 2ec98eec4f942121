import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal, showValue } from '../errors.ts';

/** A tensor of a PyTorch state dict, row major: what `decodeTorchCheckpoint`, `decodeSafetensors` and `decodeNpz` of `catrs/data` give. */
export interface TorchTensor {
  /** Lengths of the dimensions as PyTorch has them; a scalar has none. */
  readonly shape: readonly number[];
  /** The values, row major. */
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** The tensors of a state dict by name. */
export type TorchTensors = ReadonlyMap<string, TorchTensor> | Readonly<Record<string, TorchTensor>>;

/** A file with one or more state dicts: what `decodeTorchCheckpoint` of `catrs/data` gives. */
export interface TorchStateDicts {
  /** The state dicts by the keys that lead to them, joined by dots; `''` is the file itself. */
  readonly stateDicts: ReadonlyMap<string, ReadonlyMap<string, TorchTensor>>;
}

/** A weight in PyTorch's layout. */
export interface TorchWeight {
  /** Type of the values. */
  readonly dtype: 'float32';
  /** Lengths of the dimensions as PyTorch has them. */
  readonly shape: readonly number[];
  /** The values, row major. */
  readonly data: Float32Array;
}

/**
 * The weights of a model by PyTorch's names and in its layouts: the inverse of {@link loadTorchWeights}.
 *
 * `encodeSafetensors` of `catrs/data` makes a file of them that `load_state_dict` takes. There is no `num_batches_tracked`, which PyTorch
 * does not need with its default momentum.
 *
 * @param model - convolutions, dense layers and batch normalisation.
 * @returns name → shape and values; copies, owned by the caller.
 * @throws OptionError if the model has a weight of another kind.
 * @example
 * ```ts
 * const model = lenet({ key });
 * const weights = await torchWeights(model);
 * console.log(weights.get('conv1.weight')?.shape); // [20, 1, 5, 5]
 * ```
 */
export async function torchWeights(model: tf.LayersModel): Promise<Map<string, TorchWeight>> {
  const places = torchPlaces('torchWeights', model);
  const values = await Promise.all(places.map(({ weight }) => weight.read().data()));
  return new Map(
    places.map(({ name, layout }, i) => {
      const data = new Float32Array(layout.sources.length);
      layout.sources.forEach((source, at) => (data[source] = values[i]![at]!));
      return [name, { dtype: 'float32', shape: layout.shape, data }];
    }),
  );
}

type Weight = tf.layers.Layer['weights'][number];

/** A weight of a model, with its name and its layout in PyTorch. @internal */
export interface TorchPlace {
  readonly name: string;
  readonly weight: Weight;
  readonly layout: TorchLayout;
}

const torchNames: Readonly<Record<string, string>> = {
  kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** Every weight of a model that PyTorch would have under the layer's name, with `.` for `/`. @internal */
export function torchPlaces(call: string, model: tf.LayersModel): TorchPlace[] {
  return leaves(model).flatMap((layer) =>
    layer.weights.map((weight): TorchPlace => {
      const part = weight.originalName.slice(weight.originalName.lastIndexOf('/') + 1);
      const torchName = torchNames[part];
      const layout = layoutOf(layer, part, weight.shape as number[]);
      if (torchName === undefined || layout === undefined) {
        const got = `a ${layer.getClassName()} with a weight ${showValue(weight.originalName)}`;
        const must = 'must consist of convolutions, dense layers and batch normalisation';
        throw refusal(OptionError, { call, field: 'model', value: model, got }, must);
      }
      return { name: `${layer.name.replaceAll('/', '.')}.${torchName}`, weight, layout };
    }),
  );
}

/** The layers of a model that are no models. */
function leaves(model: tf.LayersModel): tf.layers.Layer[] {
  return model.layers.flatMap((layer) => ('layers' in layer ? leaves(layer as tf.LayersModel) : [layer]));
}

function layoutOf(layer: tf.layers.Layer, part: string, shape: readonly number[]): TorchLayout | undefined {
  if (part === 'kernel' && layer.getClassName() === 'Conv2D') return convolutionLayout(shape);
  if (part === 'kernel' && layer.getClassName() === 'Dense') return denseLayout(shape, flattenedImage(layer));
  if (shape.length !== 1) return undefined;
  // A dense layer's bias belongs to its outputs, the vectors of batch normalisation to the inputs.
  return vectorLayout(shape[0]!, part === 'bias' ? undefined : flattenedImage(layer));
}

/** Shape of the images that were flattened to the inputs of a layer, if they were. */
function flattenedImage(layer: tf.layers.Layer): readonly number[] | undefined {
  const before = layer.inboundNodes[0]?.inboundLayers[0];
  if (before === undefined || inputRank(layer) !== 2 || before.getClassName() === 'Dense') return undefined;
  if (inputRank(before) <= 2) return flattenedImage(before);
  const flattens = before.getClassName() === 'Flatten' || before.getClassName() === 'Reshape';
  return flattens ? (inputShape(before).slice(1) as number[]) : undefined;
}

function inputShape(layer: tf.layers.Layer): tf.Shape {
  const shapes = (layer.inboundNodes[0]?.inputShapes ?? []) as tf.Shape[];
  return shapes[0] ?? [];
}

function inputRank(layer: tf.layers.Layer): number {
  return inputShape(layer).length;
}

/**
 * How the elements of a weight lie in PyTorch, seen from TensorFlow.js.
 *
 * `shape` is PyTorch's shape. `sources[i]` is where element i of the TensorFlow.js weight lies in PyTorch's.
 */
interface TorchLayout {
  readonly shape: readonly number[];
  readonly sources: Uint32Array;
}

/** A vector: the same in both, but for features that come out of a flattened image. */
function vectorLayout(length: number, image: readonly number[] | undefined): TorchLayout {
  return { shape: [length], sources: flattenedOrder(length, image) };
}

/** Convolution: [height, width, in, out] here, [out, in, height, width] in PyTorch. */
function convolutionLayout([height, width, inputs, outputs]: readonly number[]): TorchLayout {
  const sources = new Uint32Array(height! * width! * inputs! * outputs!);
  let at = 0;
  for (let y = 0; y < height!; y++)
    for (let x = 0; x < width!; x++)
      for (let i = 0; i < inputs!; i++)
        for (let o = 0; o < outputs!; o++) sources[at++] = ((o * inputs! + i) * height! + y) * width! + x;
  return { shape: [outputs!, inputs!, height!, width!], sources };
}

/**
 * Dense layer: [in, out] here, [out, in] in PyTorch. `image` is the shape [height, width, channels] of what was flattened to its
 * inputs, if anything was: PyTorch flattens channels first.
 */
function denseLayout([inputs, outputs]: readonly number[], image: readonly number[] | undefined): TorchLayout {
  const order = flattenedOrder(inputs!, image);
  const sources = new Uint32Array(inputs! * outputs!);
  for (let i = 0; i < inputs!; i++)
    for (let o = 0; o < outputs!; o++) sources[i * outputs! + o] = o * inputs! + order[i]!;
  return { shape: [outputs!, inputs!], sources };
}

/** Where feature i, flattened height-width-channel, lies among features flattened channel-height-width. */
function flattenedOrder(length: number, image: readonly number[] | undefined): Uint32Array {
  if (image === undefined) return Uint32Array.from({ length }, (_, i) => i);
  const channels = image.at(-1)!;
  const positions = length / channels;
  return Uint32Array.from({ length }, (_, i) => (i % channels) * positions + Math.floor(i / channels));
}
