import { OptionError, refusal } from '../../errors.ts';
import * as fields from '../../options/fields.ts';

/**
 * A mask as JSON holds it: one whole number for each component (pixel, point), as run lengths.
 *
 * @example
 * ```ts
 * const mask: Mask = { shape: [2, 3], runs: [7, 4, -1, 2] }; // 7 7 7 / 7 -1 -1
 * ```
 */
export interface Mask {
  /** Shape of the mask, without a batch; its product is the number of components. */
  readonly shape: readonly number[];
  /** value, length, value, length, ...: row major. */
  readonly runs: readonly number[];
}

/** Numbers in nested lists. */
export type NestedNumbers = readonly (number | NestedNumbers)[];

/**
 * A mask in any of its forms: run lengths, rows of numbers in lists of any depth, or one flat typed array. Where the shape is not said, it is that of the mask
 * that it is compared with.
 */
export type MaskLike = Mask | NestedNumbers | Int16Array | Int32Array | Uint8Array | Uint16Array;

const LEAST = -(2 ** 15);
const MOST = 2 ** 15 - 1;

/**
 * A mask as run lengths.
 *
 * @param values - row major, whole numbers from −32 768 to 32 767
 * @param shape - its product is the number of values
 * @throws OptionError for other values, or another number of them
 * @example
 * ```ts
 * encodeMask([7, 7, 7, 7, -1, -1], [2, 3]); // { shape: [2, 3], runs: [7, 4, -1, 2] }
 * ```
 */
export function encodeMask(values: ArrayLike<number>, shape: readonly number[]): Mask {
  const call = 'encodeMask';
  if (values.length !== sizeOf(shape)) {
    const must = `must be the shape of ${values.length} values`;
    throw refusal(OptionError, { call, field: 'shape', value: shape }, must);
  }
  const runs: number[] = [];
  for (let i = 0; i < values.length;) {
    const value = values[i] as number;
    if (!fields.isInteger(value, LEAST, MOST)) throw noValue(call, 'values', value);
    const begin = i;
    while (i < values.length && values[i] === value) i++;
    runs.push(value, i - begin);
  }
  return { shape: [...shape], runs };
}

/**
 * The numbers of a mask, row major, in a new array.
 *
 * @param mask - run lengths, numbers in lists of any depth, or a typed array
 * @throws OptionError for what is no mask: runs that do not fill the shape, lists of several lengths, values that are no whole numbers from −32 768 to 32 767
 * @example
 * ```ts
 * decodeMask({ shape: [2, 3], runs: [7, 4, -1, 2] }); // Int16Array [7, 7, 7, 7, -1, -1]
 * ```
 */
export function decodeMask(mask: MaskLike): Int16Array {
  return readMask('decodeMask', 'mask', mask).values;
}

/** The numbers of a mask, and its shape. @internal */
export function readMask(
  call: string,
  field: string,
  mask: MaskLike,
): { readonly values: Int16Array; readonly shape: readonly number[] } {
  if (isRuns(mask)) return { values: fromRuns(call, field, mask), shape: mask.shape };
  const [flat, shape] = Array.isArray(mask) ? fromLists(call, field, mask as NestedNumbers) : [mask, undefined];
  if (!ArrayBuffer.isView(flat) && !Array.isArray(flat)) {
    const must = 'must be { shape, runs }, lists of whole numbers or a typed array of them';
    throw refusal(OptionError, { call, field, value: mask }, must);
  }
  const numbers = flat as ArrayLike<number>;
  const values = new Int16Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i] as number;
    if (!fields.isInteger(value, LEAST, MOST)) throw noValue(call, field, value);
    values[i] = value;
  }
  return { values, shape: shape ?? [values.length] };
}

function isRuns(mask: unknown): mask is Mask {
  return typeof mask === 'object' && mask !== null && 'runs' in mask;
}

function fromRuns(call: string, field: string, mask: Mask): Int16Array {
  const { shape, runs } = mask;
  const isShape =
    Array.isArray(shape) && shape.length > 0 && shape.every((n: unknown) => fields.isInteger(n, 1, 2 ** 31));
  const size = isShape ? sizeOf(shape) : 0;
  const isPairs = Array.isArray(runs) && runs.length % 2 === 0;
  const lengths = isPairs ? (runs as readonly number[]).filter((_, i) => i % 2 === 1) : [];
  const isFull =
    lengths.every((length) => fields.isInteger(length, 1, size)) && lengths.reduce((a, b) => a + b, 0) === size;
  if (!isShape || !isPairs || !isFull) {
    const must = 'must be { shape, runs } with runs value, length, value, length, ... that fill the shape';
    throw refusal(OptionError, { call, field, value: mask }, must);
  }
  const values = new Int16Array(size);
  let begin = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const [value, length] = [runs[i] as number, runs[i + 1] as number];
    if (!fields.isInteger(value, LEAST, MOST)) throw noValue(call, field, value);
    values.fill(value, begin, begin + length);
    begin += length;
  }
  return values;
}

/** Lists of one length at each depth. */
function fromLists(call: string, field: string, list: NestedNumbers): [number[], number[]] {
  const shape: number[] = [];
  let level: readonly unknown[] = list;
  for (let depth = list as unknown; Array.isArray(depth); depth = (depth as readonly unknown[])[0]) {
    shape.push(depth.length);
  }
  for (const length of shape.slice(1)) {
    if (!level.every((one) => Array.isArray(one) && one.length === length)) throw ragged(call, field, list);
    level = level.flat(1);
  }
  return [level as number[], shape];
}

function ragged(call: string, field: string, value: unknown): OptionError {
  return refusal(OptionError, { call, field, value }, 'must be lists of one length at each depth');
}

function noValue(call: string, field: string, value: unknown): OptionError {
  return refusal(OptionError, { call, field, value }, `must hold whole numbers from ${LEAST} to ${MOST}`);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
