import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { OptionError, showValue } from '../errors.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { parseOptions, type WithDefaults } from '../options/parse.ts';
import { fillUniforms } from '../random/fill-bits.ts';
import { assertBatch, assertBatchNoise } from '../tensors/assert-shapes.ts';
import { checkLabels } from '../tensors/labels.ts';
import { copyOf, tensorOver } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';
import type { Prepared, PreparedBatch, TrainingBatch } from './types.ts';

/** The fields of every training batch; a loss with further draws extends it. @internal */
export const trainingBatch: z.ZodObject<
  {
    x: typeof fields.tensor;
    labels: typeof fields.labels;
    key: typeof fields.key;
    noise: z.ZodOptional<typeof fields.tensor>;
    epoch: z.ZodOptional<typeof fields.nonNegativeInteger>;
    softTargets: z.ZodOptional<typeof fields.tensor>;
    firstImage: z.ZodDefault<typeof fields.nonNegativeInteger>;
  },
  z.core.$strict
> = z.strictObject({
  x: fields.tensor,
  labels: fields.labels,
  key: fields.key,
  noise: fields.tensor.optional(),
  epoch: fields.nonNegativeInteger.optional(),
  softTargets: fields.tensor.optional(),
  firstImage: fields.nonNegativeInteger.default(0),
});

/** The fields of a training batch that may be absent. @internal */
export type UnsetInBatch = 'noise' | 'epoch' | 'softTargets';

/** @internal */
export function parseTrainingBatch(call: string, given: TrainingBatch): WithDefaults<TrainingBatch, UnsetInBatch> {
  return parseOptions(call, trainingBatch, given);
}

/** Where the noise of a batch comes from when it is not given. */
interface NoiseSource {
  readonly noise: AdditiveNoise;
  readonly numNoise: number;
  readonly key: Key;
}

/** The tensors of a batch, as new ones; to be made inside `withDispose`. @internal */
export function noisyBatch(
  call: string,
  { x, labels, noise, firstImage }: Pick<TrainingBatch, 'x' | 'labels' | 'noise'> & { readonly firstImage: number },
  source: NoiseSource,
): Omit<PreparedBatch, keyof Prepared> {
  assertBatch(call, x);
  if (noise) assertBatchNoise(call, x, noise, { numNoise: source.numNoise });
  const checked = checkLabels(call, labels, x.shape[0] ?? 0);
  const drawn = (): tf.Tensor =>
    source.noise.sampleBatch({ key: source.key, numNoise: source.numNoise, shape: x.shape, first: firstImage });
  return {
    x: copyOf(x),
    labels: checked.labels,
    noise: noise ? copyOf(noise) : drawn(),
    largestLabel: checked.largest,
  };
}

/** Uniform numbers [batch, columns]: row b is sample first + b of the key. @internal */
export function drawUniforms(
  key: Key,
  { first, batch, columns }: { readonly first: number; readonly batch: number; readonly columns: number },
): tf.Tensor2D {
  const uniforms = new Float32Array(batch * columns);
  fillUniforms(uniforms, { key, start: first, dimension: columns });
  return tensorOver(uniforms, [batch, columns], 'float32') as tf.Tensor2D;
}

/** Linear warm-up: min(1, (epoch + 1) / warmupEpochs); 1 without a warm-up. @internal */
export function warmUp(call: string, epoch: number | undefined, warmupEpochs: number): number {
  if (warmupEpochs === 0) return 1;
  return Math.min(1, (requireEpoch(call, epoch, 'warmupEpochs') + 1) / warmupEpochs);
}

/** The epoch, which an option needs. @internal */
export function requireEpoch(call: string, epoch: number | undefined, option: string): number {
  if (epoch !== undefined) return epoch;
  throw new OptionError(
    `\`epoch\` must be given where the option \`${option}\` is set, got ${showValue(epoch)} (count the epochs from 0)`,
    { call, field: 'epoch', value: epoch },
  );
}
