import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal, TensorError } from '../errors.ts';
import type { ParsedTrainStep, SentTensor, ShareMessage, ShareResult } from './train-step.ts';
import { copyOf } from '../tensors/own-tensor.ts';

/** A share of a batch, without the memory that holds its numbers. @internal */
export interface BatchShare extends Pick<ShareMessage, 'tensors' | 'values'> {
  /** Index of its first image in the batch that is cut. */
  readonly begin: number;
  /** Number of images. */
  readonly size: number;
}

type Batch = ParsedTrainStep['batch'];
type Numbers = Float32Array | Int32Array;

/** What the values of a batch field are cut along: [M, B, ...] for noises and copies, [B, ...] for the rest. */
const axisOf = (name: string): 0 | 1 => (['noise', 'noiseAdv', 'copies'].includes(name) ? 1 : 0);

/** A batch of the host, copied. @internal */
export interface OwnBatch {
  readonly images: number;
  readonly batch: Omit<Batch, 'labels'>;
  /** The labels, where they are plain numbers. */
  readonly labels: readonly number[] | undefined;
  readonly fields: readonly { readonly name: string; readonly tensor: tf.Tensor }[];
  readonly dispose: () => void;
}

/** Copies a batch, before the host has its next turn. Throws TensorError for a field that has not one entry for each image. @internal */
export function ownBatch(call: string, { labels, ...batch }: Batch): OwnBatch {
  const images = batch.x.shape[0] ?? 0;
  if (batch.x.size === 0) throw otherShape(call, 'x', 'hold at least one image', batch.x.shape);
  if (!isTensor(labels) && labels.length !== images) {
    const must = `must hold one label per image (${images})`;
    throw refusal(OptionError, { call, field: 'labels', value: labels.length }, must);
  }
  const given = Object.entries({ ...batch, labels }).flatMap(([name, tensor]) =>
    isTensor(tensor) ? [{ name, tensor }] : [],
  );
  for (const { name, tensor } of given) assertCuttable(call, name, tensor, images);
  const fields = given.map(({ name, tensor }) => ({ name, tensor: copyOf(tensor) }));
  return {
    images,
    batch,
    labels: isTensor(labels) ? undefined : Array.from(labels),
    fields,
    dispose: () => fields.forEach(({ tensor }) => tensor.dispose()),
  };
}

/**
 * Cuts a batch into consecutive shares, whose sizes differ by at most 1, and adds their tensors to `memory`.
 *
 * @param add - adds numbers at the end of the memory and tells where they begin
 * @internal
 */
export async function cutBatch(
  { images, batch: { key, firstImage, epoch }, labels, fields: given }: OwnBatch,
  most: number,
  add: (values: Numbers) => number,
): Promise<BatchShare[]> {
  const fields = await Promise.all(
    given.map(async (field) => ({ ...field, values: (await field.tensor.data()) as Numbers })),
  );
  const count = Math.min(most, images);
  return Array.from({ length: count }, (_, i) => {
    const begin = Math.floor((i * images) / count);
    const size = Math.floor(((i + 1) * images) / count) - begin;
    const tensors: Record<string, SentTensor> = {};
    for (const { name, tensor, values } of fields) {
      const { shape, dtype } = tensor;
      const axis = axisOf(name);
      const cut = { dtype: dtype as SentTensor['dtype'], shape: shape.with(axis, size) };
      const pieces = piecesOf(values, { blocks: axis === 1 ? (shape[0] ?? 0) : 1, images, begin, size });
      const [at = 0] = pieces.map(add);
      tensors[name] = { ...cut, begin: at };
    }
    const plain = labels && { labels: labels.slice(begin, begin + size) };
    const values = { key, firstImage: firstImage + begin, epoch, ...plain };
    return { begin, size, tensors, values };
  });
}

/** The images of a share in each of the blocks of a tensor. */
function piecesOf(
  values: Numbers,
  { blocks, images, begin, size }: { blocks: number; images: number; begin: number; size: number },
): Numbers[] {
  const perImage = values.length / (blocks * images);
  return Array.from({ length: blocks }, (_, block) => {
    const from = (block * images + begin) * perImage;
    return values.subarray(from, from + size * perImage);
  });
}

