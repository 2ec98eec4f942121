import * as tf from '@tensorflow/tfjs';
import { adaptModel } from '../classifier/adapt-classifier.ts';
import { floatsInTurn } from '../classifier/ask-rows.ts';
import { axesInOrder } from '../classifier/reshape-input.ts';
import type { ClassifyOptions, Denoiser, ImageLayout, TypedDenoiser } from '../classifier/types.ts';
import { fitOf } from './adapt-model.ts';
import { CliError } from './io.ts';

/** A denoiser of a file, and the images that it is given. @internal */
export interface FittedNetwork<Model> {
  readonly path: string;
  readonly model: Model;
  /** Of an image. */
  readonly shape: readonly number[];
  readonly layout: ImageLayout | undefined;
  /** The input that takes the time of a diffusion. */
  readonly timeInput: string | undefined;
  /** It may return twice as many channels, of which the first count. */
  readonly isDiffusion: boolean;
}

/** Images on their way to a network and back. */
interface Turn {
  /** The order of the axes that the network wants. */
  readonly order: readonly number[];
  /** The shape of an image in this order. */
  readonly turned: readonly number[];
  /** From there to the order of the image. */
  readonly back: readonly number[];
  /** The shape that the network wants. */
  readonly to: readonly number[];
  readonly isTurned: boolean;
}

function turnOf<Model extends Denoiser | TypedDenoiser>(
  { path, shape, layout }: FittedNetwork<Denoiser | TypedDenoiser>,
  model: Model,
): Turn {
  const { axes, shape: to } = fitOf(path, model, shape, layout);
  const order = axes ?? shape.map((_, axis) => axis);
  const back = order.map((_, axis) => order.indexOf(axis));
  return { order, turned: order.map((axis) => shape[axis] as number), back, to, isTurned: axes !== undefined };
}

/** A denoiser of typed arrays for images as they are: it is given them in the shape that it wants, and what it returns is brought back. @internal */
export function fittedTypedDenoiser(network: FittedNetwork<TypedDenoiser>): TypedDenoiser {
  const { path, model, shape, isDiffusion } = network;
  const { order, turned, back, to, isTurned } = turnOf(network, model);
  const { outputShape = to, inputRange, engine } = model;
  const isWide = !isSame(outputShape, to);
  if (isWide && !(isDiffusion && doubledAxis(outputShape, to) !== undefined)) throw otherShape(path, outputShape, to);
  return {
    inputShape: shape,
    inputRange,
    engine,
    denoise: async (inputs, { batch, time }) => {
      const given = isTurned ? axesInOrder(inputs, shape, order) : inputs;
      const size = given.length;
      const all = await floatsInTurn('denoised', 'denoiser', model, () =>
        model.denoise(given, { batch, shape: [...to], time }),
      );
      if (!isDiffusion || all.length !== 2 * size) return isTurned ? axesInOrder(all, turned, back) : all;
      // Channels at the end are halved where the prediction is read.
      if (!isTurned && isSame(to, shape) && doubledAxis(outputShape, to) !== 0) return all;
      const first = firstHalves(all, batch);
      return isTurned ? axesInOrder(first, turned, back) : first;
    },
  };
}

/** The same for a denoiser of tensors, which may take a time. @internal */
export function fittedTensorDenoiser(
  network: FittedNetwork<Denoiser>,
): (x: tf.Tensor, mode: ClassifyOptions, time?: number) => tf.Tensor {
  const { path, model, timeInput, isDiffusion } = network;
  const timed = timeInput === undefined ? undefined : timedModel(path, model, timeInput);
  const untimed = timed ? undefined : adaptModel('denoised', model, { field: 'denoiser', result: 'images' });
  const declared = timed ? { denoise: (inputs: Float32Array) => inputs, inputShape: timed.inputShape } : model;
  const { order, turned, back, to, isTurned } = turnOf(network, declared);
  const withBatch = (some: readonly number[]): number[] => [0, ...some.map((axis) => axis + 1)];
  return (x, mode, time = 0) =>
    tf.tidy(() => {
      const [batch = 0] = x.shape;
      const given = tf.reshape(tf.transpose(x, withBatch(order)), [batch, ...to]);
      const images = timed ? timed.run(given, time) : (untimed?.(given, mode) ?? given);
      const found = images.shape.slice(1);
      const wide = isDiffusion ? doubledAxis(found, to) : undefined;
      if (wide === undefined && !isSame(images.shape, [batch, ...to])) throw otherShape(path, found, to);
      if (wide === to.length - 1 && !isTurned && isSame(to, network.shape)) return images;
      const own = wide === undefined ? images : tf.slice(images, [0, ...to.map(() => 0)], [batch, ...to]);
      return tf.transpose(tf.reshape(own, [batch, ...turned]), withBatch(back));
    });
}

/** What a model of several inputs says of them. */
interface ModelInput {
  readonly name: string;
  readonly shape?: readonly (number | null)[] | undefined;
  readonly dtype?: string;
}

/** A model of an image and a time. Throws CliError where an input has not this name, or there are more. */
function timedModel(
  path: string,
  model: Denoiser,
  timeInput: string,
): { readonly inputShape: readonly (number | null)[] | undefined; run(x: tf.Tensor, time: number): tf.Tensor } {
  const { inputs = [], inputNames } = model as { inputs?: readonly ModelInput[]; inputNames?: readonly string[] };
  const names = inputs.map(({ name }, i) => inputNames?.[i] ?? name);
  const at = names.indexOf(timeInput);
  const image = inputs[1 - at];
  if (at < 0 || inputs.length !== 2 || image === undefined) {
    throw new CliError(`--time-input must name one of two inputs of ${path}, which has ${names.join(', ') || 'none'}, got ${timeInput}`); // prettier-ignore
  }
  const { shape: timeShape = [null], dtype } = inputs[at] as ModelInput;
  const predicting = model as unknown as { predict(x: tf.Tensor[]): tf.Tensor | tf.Tensor[] };
  return {
    inputShape: image.shape?.slice(1),
    run: (x, time) => {
      const [batch = 0] = x.shape;
      const shape = [batch, ...timeShape.slice(1).map(() => 1)];
      const times = dtype === 'int32' ? tf.fill(shape, Math.round(time), 'int32') : tf.fill(shape, time);
      const images = predicting.predict(at === 0 ? [times, x] : [x, times]);
      return Array.isArray(images) ? (images[0] as tf.Tensor) : images;
    },
  };
}

/** The axis along which a shape is twice another one, the last before the first. */
function doubledAxis(shape: readonly number[], of: readonly number[]): number | undefined {
  return [of.length - 1, 0].find((axis) => isSame(shape, of.map((size, i) => (i === axis ? 2 * size : size)))); // prettier-ignore
}

/** The first half of each row. */
function firstHalves(values: Float32Array, batch: number): Float32Array<ArrayBuffer> {
  const row = values.length / batch;
  const own = new Float32Array(values.length / 2);
  for (let i = 0; i < batch; i++) own.set(values.subarray(i * row, i * row + row / 2), (i * row) / 2);
  return own;
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((size, axis) => size === other[axis]);
}

function otherShape(path: string, found: readonly number[], wanted: readonly number[]): CliError {
  const [got, must] = [found, wanted].map((shape) => `[${shape.join(', ')}]`);
  return new CliError(`${path}: must return images of the shape that it takes, ${must}, got ${got}`);
}
