import { OptionError, refusal, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';

/** One scale for all coordinates, or one for each, in input units. */
export type Scale = number | readonly number[] | Float32Array;

const isFloat32 = (value: unknown): value is number =>
  fields.isFiniteNumber(value) && Number.isFinite(Math.fround(value));

const isList = (value: unknown): value is ArrayLike<number> => Array.isArray(value) || value instanceof Float32Array;

/** The check of a scale that may be a list: of numbers above 0, and 0 where a coordinate must not change. */
function scaleFieldOf(one: string, holds: (value: unknown) => boolean): fields.Field<Scale> {
  const must = (value: unknown): string => {
    if (typeof value === 'function') {
      return 'must not follow the input, as a certificate compares two inputs under one law of noise: choose scales from training data, once for all inputs';
    }
    if (!isList(value)) return `must be ${one}, or a list of one for each coordinate`;
    if (value.length === 0) return 'must have a scale for each coordinate';
    if (!Array.from(value).some((scale) => scale !== 0)) return 'must have a scale greater than 0';
    return `must be a list with ${one} for each coordinate, or 0 where it must not change`;
  };
  return fields.field<Scale>(must, (value) => {
    if (!isList(value)) return holds(value);
    const list = Array.from(value);
    return list.every((scale) => scale === 0 || holds(scale)) && list.some((scale) => scale !== 0);
  });
}

/** A scale that is used in float32, or a list of such. @internal */
export const scaleField: fields.Field<Scale> = scaleFieldOf(
  'a number greater than 0 that float32 can hold',
  (value) => isFloat32(value) && Math.fround(value) > 0,
);

/** A scale that is taken as the double that it is, or a list of such. @internal */
export const soundScaleField: fields.Field<Scale> = scaleFieldOf(
  'a finite number greater than 0',
  (value) => fields.isFiniteNumber(value) && value > 0,
);

/** A scale without its array, for the noise, its record and logs: lists are copied, and frozen. @internal */
export function keptScale(scale: Scale): number | readonly number[] {
  return typeof scale === 'number' ? scale : Object.freeze(Array.from(scale));
}

/** The smaller of each scale and the float32 number that is drawn with. @internal */
export function certifiedScale(sigma: number | readonly number[]): number | readonly number[] {
  const smaller = (one: number): number => Math.min(one, Math.fround(one));
  return typeof sigma === 'number' ? smaller(sigma) : sigma.map(smaller);
}

/** The list of scales, where there is one for each coordinate. @internal */
export function listOf(scale: Scale): readonly number[] | undefined {
  return typeof scale === 'number' ? undefined : Array.from(scale);
}

/** A scale that several coordinates have. @internal */
export interface ScaleGroup {
  readonly scale: number;
  readonly count: number;
}

/** The different scales of a list, and how many coordinates have each: radii do not depend on the order. @internal */
export function groupsOf(scales: readonly number[]): readonly ScaleGroup[] {
  const counts = new Map<number, number>();
  for (const scale of scales) counts.set(scale, (counts.get(scale) ?? 0) + 1);
  return Array.from(counts, ([scale, count]) => ({ scale, count }));
}

/**
 * Scales for an image whose channels differ: `values` repeated for every pixel, in the order of its values.
 *
 * @param values - one scale for each channel, in input units
 * @param shape - shape of an example, [..., channels]
 * @throws OptionError unless there is a value for each channel
 * @example
 * ```ts
 * const sigma = perChannel([0.25, 0.25, 0.25, 1], [32, 32, 4]); // colours, and a depth in other units
 * const noise = new GaussianNoise({ sigma });
 * ```
 */
export function perChannel(values: readonly number[], shape: readonly number[]): number[] {
  const channels = shape.at(-1);
  if (values.length !== channels) {
    const must = `must have one scale for each of the ${channels} channels of [${shape.join(', ')}]`;
    throw refusal(OptionError, { call: 'perChannel', field: 'values', value: values, got: `${values.length}` }, must);
  }
  const pixels = shape.slice(0, -1).reduce((product, length) => product * length, 1);
  return Array.from({ length: pixels * channels }, (_, i) => values[i % channels]!);
}

/** Throws OptionError unless inputs have as many coordinates as there are scales. @internal */
export function assertDimension(call: string, dimension: number, count: number): void {
  if (dimension === count) return;
  const must = `must be ${count}, as the noise has a scale for each of ${count} coordinates`;
  throw refusal(OptionError, { call, field: 'dimension', value: dimension }, must);
}

/** Throws TensorError unless an example has a value for each scale. @internal */
export function assertCount(call: string, values: number, scales: number): void {
  if (values === scales) return;
  const must = `must have ${scales} values, as the noise has a scale for each`;
  throw refusal(TensorError, { call, field: 'x', value: values, got: `${values}` }, must);
}

/** Steps of a value in float32 that the least noise must have. */
const LEAST_STEPS = 2 ** 10;

/**
 * Throws TensorError unless an example has a value for each scale, and none so far from 0 that float32 loses the noise: |xᵢ| 2⁻²³ must not exceed
 * σᵢ 2⁻¹⁰, so that a deviation is no less than 1024 steps of the value. A coordinate without noise may have any value.
 * @internal
 */
export function assertScalesFit(call: string, values: ArrayLike<number>, scales: readonly number[]): void {
  assertCount(call, values.length, scales.length);
  for (let i = 0; i < scales.length; i++) {
    const [value, scale] = [values[i]!, scales[i]!];
    if (scale === 0 || !(Math.abs(value) * 2 ** -23 * LEAST_STEPS > scale)) continue;
    const way = 'centre the feature first: subtract a fixed number, such as its mean in the training data';
    const got = `${value} in feature ${i}, whose scale is ${scale}`;
    const details = { call, field: 'x', value, got, way };
    throw refusal(TensorError, details, 'must be near enough to 0 that float32 keeps the noise');
  }
}
