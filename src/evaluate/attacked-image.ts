import * as tf from '@tensorflow/tfjs';
import type { InputAttack } from '../attacks/types.ts';
import { ClassifierError, showValue, TensorError } from '../errors.ts';
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import { tensorOfCopy } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';

type Attacked = Pick<SmoothedClassifier, 'logits' | 'noise' | 'inputRange'>;

/** An image to be attacked. @internal */
export interface ImageToAttack {
  /** Its index in the data set. */
  readonly index: number;
  /** Its values. */
  readonly x: Float32Array;
  /** Its class. */
  readonly label: number;
  /** Its shape, without a batch dimension. */
  readonly shape: readonly number[];
  /** Drives the attack. */
  readonly key: Key;
}

/**
 * Runs an attack on one image and gives the values of the attacked one, checked. No tensor is left.
 *
 * @throws TensorError if the attack returns anything but an input of `g` of the same shape; ClassifierError if there is no gradient
 * @internal
 */
export async function attackedImage(
  call: string,
  g: Attacked,
  attack: InputAttack,
  { index, x, label, shape, key }: ImageToAttack,
): Promise<Float32Array> {
  const batch = tensorOfCopy(x, [1, ...shape], 'float32');
  let moved: tf.Tensor | undefined;
  try {
    moved = perturb(call, g, attack, { x: batch, labels: [label], key });
    assertSameShape(call, moved, batch.shape);
    const values = Float32Array.from(await moved.data());
    assertImage(call, g, { index, x: values, field: 'attack' });
    return values;
  } finally {
    tf.dispose([batch, moved]);
  }
}

/** Throws TensorError unless the values are those of an input of `g`. @internal */
export function assertImage(
  call: string,
  { inputRange: [low, high], noise: { name, domain } }: Attacked,
  { index, x, field }: { readonly index: number; readonly x: Float32Array; readonly field: 'x' | 'attack' },
): void {
  const refuse = (must: string, value: number, wayOut: string): TensorError => {
    const text = `\`${field}\` must ${field === 'x' ? 'have' : 'return'} ${must}, got ${value} for example ${index} (${wayOut})`;
    return new TensorError(text, { call, field, value });
  };
  // The values are float32, so the ends are taken as float32 too: 0.1 is inside [0, 0.1].
  const [least, most] = [Math.fround(low), Math.fround(high)];
  const outside = x.find((value) => !(value >= least && value <= most && Number.isFinite(value)));
  if (outside !== undefined) {
    const way =
      field === 'x'
        ? 'scale the images, or declare `inputRange`'
        : `keep it inside, as \`inputRange\` of SmoothedPgd does`;
    throw refuse(`finite values in the input range [${low}, ${high}] of the smoothed classifier`, outside, way);
  }
  const isLevel = (value: number): boolean => Math.fround(Math.round(value * 255) / 255) === value;
  const [lowest, highest] = domain === 'real' ? [-Infinity, Infinity] : [0, 1];
  const wrong = x.find((value) => value < lowest || value > highest || (domain === 'uint8' && !isLevel(value)));
  if (wrong === undefined) return;
  const must = domain === 'uint8' ? 'values k/255 with whole k from 0 to 255' : 'values in [0, 1]';
  throw refuse(`${must} for ${name} noise`, wrong, 'its certificates and predictions speak of no other inputs');
}

function perturb(
  call: string,
  g: Attacked,
  attack: InputAttack,
  request: Parameters<InputAttack['perturb']>[1],
): tf.Tensor {
  try {
    return attack.perturb(g, request);
  } catch (error) {
    // What TensorFlow.js says if an operation has no gradient, or if none leads from the input to the output.
    if (!(error instanceof Error && error.message.includes('Cannot compute gradient'))) throw error;
    const text =
      `\`classifier\` must have a gradient for this attack, got "${error.message}"` +
      ' (attack a model of TensorFlow.js operations, or take an attack without gradients)';
    throw Object.assign(new ClassifierError(text, { call, field: 'classifier', value: g.logits }), { cause: error });
  }
}

function assertSameShape(call: string, moved: unknown, shape: readonly number[]): void {
  const isTensor = moved instanceof tf.Tensor;
  if (isTensor && String(moved.shape) === String(shape)) return;
  const got = isTensor ? `[${moved.shape}]` : showValue(moved);
  throw new TensorError(`\`attack\` must return a tensor of the shape of its input, [${shape}], got ${got}`, {
    call,
    field: 'attack',
    value: moved,
  });
}
