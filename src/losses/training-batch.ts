import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import type { InputAttack } from '../attacks/types.ts';
import type { NoiseSource } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { type FieldsOf, optionsOf, type WithDefaults } from '../options/parse.ts';
import { fillUniforms } from '../random/fill-bits.ts';
import { assertBatch, assertBatchNoise } from '../tensors/assert-shapes.ts';
import { checkLabels, labelsField } from '../tensors/labels.ts';
import { copyOf, tensorOver } from '../tensors/own-tensor.ts';
import type { Key } from '../types.ts';
import type { PreparedBatch, TrainingBatch } from './types.ts';

/** The fields of every training batch; a loss with further draws extends it. @internal */
export const trainingBatchFields: FieldsOf<TrainingBatch, 'firstImage'> = {
  x: fields.tensor,
  labels: labelsField,
  key: fields.key,
  noise: fields.optional(fields.tensor),
  epoch: fields.optional(fields.nonNegativeInteger),
  softTargets: fields.optional(fields.tensor),
  firstImage: fields.withDefault(fields.nonNegativeInteger, 0),
};

const trainingBatch = optionsOf<TrainingBatch>()(trainingBatchFields);

/** An attack on the input, as the losses that train on attacked images take it. @internal */
export const inputAttackField: fields.Field<InputAttack> = fields.object<InputAttack>(
  'must be an attack on the input (for example new SmoothedPgd({ epsilon: 0.5, steps: 4 }))',
  ['perturb'],
);

/** A number of copies that are compared with each other. @internal */
export const severalCopies: fields.Field<number> = fields.field('must be an integer of at least 2', (v) =>
  fields.isInteger(v, 2, Number.MAX_SAFE_INTEGER),
);

/** A training batch after its check. @internal */
export type ParsedTrainingBatch = WithDefaults<TrainingBatch, 'noise' | 'epoch' | 'softTargets'>;

/** @internal */
export function parseTrainingBatch(call: string, given: TrainingBatch): ParsedTrainingBatch {
  return trainingBatch.parse(call, given);
}

/** The tensors of a batch. @internal */
export type NoisyBatch = Pick<PreparedBatch, 'x' | 'labels' | 'noise' | 'largestLabel'>;

/** The tensors of a batch, as new ones; to be made inside `withDispose`. @internal */
export function noisyBatch(
  call: string,
  { x, labels, noise, firstImage }: Pick<TrainingBatch, 'x' | 'labels' | 'noise'> & { readonly firstImage: number },
  source: NoiseSource,
): NoisyBatch {
  assertBatch(call, x);
  if (noise) assertBatchNoise(call, x, noise, { numNoise: source.numNoise });
  const checked = checkLabels(call, labels, x.shape[0] ?? 0);
  const drawn = (): tf.Tensor =>
    source.noise.sampleBatch({ key: source.key, numNoise: source.numNoise, shape: x.shape, firstImage });
  return {
    x: copyOf(x),
    labels: checked.labels,
    noise: noise ? copyOf(noise) : drawn(),
    largestLabel: checked.largest,
  };
}

/** Uniform numbers [batch, columns]: row b is sample firstImage + b of the key. @internal */
export function drawUniforms(
  key: Key,
  { firstImage, batch, columns }: { readonly firstImage: number; readonly batch: number; readonly columns: number },
): tf.Tensor2D {
  const uniforms = new Float32Array(batch * columns);
  fillUniforms(uniforms, { key, start: firstImage, dimension: columns });
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
  const details = { call, field: 'epoch', value: epoch, way: 'count the epochs from 0' };
  throw refusal(OptionError, details, `must be given where the option \`${option}\` is set`);
}
