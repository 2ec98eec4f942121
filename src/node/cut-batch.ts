import type * as tf from '@tensorflow/tfjs';
import { OptionError, TensorError } from '../errors.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import type { ParsedTrainStep } from '../options/train-step-options.ts';
import type { SentTensor, ShareMessage } from './trainer-protocol.ts';

/** A share of a batch, without the memory that holds its numbers. @internal */
export interface BatchShare extends Pick<ShareMessage, 'tensors' | 'values'> {
  /** Index of its first image in the batch that is cut. */
  readonly begin: number;
  /** Number of images. */
  readonly size: number;
}

type Batch = ParsedTrainStep['batch'];
type Numbers = Float32Array | Int32Array;

/** What the values of a batch field are cut along: [M, B, ...] for noises, [B, ...] for the rest. */
const axisOf = (name: string): 0 | 1 => (name === 'noise' || name === 'noiseAdv' ? 1 : 0);

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
  if (batch.x.size === 0) throw wrong(call, 'x', 'hold at least one image', batch.x.shape);
  if (!isTensor(labels) && labels.length !== images) {
    const text = `\`labels\` must hold one label per image (${images}), got ${labels.length}`;
    throw new OptionError(text, { call, field: 'labels', value: labels.length });
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
    const values = { key, firstImage: firstImage + begin, ...(epoch !== undefined && { epoch }), ...plain };
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
  if (!fits) throw wrong(call, name, `have ${images} images along axis ${axis}`, tensor.shape);
  if (tensor.dtype === 'float32' || tensor.dtype === 'int32') return;
  const text = `\`${name}\` must be float32 or int32, got ${tensor.dtype}`;
  throw new TensorError(text, { call, field: name, value: tensor.dtype });
}

function isTensor(value: unknown): value is tf.Tensor {
  return typeof value === 'object' && value !== null && 'dataId' in value;
}

function wrong(call: string, field: string, must: string, shape: readonly number[]): TensorError {
  return new TensorError(`\`${field}\` must ${must}, got shape [${shape}]`, { call, field, value: shape });
}
