import * as tf from '@tensorflow/tfjs';
import type { TypedBatch } from '../classifier/types.ts';
import type { DeterministicNoise, DrawRequest, Noise } from '../noise/types.ts';
import { hasKernel, NORMALS_KERNEL } from '../tensors/device-kernels.ts';
import { copyOf, tensorOver } from '../tensors/own-tensor.ts';

/** A range of the samples around one example, as a part of a batch of noisy copies. @internal */
export interface SampleRange {
  /** Number of copies. */
  readonly count: number;
  /** Makes the copies, [count, ...inputShape], inside a tidy; says which could not be drawn, by their index in the range. */
  readonly copies: (onFailure: (copy: number) => void) => tf.Tensor;
  /** The same copies without tensors, where the noise can make them. */
  readonly direct?: DirectCopies | undefined;
  /** Which positions they show, where the noise hides others; a new array. */
  readonly kept?: (() => Uint8Array) | undefined;
}

/** Noisy copies without tensors. */
interface DirectCopies {
  /** Shape of one copy. */
  readonly shape: readonly number[];
  /** Makes the copies, row after row in a new array. */
  readonly values: () => Promise<Float32Array<ArrayBuffer>>;
  /** Writes the copies, row after row; there where the values of the example are at hand. */
  readonly fill: ((out: Float32Array) => void) | undefined;
}

/** Samples start .. start + count − 1 of a noise around one example; `image` holds its values, where they are at hand. @internal */
export function sampleRange(
  noise: Noise,
  x: tf.Tensor,
  { key, start, count }: Omit<DrawRequest, 'onFailure'>,
  image?: Float32Array,
): SampleRange {
  const { fillCopies } = noise;
  const fill =
    fillCopies &&
    ((out: Float32Array, own: Float32Array) => fillCopies.call(noise, out, own, { key, start, dimension: x.size }));
  return {
    count,
    copies: (onFailure) =>
      noise.perturb(x, { key, start, count, onFailure: (sample: number) => onFailure(sample - start) }),
    direct: fill && directCopies(noise, x, { count, fill, image }),
    kept: noise.keptPositions && (() => noise.keptPositions?.({ key, start, count }) ?? new Uint8Array()),
  };
}

/** Copies start .. start + count − 1 of a finite noise, as {@link sampleRange}. @internal */
export function copyRange(
  noise: DeterministicNoise,
  x: tf.Tensor,
  { start, count }: { readonly start: number; readonly count: number },
  image?: Float32Array,
): SampleRange {
  const { fillCopies } = noise;
  const fill = fillCopies && ((out: Float32Array, own: Float32Array) => fillCopies.call(noise, out, own, { start }));
  return {
    count,
    copies: () => noise.perturb(x, { start, count }),
    direct: fill && directCopies(noise, x, { count, fill, image }),
    kept: noise.keptPositions && (() => noise.keptPositions?.({ start, count }) ?? new Uint8Array()),
  };
}

/** What fills the copies of a range, and the values of the example, where they are at hand. */
interface Filling {
  readonly count: number;
  readonly fill: (out: Float32Array, own: Float32Array) => void;
  readonly image: Float32Array | undefined;
}

function directCopies(noise: Pick<Noise, 'copyShape'>, x: tf.Tensor, { count, fill, image }: Filling): DirectCopies {
  const shape = noise.copyShape?.(x.shape) ?? x.shape;
  const size = shape.reduce((product, length) => product * length, 1);
  const values = async (): Promise<Float32Array<ArrayBuffer>> => {
    const copies = new Float32Array(count * size);
    fill(copies, await x.data<'float32'>());
    return copies;
  };
  return { shape, values, fill: image && ((out) => fill(out, image)) };
}

/** The values of an example for {@link sampleRange} and {@link copyRange}, where this program makes the copies and not a device. @internal */
export async function valuesFor(
  { fillCopies }: Pick<Noise | DeterministicNoise, 'fillCopies'>,
  x: tf.Tensor,
): Promise<Float32Array | undefined> {
  return fillCopies === undefined || hasKernel(NORMALS_KERNEL) ? undefined : x.data<'float32'>();
}

