import * as tf from '@tensorflow/tfjs';
import { refusal, TensorError } from '../../errors.ts';
import { assertFloat } from '../../tensors/assert-shapes.ts';
import { drawRequest } from '../requests.ts';
import type { DrawRequest, Noise } from '../types.ts';

/** The parameter that a certificate of a transformation speaks of. */
export interface TransformationParameter {
  /** What it is: `'variance of the blur'`. */
  readonly name: string;
  /** Its unit: `'square pixels'`. */
  readonly unit: string;
  /** Whether only values of at least 0 are covered: a blur can be added, not taken away. */
  readonly oneSided: boolean;
}

/**
 * A noise that transforms its input at random: its certificate covers transformations of the input by other parameters, not additive changes.
 *
 * Its radius, in norm `'parameter'`, is in units of {@link ParameterNoise.parameter}.
 */
export interface ParameterNoise extends Noise {
  /** What the radius is of. */
  readonly parameter: TransformationParameter;
  /** Transforms row i of `copies` [count, ...inputShape] by draw start + i; owned by the caller, inside a tidy. */
  transform(copies: tf.Tensor, request: DrawRequest): tf.Tensor;
}

/** Copies of one image [height, width] or [height, width, channels], each transformed by its draw. @internal */
export function transformedCopies(
  { transform }: Pick<ParameterNoise, 'transform'>,
  x: tf.Tensor,
  request: DrawRequest,
): tf.Tensor {
  const call = 'Noise.perturb';
  const parsed = drawRequest.parse(call, request);
  assertFloat(call, 'x', x);
  assertImage(call, x.shape);
  return tf.tidy(() => {
    const copies = tf.tile(tf.expandDims(x, 0), [parsed.count, ...x.shape.map(() => 1)]);
    return transform(copies, parsed as DrawRequest);
  });
}

/** Throws unless a shape is that of an image. @internal */
export function assertImage(call: string, shape: readonly number[]): void {
  if (shape.length === 2 || shape.length === 3) return;
  const got = `[${shape.join(', ')}]`;
  const must = 'must be an image [height, width] or [height, width, channels]';
  throw refusal(TensorError, { call, field: 'x', value: shape, got }, must);
}
