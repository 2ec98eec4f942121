import * as tf from '@tensorflow/tfjs';
import * as fields from '../options/fields.ts';
import { fillBits } from '../random/fill-bits.ts';
import { foldIn } from '../random/key.ts';
import { hasKernel, NORMALS_KERNEL } from '../tensors/device-kernels.ts';
import { copyOf, keeping, tensorOver } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';
import type { AdditiveNoise, BatchDrawRequest, DeterministicNoise, Noise } from './types.ts';

/** Which copies of a batch to draw: image b has the key `foldIn(key, firstImage + b)`. @internal */
export type BatchCopiesRequest = Required<Pick<BatchDrawRequest, 'key' | 'numNoise'>> & { readonly firstImage: number };

/** Whether a noise enumerates its copies. @internal */
export const isDeterministic = (noise: Noise | DeterministicNoise): noise is DeterministicNoise => 'copies' in noise;

const isAdditive = (noise: Noise | DeterministicNoise): noise is AdditiveNoise => fields.isAdditiveNoise(noise);

/**
 * Noisy copies of the images of a batch, inside a tidy, by the `perturb` that certifies: x [B, ...inputShape] → [M, B, ...copyShape].
 *
 * Copy m of image b is sample m of `foldIn(key, firstImage + b)`. Of a noise that enumerates its copies it is copy ⌊word · copies / 2³²⌋, the
 * word being that of sample m.
 * @internal
 */
export function batchCopies(
  noise: Noise | DeterministicNoise,
  x: tf.Tensor,
  { key, numNoise, firstImage }: BatchCopiesRequest,
): tf.Tensor {
  if (isAdditive(noise)) return tf.add(x, noise.sampleBatch({ key, numNoise, shape: x.shape, firstImage }));
  const copies = tf.unstack(x).map((image, b) => perturbOne(noise, image, foldIn(key, firstImage + b), numNoise));
  return tf.stack(copies, 1);
}

function perturbOne(noise: Noise | DeterministicNoise, image: tf.Tensor, key: Key, count: number): tf.Tensor {
  // A noise of the host may keep what it returns, and fill it again.
  if (!isDeterministic(noise)) return copyOf(noise.perturb(image, { key, start: 0, count }));
  const drawn = copyNumbers(noise, key, count).map((start) => copyOf(noise.perturb(image, { start, count: 1 })));
  return tf.concat(drawn);
}

/** The numbers of the copies that a key draws of a noise that enumerates them. */
function copyNumbers({ copies }: DeterministicNoise, key: Key, count: number): number[] {
  const words = new Uint32Array(count);
  fillBits(words, { key, start: 0, dimension: 1 });
  return Array.from(words, (word) => Math.floor((word / 2 ** 32) * copies));
}

/**
 * The copies of {@link batchCopies}, owned by the caller: in one array, without operations for each image, where the noise fills arrays.
 * @internal
 */
export async function readBatchCopies(
  noise: Noise | DeterministicNoise,
  x: tf.Tensor,
  request: BatchCopiesRequest,
): Promise<tf.Tensor> {
  if (!fillsArrays(noise)) return tf.tidy(() => batchCopies(noise, x, request));
  return keeping(async (keep, disposeAll) => {
    const [images = 0, ...inputShape] = x.shape;
    const own = keep(copyOf(x));
    const values = await own.data<'float32'>();
    disposeAll();
    const shape = noise.copyShape?.(inputShape) ?? inputShape;
    const out = new Float32Array(request.numNoise * images * sizeOf(shape));
    fillBatch(noise, { out, values, images }, request);
    return tensorOver(out, [request.numNoise, images, ...shape], 'float32');
  });
}

/** Whether copies are made in this program, and not by the device. */
function fillsArrays({ fillCopies }: Noise | DeterministicNoise): boolean {
  return fillCopies !== undefined && !hasKernel(NORMALS_KERNEL);
}

interface BatchArrays {
  /** [M, B, ...copyShape] */
  readonly out: Float32Array;
  /** [B, ...inputShape] */
  readonly values: Float32Array;
  readonly images: number;
}

function fillBatch(
  noise: Noise | DeterministicNoise,
  { out, values, images }: BatchArrays,
  { key, numNoise, firstImage }: BatchCopiesRequest,
): void {
  const dimension = values.length / images;
  const size = out.length / (numNoise * images);
  for (let b = 0; b < images; b++) {
    const image = values.subarray(b * dimension, (b + 1) * dimension);
    const own = foldIn(key, firstImage + b);
    const numbers = isDeterministic(noise) ? copyNumbers(noise, own, numNoise) : undefined;
    for (let m = 0; m < numNoise; m++) {
      const place = out.subarray((m * images + b) * size, (m * images + b + 1) * size);
      const position = { key: own, start: numbers?.[m] ?? m, dimension };
      noise.fillCopies?.(place, image, position);
    }
  }
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
