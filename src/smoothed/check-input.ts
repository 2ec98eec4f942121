import type * as tf from '@tensorflow/tfjs';
import { declaredInputShape } from '../classifier/adapt-classifier.ts';
import type { Classifier } from '../classifier/types.ts';
import { TensorError } from '../errors.ts';
import { assertFloat, isTensor, showShape } from '../tensors/assert-shapes.ts';
import type { InputRange } from '../types.ts';

/** Throws unless `x` is one float32 example of the shape that the classifier declares, without a batch dimension. @internal */
export function assertOneExample(call: string, x: tf.Tensor, classifier: Classifier): void {
  const declared = declaredInputShape(classifier);
  const fits = (shape: readonly (number | null)[]): boolean =>
    shape.length === x.rank && shape.every((size, axis) => size === null || size === x.shape[axis]);
  if (!isTensor(x) || x.rank === 0 || x.size === 0 || (declared !== undefined && !fits(declared))) {
    const shape = declared?.map((size) => size ?? 'any').join(',') ?? '...inputShape';
    throw new TensorError(
      `\`x\` must be one example, a tensor of shape [${shape}], got ${showShape(x)}` +
        ' (without a batch dimension: tf.squeeze or tf.unstack)',
      { call, field: 'x', value: x },
    );
  }
  assertFloat(call, 'x', x);
}

/** Throws unless every value of `x` is finite and inside the declared input range. @internal */
export async function assertInRange(call: string, x: tf.Tensor, [low, high]: InputRange): Promise<void> {
  const values = (await x.data()) as Float32Array;
  // The values are float32, so the ends are taken as float32 too: 0.1 is inside [0, 0.1].
  const least = Math.fround(low);
  const most = Math.fround(high);
  const wrong = values.find((value) => !(value >= least && value <= most && value - value === 0));
  if (wrong === undefined) return;
  throw new TensorError(
    `\`x\` must have finite values in the declared input range [${low}, ${high}], got ${wrong}` +
      ' (sigma is in input units: scale the input, or declare `inputRange` and choose sigma for it)',
    { call, field: 'x', value: wrong },
  );
}
