import type * as tf from '@tensorflow/tfjs';
import { declaredInputShape } from '../classifier/adapt-classifier.ts';
import type { Classifier } from '../classifier/types.ts';
import { TensorError } from '../errors.ts';
import type { Domain } from '../noise/types.ts';
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

/** Throws unless every value of `x` is finite, inside the declared input range and in the domain of the noise. @internal */
export async function assertValues(
  call: string,
  x: tf.Tensor,
  [low, high]: InputRange,
  { name, domain }: { readonly name: string; readonly domain: Domain },
): Promise<void> {
  const values = (await x.data()) as Float32Array;
  // The values are float32, so the ends are taken as float32 too: 0.1 is inside [0, 0.1].
  const least = Math.fround(low);
  const most = Math.fround(high);
  const wrong = values.find((value) => !(value >= least && value <= most && value - value === 0));
  if (wrong !== undefined) {
    throw new TensorError(
      `\`x\` must have finite values in the declared input range [${low}, ${high}], got ${wrong}` +
        ' (sigma is in input units: scale the input, or declare `inputRange` and choose sigma for it)',
      { call, field: 'x', value: wrong },
    );
  }
  const outside = values.find((value) => !isInDomain[domain](value));
  if (outside === undefined) return;
  throw new TensorError(
    `\`x\` must have values ${DOMAIN_TEXT[domain]} for ${name} noise, got ${outside} (its certificate holds only there)`,
    { call, field: 'x', value: outside },
  );
}

const isInDomain: Readonly<Record<Domain, (value: number) => boolean>> = {
  real: () => true,
  unit: (value) => value >= 0 && value <= 1,
  uint8: (value) => {
    const level = Math.round(value * 255);
    return level >= 0 && level <= 255 && Math.fround(level / 255) === value;
  },
};

const DOMAIN_TEXT: Readonly<Record<Domain, string>> = {
  real: 'that are real',
  unit: 'in [0, 1]',
  uint8: 'k/255 with whole k from 0 to 255 (8-bit levels as float32)',
};
