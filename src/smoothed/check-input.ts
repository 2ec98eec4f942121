import type * as tf from '@tensorflow/tfjs';
import { declaredInputShape } from '../classifier/to-logits-fn.ts';
import type { Classifier } from '../classifier/types.ts';
import { TensorError } from '../errors.ts';
import { assertFloat } from '../tensors/assert-shapes.ts';
import type { InputRange } from '../types.ts';

/** Throws unless `x` is one float32 example of the shape that the classifier declares, without a batch dimension. @internal */
export function assertOneExample(call: string, x: tf.Tensor, classifier: Classifier): void {
  const declared = declaredInputShape(classifier);
  const fits = (shape: readonly (number | null)[]): boolean =>
    shape.length === x.rank && shape.every((size, axis) => size === null || size === x.shape[axis]);
  if (x.rank === 0 || x.size === 0 || (declared !== undefined && !fits(declared))) {
    const shape = declared?.map((size) => size ?? 'any').join(',') ?? '...inputShape';
    throw new TensorError(
      `\`x\` must be one example of shape [${shape}], got [${x.shape}] (without a batch dimension: tf.squeeze or tf.unstack)`,
      { call, field: 'x', value: x.shape },
    );
  }
  assertFloat(call, 'x', x);
}

/** Throws unless every value of `x` is finite and inside the declared input range. @internal */
export async function assertInRange(call: string, x: tf.Tensor, [low, high]: InputRange): Promise<void> {
  const values = (await x.data()) as Float32Array;
  const wrong = values.find((value) => !(value >= low && value <= high && value - value === 0));
  if (wrong === undefined) return;
  throw new TensorError(
    `\`x\` must have finite values in the declared input range [${low}, ${high}], got ${wrong}` +
      ' (sigma is in input units: scale the input, or declare `inputRange` and choose sigma for it)',
    { call, field: 'x', value: wrong },
  );
}
