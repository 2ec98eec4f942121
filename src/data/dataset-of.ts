import { DataError, OptionError, refusal, showValue } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { InputRange } from '../types.ts';
import { makeDataset } from './array-dataset.ts';
import { elementCount, type NpyArray } from './arrays.ts';
import { byteRange, elementType, type InputArray, inputValues, isInputArray } from './input-values.ts';
import type { LabelledDataset } from './labelled-dataset.ts';
import { labelsOf } from './labels.ts';

const CALL = 'datasetOf';

/** Numbers in lists in lists, as `tensor.arraySync()` or JSON give them. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** What has a shape and gives its values when asked, such as a tensor. */
export interface ValuesOfShape {
  /** Dimensions, outermost first. */
  readonly shape: readonly number[];
  /** Element type, for example `'float32'`. */
  readonly dtype: string;
  /** The values, row major. */
  data(): Promise<unknown>;
}

/** An input or a label: a typed array, lists of numbers, or a tensor. */
export type ExampleValues = InputArray | NestedNumbers | ValuesOfShape;

/** An example, under the names of this library or of `tf.data`; the label is a class number or a one-hot row. */
export type GivenExample =
  | {
      /** The input. */
      readonly x: ExampleValues;
      /** Its class. */
      readonly label: ExampleValues;
    }
  | {
      /** The input. */
      readonly xs: ExampleValues;
      /** Its class. */
      readonly ys: ExampleValues;
    };

/** A data set of `tf.data`. */
export interface TfDataset {
  /** A new pass over its elements. */
  iterator(): Promise<Pick<AsyncIterator<unknown, unknown>, 'next'>>;
}

/** Options of {@link datasetOf}. */
export interface DatasetOfOptions {
  /**
   * Whether every element is a batch, `x` [B, ...shape] and `label` [B] or one-hot [B, classes], as `batch` of `tf.data` makes them.
   *
   * @defaultValue false
   */
  readonly batched?: boolean | undefined;
  /**
   * Shape of one input.
   *
   * @defaultValue the shape of the inputs as they are given; a typed array has the shape [length]
   */
  readonly shape?: readonly number[] | undefined;
  /**
   * The range that bytes fill, in input units; float inputs must lie in it, if it is given.
   *
   * @defaultValue [0, 1] for bytes; float values are not looked at
   */
  readonly inputRange?: InputRange | undefined;
}

const datasetOfOptions = optionsOf<DatasetOfOptions>()({
  batched: fields.withDefault(fields.boolean, false),
  shape: fields.optional(fields.shape),
  inputRange: fields.optional(byteRange),
});

/**
 * Reads examples into a data set in memory: a list or any (async) iterable of `{ x, label }` or `{ xs, ys }`, or a data set of `tf.data`.
 *
 * The values mean what they mean in {@link arrayDataset}: integers, which must all be from 0 to 255, are bytes and fill `inputRange`; floats and
 * lists of numbers are in input units. They are read once, one element after the other, in their order, to the end, so the source must
 * have one; each is copied before the next is asked for. Tensors that a data set of `tf.data` makes are disposed, those of the host are not.
 *
 * @throws DataError if there is no example, one has another form, shape or element type than the first, or what {@link arrayDataset} refuses.
 * @throws OptionError if `examples` is none of these, or an option is unknown or outside its domain.
 * @example
 * ```ts
 * const dataset = await datasetOf([
 *   { x: [[0.1, 0.2], [0.3, 0.4]], label: 3 },
 *   { x: [[0.5, 0.6], [0.7, 0.8]], label: 0 },
 * ]);
 * dataset.shape; // [2, 2]
 * ```
 */
export async function datasetOf(
  examples: Iterable<GivenExample> | AsyncIterable<GivenExample> | TfDataset,
  options: DatasetOfOptions = {},
): Promise<LabelledDataset> {
  const { batched, shape, inputRange } = datasetOfOptions.parse(CALL, options);
  const inputs: Values[] = [];
  const labels: Values[] = [];
  for await (const element of elementsOf(examples)) {
    const where = `in element ${inputs.length}`;
    const { x, label } = await readElement(element, { batched, where });
    assertAlike(inputs[0], x, where);
    assertAlike(labels[0], label, where);
    inputs.push(x);
    labels.push(label);
  }
  const [first] = inputs;
  if (first === undefined) throw wrong('must hold at least one example', 'none');
  const { dtype } = first;
  const values = inputValues({ call: CALL, field: 'examples', dtype }, joined(inputs).data);
  const own = { values, labels: labelsOf(CALL, joined(labels)), inputRange };
  // A number has the shape [].
  const [, ...given] = first.shape.length > 1 ? first.shape : [1, 1];
  return makeDataset(CALL, { ...own, shape: shape ?? given });
}

/** Values of one or more inputs or labels; the first dimension counts them. */
interface Values {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: InputArray;
}