/** Number of copies of all ranges. @internal */
export function copiesIn(ranges: readonly Pick<SampleRange, 'count'>[]): number {
  return ranges.reduce((sum, { count }) => sum + count, 0);
}

/**
 * The copies of all ranges as one batch, inside a tidy; adds the rows that could not be drawn to `failed`.
 *
 * @param arrayOf - {@link arraysForTensors}
 * @internal
 */
export function tensorCopies(
  ranges: readonly SampleRange[],
  failed: Set<number>,
  arrayOf: (length: number) => Float32Array,
): tf.Tensor {
  if (ranges.every(({ direct }) => direct?.fill)) return filledCopies(ranges, arrayOf);
  let begin = 0;
  const parts = ranges.map(({ count, copies }) => {
    const part = copies(failing(failed, begin));
    begin += count;
    // A noise of the host may have filled the array of its last copies again.
    return ranges.length === 1 ? part : copyOf(part);
  });
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : tf.concat(parts);
}

/** The copies of all ranges in one array: operations of the backend would read and write them once more, or for each short range. */
function filledCopies(ranges: readonly SampleRange[], arrayOf: (length: number) => Float32Array): tf.Tensor {
  const shape = ranges[0]?.direct?.shape ?? [];
  const size = shape.reduce((product, length) => product * length, 1);
  const batch = copiesIn(ranges);
  const out = arrayOf(batch * size);
  let begin = 0;
  for (const { count, direct } of ranges) {
    direct?.fill?.(out.subarray(begin * size, (begin + count) * size));
    begin += count;
  }
  return tensorOver(out, [batch, ...shape], 'float32');
}

/** A batch of noisy copies as values. */
interface TypedCopies extends TypedBatch {
  readonly inputs: Float32Array<ArrayBuffer>;
}

/** {@link tensorCopies} as values, row after row in a new array: the classifier may keep it. @internal */
export async function typedCopies(ranges: readonly SampleRange[], failed: Set<number>): Promise<TypedCopies> {
  const parts: TypedCopies[] = [];
  let batch = 0;
  for (const range of ranges) {
    parts.push(await valuesOf(range, failing(failed, batch)));
    batch += range.count;
  }
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const inputs = new Float32Array(parts.reduce((sum, part) => sum + part.inputs.length, 0));
  let offset = 0;
  for (const part of parts) {
    inputs.set(part.inputs, offset);
    offset += part.inputs.length;
  }
  return { inputs, batch, shape: first?.shape ?? [], ...joinedKept(parts) };
}

/** What all copies show, where each of them says it. */
function joinedKept(parts: readonly TypedCopies[]): Pick<TypedBatch, 'kept'> {
  const masks = parts.flatMap(({ kept }) => (kept ? [kept] : []));
  if (masks.length < parts.length) return {};
  const kept = new Uint8Array(masks.reduce((sum, mask) => sum + mask.length, 0));
  let offset = 0;
  for (const mask of masks) {
    kept.set(mask, offset);
    offset += mask.length;
  }
  return { kept };
}

async function valuesOf(
  { count, copies, direct, kept }: SampleRange,
  onFailure: (copy: number) => void,
): Promise<TypedCopies> {
  const shown = kept && { kept: kept() };
  if (direct) return { inputs: await direct.values(), batch: count, shape: direct.shape, ...shown };
  const tensor = tf.tidy(() => copies(onFailure));
  try {
    // A tensor of the noise may be one that the noise keeps.
    return { inputs: Float32Array.from(await tensor.data()), batch: count, shape: tensor.shape.slice(1), ...shown };
  } finally {
    tensor.dispose();
  }
}

function failing(failed: Set<number>, begin: number): (copy: number) => void {
  return (copy) => failed.add(begin + copy);
}
