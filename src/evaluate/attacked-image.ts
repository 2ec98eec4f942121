import * as tf from '@tensorflow/tfjs';
import type { AttackTarget, InputAttack, InputAttackRequest } from '../attacks/types.ts';
import { ClassifierError, OptionError, refusal, showValue, TensorError } from '../errors.ts';
import { changedPositions, editDistance, patchSide } from '../noise/change-distance.ts';
import { domainText, isInDomain, TOKEN_IDS } from '../noise/domains.ts';
import type { Noise } from '../noise/types.ts';
import { countsChanges } from '../options/counting-norms.ts';
import { tensorOfCopy } from '../tensors/own-tensor.ts';
import type { Key, Norm } from '../types.ts';

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
  g: AttackTarget,
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
  { inputRange, noise }: AttackTarget,
  { index, x, field }: { readonly index: number; readonly x: Float32Array; readonly field: 'x' | 'attack' },
): void {
  const { name, domain } = noise;
  const [low, high] = domain === 'tokens' ? TOKEN_IDS : inputRange;
  const refused = (must: string, value: number, way: string): TensorError => {
    const details = { call, field, value, got: `${value} for example ${index}`, way };
    return refusal(TensorError, details, `must ${field === 'x' ? 'have' : 'return'} ${must}`);
  };
  // The values are float32, so the ends are taken as float32 too: 0.1 is inside [0, 0.1].
  const [least, most] = [Math.fround(low), Math.fround(high)];
  const outside = x.find((value) => !(value >= least && value <= most && Number.isFinite(value)));
  if (outside !== undefined) {
    const way = field === 'x' ? 'scale the images, or declare `inputRange`' : 'keep it inside, as SmoothedPgd does';
    throw refused(`finite values in the input range [${low}, ${high}] of the smoothed classifier`, outside, way);
  }
  const wrong = x.find((value) => !isInDomain(domain, value));
  if (wrong === undefined) return noise.assertValues?.(call, x);
  const must = `values ${domainText(domain)}`;
  throw refused(`${must} for ${name} noise`, wrong, 'its certificates and predictions speak of no other inputs');
}

function perturb(call: string, g: AttackTarget, attack: InputAttack, request: InputAttackRequest): tf.Tensor {
  try {
    return attack.perturb(g, request);
  } catch (error) {
    // What TensorFlow.js says if an operation has no gradient, or if none leads from the input to the output.
    if (!(error instanceof Error && error.message.includes('Cannot compute gradient'))) throw error;
    const way = 'attack a model of TensorFlow.js operations, or take an attack without gradients';
    const details = { call, field: 'classifier', value: g.logits, got: `"${error.message}"`, way };
    const refused = refusal(ClassifierError, details, 'must have a gradient for this attack');
    throw Object.assign(refused, { cause: error });
  }
}

function assertSameShape(call: string, moved: unknown, shape: readonly number[]): void {
  const isTensor = moved instanceof tf.Tensor;
  if (isTensor && String(moved.shape) === String(shape)) return;
  const got = isTensor ? `[${moved.shape}]` : showValue(moved);
  const must = `must return a tensor of the shape of its input, [${shape}]`;
  throw refusal(TensorError, { call, field: 'attack', value: moved, got }, must);
}

/**
 * Throws OptionError for a norm in which no attack can be measured: of parameters, and of scales that the noise does not tell.
 *
 * @param noise - undefined where it is known elsewhere only
 * @internal
 */
export function assertMeasures(call: string, norm: Norm | undefined, noise: object | undefined): void {
  const isUnmeasured = norm === 'scaled' && noise !== undefined && !('distance' in noise);
  if (norm !== 'parameter' && !isUnmeasured) return;
  const way = isUnmeasured
    ? 'the noise has no `distance` that measures changes in its scales'
    : 'attacks move pixels, not parameters of transformations';
  const details = { call, field: 'norm', value: norm, way };
  throw refusal(OptionError, details, 'must be a length or a number of changes');
}

/** What the size of a change depends on beside the values. */
interface ChangeContext {
  readonly norm: Norm;
  readonly noise: Pick<Noise, 'distance'>;
  /** Shape of an example. */
  readonly shape: readonly number[];
}

/** Size of the change from a to b: a length in float64, or as the noise measures it, a number of changes or a length in its scales. @internal */
export function distance(a: Float32Array, b: Float32Array, { norm, noise, shape }: ChangeContext): number {
  if (norm !== 'scaled' && !countsChanges(norm)) return lengthOf(a, b, norm);
  if (noise.distance) return noise.distance(a, b, norm);
  if (norm === 'patch') return patchSide(a, b, shape);
  return norm === 'edit' ? editDistance(a, b) : changedPositions(a, b);
}

/** Length of b − a in a norm, in float64. */
function lengthOf(a: Float32Array, b: Float32Array, norm: Norm): number {
  let sum = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const change = Math.abs((b[i] as number) - (a[i] as number));
    sum += norm === 'l2' ? change * change : change;
    largest = Math.max(largest, change);
  }
  if (norm === 'linf') return largest;
  return norm === 'l2' ? Math.sqrt(sum) : sum;
}