function wrong(must: string, got: string, way?: string): DataError {
  return refusal(DataError, { call: CALL, field: 'examples', value: undefined, got, way }, must);
}

async function* elementsOf(examples: unknown): AsyncGenerator<unknown, void, undefined> {
  if (typeof examples === 'object' && examples !== null) {
    if (Symbol.iterator in examples || Symbol.asyncIterator in examples) {
      yield* examples as Iterable<unknown> | AsyncIterable<unknown>;
      return;
    }
    if (fields.hasMethods(examples, ['iterator'])) {
      const iterator = await (examples as TfDataset).iterator();
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        try {
          yield next.value;
        } finally {
          disposeTensors(next.value);
        }
      }
      return;
    }
  }
  const must = 'must be a list or an iterable of { x, label }, or a data set of tf.data';
  throw refusal(OptionError, { call: CALL, field: 'examples', value: examples }, must);
}

function disposeTensors(value: unknown): void {
  if (fields.hasMethods(value, ['dispose'])) (value as { dispose(): void }).dispose();
  else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    Object.values(value).forEach(disposeTensors);
  }
}

interface Place {
  readonly batched: boolean;
  readonly where: string;
}

async function readElement(element: unknown, place: Place): Promise<{ readonly x: Values; readonly label: Values }> {
  const { x, label, xs = x, ys = label } = (element ?? {}) as Readonly<Record<string, unknown>>;
  if (xs === undefined || ys === undefined) {
    const isObject = typeof element === 'object' && element !== null && !Array.isArray(element);
    const got = isObject ? `an object with ${Object.keys(element).join(', ') || 'nothing'}` : showValue(element);
    const way = 'map them before: (e) => ({ x: e.image, label: e.class }), or ([xs, ys]) => ({ xs, ys })';
    throw wrong('must each be { x, label } or { xs, ys }', `${got} ${place.where}`, way);
  }
  const [own, classes] = [await readValues(xs, place), await readValues(ys, place)];
  if (own.shape[0] === classes.shape[0]) return { x: own, label: classes };
  const got = `inputs of shape [${own.shape}] and labels of shape [${classes.shape}]`;
  throw wrong('must have one label for each input of a batch [B, ...]', `${got} ${place.where}`);
}

/** A copy of values in any of their forms, with the dimension of the batch. */
async function readValues(given: unknown, { batched, where }: Place): Promise<Values> {
  const { dtype, shape, data } = await valuesOf(given, where);
  return { dtype, shape: batched ? shape : [1, ...shape], data };
}

async function valuesOf(given: unknown, where: string): Promise<Values> {
  if (isInputArray(given)) return { dtype: elementType(given), shape: [given.length], data: copied(given) };
  if (fields.hasMethods(given, ['data']) && 'shape' in given && 'dtype' in given) {
    const { shape, dtype } = given as ValuesOfShape;
    const data = await (given as ValuesOfShape).data();
    if (isInputArray(data)) return { dtype, shape: [...shape], data: copied(data) };
    throw wrong('must hold numbers', `values of type ${dtype} ${where}`);
  }
  const shape = nestedShape(given);
  const flat = [given].flat(Infinity) as unknown[];
  const bad = flat.findIndex((value) => typeof value !== 'number');
  if (bad >= 0) throw wrong('must hold typed arrays, lists of numbers or tensors', `${showValue(flat[bad])} ${where}`);
  if (flat.length === elementCount(shape))
    return { dtype: 'float64', shape, data: Float64Array.from(flat as number[]) };
  throw wrong('must hold lists of one length', `${flat.length} numbers for shape [${shape}] ${where}`);
}

const TYPES = [
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float64Array,
];

/** A copy that shares no memory, as the `slice` of a Buffer would. */
function copied(values: InputArray): InputArray {
  const type = TYPES.find(({ name }) => name.toLowerCase() === `${elementType(values)}array`) ?? Float32Array;
  return new type(values);
}

/** Shape of lists in lists, by the first of each. */
function nestedShape(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...nestedShape(value[0])] : [];
}

function assertAlike(first: Values | undefined, { dtype, shape }: Values, where: string): void {
  if (first === undefined || (first.dtype === dtype && String(first.shape.slice(1)) === String(shape.slice(1)))) return;
  const must = `must all be as the first, ${first.dtype} of shape [${first.shape.slice(1)}]`;
  throw wrong(must, `${dtype} of shape [${shape.slice(1)}] ${where}`);
}

/** All of them one after the other. */
function joined(parts: readonly Values[]): NpyArray {
  const [{ dtype, shape, data }] = parts as readonly [Values];
  const whole = new (data.constructor as new (length: number) => InputArray)(
    parts.reduce((sum, part) => sum + part.data.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part.data, at);
    at += part.data.length;
  }
  const size = parts.reduce((sum, part) => sum + (part.shape[0] as number), 0);
  return { dtype, shape: [size, ...shape.slice(1)], data: whole } as NpyArray;
}
