import * as tf from '@tensorflow/tfjs';
import { adaptModel, isTypedDenoiser } from '../classifier/adapt-classifier.ts';
import { floatsInTurn } from '../classifier/ask-rows.ts';
import { denoised } from '../classifier/input-adapters.ts';
import type { InputFit } from '../classifier/input-fit.ts';
import { axesInOrder } from '../classifier/reshape-input.ts';
import type { Classifier, Denoiser, TypedDenoiser } from '../classifier/types.ts';
import { fitOf } from './adapt-model.ts';
import type { ModelOptions } from './common-options.ts';
import { CliError } from './io.ts';
import type { OpenedClassifier } from './open-model.ts';

/** A classifier of images behind the denoiser of the command, if it has one. Throws CliError for a denoiser of other images. @internal */
export function behindDenoiser(
  classifier: Classifier,
  { denoiser }: Pick<OpenedClassifier, 'denoiser'>,
  { denoiser: path = '', layout }: Pick<ModelOptions, 'denoiser' | 'layout'>,
  shape: readonly number[],
): Classifier {
  if (denoiser === undefined) return classifier;
  return denoised(classifier, fittedDenoiser(path, denoiser, shape, fitOf(path, denoiser, shape, layout)));
}

/** A denoiser of images as they are: it is given them in the shape that it wants, and what it returns is brought back. */
function fittedDenoiser(
  path: string,
  denoiser: Denoiser | TypedDenoiser,
  shape: readonly number[],
  { axes, shape: to }: InputFit,
): Denoiser | TypedDenoiser {
  const order = axes ?? shape.map((_, axis) => axis);
  const back = order.map((_, axis) => order.indexOf(axis));
  const turned = order.map((axis) => shape[axis] as number);
  if (isTypedDenoiser(denoiser)) {
    const { outputShape = to, inputRange } = denoiser;
    if (!isSame(outputShape, to)) throw otherShape(path, outputShape, to);
    return {
      inputShape: shape,
      inputRange,
      denoise: async (inputs, { batch }) => {
        const given = axes ? axesInOrder(inputs, shape, axes) : inputs;
        const images = await floatsInTurn('denoised', 'denoiser', denoiser, () =>
          denoiser.denoise(given, { batch, shape: [...to] }),
        );
        return axes ? axesInOrder(images, turned, back) : images;
      },
    };
  }
  const run = adaptModel('denoised', denoiser, { field: 'denoiser', result: 'images' });
  const withBatch = (some: readonly number[]): number[] => [0, ...some.map((axis) => axis + 1)];
  return (x, mode) =>
    tf.tidy(() => {
      const [batch = 0] = x.shape;
      const images = run(tf.reshape(tf.transpose(x, withBatch(order)), [batch, ...to]), mode);
      if (!isSame(images.shape, [batch, ...to])) throw otherShape(path, images.shape.slice(1), to);
      return tf.transpose(tf.reshape(images, [batch, ...turned]), withBatch(back));
    });
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((size, axis) => size === other[axis]);
}

function otherShape(path: string, found: readonly number[], wanted: readonly number[]): CliError {
  const [got, must] = [found, wanted].map((shape) => `[${shape.join(', ')}]`);
  return new CliError(`${path}: must return images of the shape that it takes, ${must}, got ${got}`);
}