function assertCuttable(call: string, name: string, tensor: tf.Tensor, images: number): void {
  const axis = axisOf(name);
  const fits = tensor.rank > axis && tensor.shape[axis] === images && tensor.size > 0;
  if (!fits) throw otherShape(call, name, `have ${images} images along axis ${axis}`, tensor.shape);
  if (tensor.dtype === 'float32' || tensor.dtype === 'int32') return;
  const { dtype } = tensor;
  throw refusal(TensorError, { call, field: name, value: dtype, got: dtype }, 'must be float32 or int32');
}

function isTensor(value: unknown): value is tf.Tensor {
  return typeof value === 'object' && value !== null && 'dataId' in value;
}

function otherShape(call: string, field: string, must: string, shape: readonly number[]): TensorError {
  return refusal(TensorError, { call, field, value: shape, got: `shape [${shape}]` }, `must ${must}`);
}

/** Means over the shares of a batch, weighted by their sizes; each is computed when it is asked for. @internal */
export interface ShareMeans {
  readonly value: number;
  /** Whether a share has a gradient of the variable. */
  hasGradient(variable: number): boolean;
  /** Fills an array with the mean gradient of a variable. */
  gradient(variable: number, out: Float32Array): Float32Array;
  /** The mean of a statistic, as a new array. */
  statistic(index: number): Float32Array;
}

/** Where the numbers of the threads are. */
interface ShareLayout {
  /** For each share, an array for the gradient of each variable, then for each statistic. */
  readonly numbers: readonly (readonly Float32Array[])[];
  /** The statistics that all threads began with. */
  readonly statistics: readonly Float32Array[];
}

/** Averages what the threads made of their shares: in float64, in the order of the shares, rounded once. @internal */
export function averageShares(
  shares: readonly Pick<BatchShare, 'size'>[],
  results: readonly ShareResult[],
  { numbers, statistics }: ShareLayout,
): ShareMeans {
  const images = shares.reduce((sum, { size }) => sum + size, 0);
  const weights = shares.map(({ size }) => size / images);
  const part = (share: number, i: number): Part => ({
    values: numbers[share]![i]!,
    weight: weights[share] as number,
  });
  const partsOf = (i: number): Part[] => results.flatMap(({ has }, share) => (has[i] ? [part(share, i)] : []));
  return {
    value: results.reduce((sum, { value }, share) => sum + (weights[share] as number) * value, 0),
    hasGradient: (i) => results.some(({ has }) => has[i]),
    gradient: (i, out) => weightedSum(partsOf(i), out),
    statistic: (i) => {
      const at = numbers[0]!.length - statistics.length + i;
      const parts = weights.map((_, share) => part(share, at));
      return moved(statistics[i]!, parts);
    },
  };
}

interface Part {
  readonly values: Float32Array;
  readonly weight: number;
}

// Sums stay in the nearest cache: one pass for each part over all weights takes far longer.
const BLOCK = 2048;

/** Σ weight · values. */
function weightedSum(parts: readonly Part[], out: Float32Array): Float32Array {
  const [first, second] = parts;
  // One or two threads are the usual case: no sums in between.
  if (parts.length === 1 && first?.weight === 1) return copied(first.values, out);
  if (parts.length === 2 && first && second) return sumOfTwo(first, second, out);
  const sums = new Float64Array(BLOCK);
  for (let begin = 0; begin < out.length; begin += BLOCK) {
    const size = Math.min(BLOCK, out.length - begin);
    sums.fill(0);
    for (const { values, weight } of parts) addWeighted(sums, values, { begin, size, weight });
    out.set(size === BLOCK ? sums : sums.subarray(0, size), begin);
  }
  return out;
}

function copied(values: Float32Array, out: Float32Array): Float32Array {
  out.set(values);
  return out;
}

/** The same of two parts in one pass. */
function sumOfTwo(a: Part, b: Part, out: Float32Array): Float32Array {
  const [first, second] = [a.values, b.values];
  const [left, right] = [a.weight, b.weight];
  for (let i = 0; i < out.length; i++) out[i] = left * first[i]! + right * second[i]!;
  return out;
}

function addWeighted(
  sums: Float64Array,
  values: Float32Array,
  { begin, size, weight }: { readonly begin: number; readonly size: number; readonly weight: number },
): void {
  for (let j = 0; j < size; j++) sums[j]! += weight * values[begin + j]!;
}

/** start + Σ weight · (values − start): an entry that no part changes stays as it is, to the bit. */
function moved(start: Float32Array, parts: readonly Part[]): Float32Array {
  return Float32Array.from(start, (from, j) =>
    parts.reduce((sum, { values, weight }) => sum + weight * (values[j]! - from), from),
  );
}
