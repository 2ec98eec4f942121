import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import { type ParsedTrainingBatch, parseTrainingBatch } from '../losses/training-batch.ts';
import type { TrainingBatch } from '../losses/types.ts';
import * as fields from '../options/fields.ts';
import { parseField } from '../options/parse.ts';
import { foldIn } from '../random/key.ts';
import { assertBatch, assertBatchNoise, assertSoftTargets } from '../tensors/assert-shapes.ts';
import { checkLabels, type Labels } from '../tensors/labels.ts';
import { copyOf } from '../tensors/own-tensor.ts';

function parseMicroBatches(
  call: string,
  batch: TrainingBatch,
  count: number,
): ParsedTrainingBatch & { readonly count: number } {
  const parsed = parseTrainingBatch(call, batch);
  const { firstImage } = parsed;
  if (firstImage !== 0) {
    const way = 'its parts have keys of their own: cut the batch first, then take shares of the parts';
    throw refusal(OptionError, { call, field: 'firstImage', value: firstImage, way }, 'must be 0');
  }
  return { ...parsed, count: parseField(call, 'count', fields.positiveInteger, count) };
}

/** A part of a batch, as losses take it; its tensors are the caller's. Neither method is enumerable, so that it can be spread. */
export interface MicroBatch extends TrainingBatch {
  /** Frees the tensors; the batch that was cut stays. */
  dispose(): void;
  /** Frees the tensors at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/**
 * Cuts a batch of B images into `count` consecutive parts of ⌊B / count⌋ images; images left over are dropped.
 *
 * The official code makes one optimizer step for each part, with `count` = M, the number of noisy copies: a batch of 256 images gives M
 * steps of M · ⌊256 / M⌋ noisy images. Cohen's and Stability training and MACER are not cut.
 *
 * Part i has `foldIn(key, i)` as its key. `x`, `labels` and `softTargets` are cut by image, `noise` [M, B, ...] along its second axis,
 * `epoch` is handed on. The batch is copied at the call; parts are cut one at a time, when the loop asks for them, and the copy is freed at the
 * end of the loop.
 *
 * @throws OptionError, TensorError for a batch that no loss would take or fewer than `count` images
 * @see alinlab/smoothing-catrs, train_catrs.py
 * @example
 * ```ts
 * import { microBatches } from 'catrs/recipes';
 *
 * for (const part of microBatches({ x, labels, key: foldIn(key, step) }, 2)) {
 *   using prepared = loss.prepare(part);
 *   part.dispose(); // prepared has a copy
 *   optimizer.minimize(() => prepared.value(), false, trainableVariables(model));
 * }
 * ```
 */
export function microBatches(batch: TrainingBatch, count: number): Generator<MicroBatch, void, undefined> {
  const call = 'microBatches';
  const given = parseMicroBatches(call, batch, count);
  const { x, labels, noise, softTargets } = given;
  assertBatch(call, x);
  const [images = 0] = x.shape;
  checkLabels(call, labels, images).labels.dispose();
  if (noise) assertBatchNoise(call, x, noise);
  if (softTargets) assertSoftTargets(call, softTargets, images);
  const size = Math.floor(images / count);
  if (size === 0) {
    const must = `must be at most the number of images (${images})`;
    throw refusal(OptionError, { call, field: 'count', value: count }, must);
  }
  const own = {
    ...given,
    x: copyOf(x),
    labels: labels instanceof tf.Tensor ? copyOf(labels) : labels.slice(),
    noise: noise && copyOf(noise),
    softTargets: softTargets && copyOf(softTargets),
  };
  return partsOf(own, { count, size });
}

/** Cuts the parts, and frees the batch in the end. */
function* partsOf(
  batch: Omit<ReturnType<typeof parseMicroBatches>, 'count'>,
  { count, size }: { readonly count: number; readonly size: number },
): Generator<MicroBatch, void, undefined> {
  const { x, labels, key, noise, softTargets, epoch } = batch;
  try {
    for (let part = 0; part < count; part++) {
      const begin = part * size;
      yield disposable({
        x: tf.slice(x, begin, size),
        labels: cutLabels(labels, begin, size),
        key: foldIn(key, part),
        noise: noise && tf.slice(noise, [0, begin], [-1, size]),
        softTargets: softTargets && tf.slice(softTargets, begin, size),
        epoch,
      });
    }
  } finally {
    tf.dispose([x, labels, noise, softTargets].filter((one) => one instanceof tf.Tensor));
  }
}

function cutLabels(labels: Labels, begin: number, size: number): Labels {
  return labels instanceof tf.Tensor ? tf.slice(labels, begin, size) : labels.slice(begin, begin + size);
}

function disposable(part: TrainingBatch): MicroBatch {
  const dispose = (): void => {
    for (const value of Object.values(part)) if (value instanceof tf.Tensor && !value.isDisposed) value.dispose();
  };
  return Object.defineProperties(part, {
    dispose: { value: dispose },
    [Symbol.dispose]: { value: dispose },
  }) as MicroBatch;
}
