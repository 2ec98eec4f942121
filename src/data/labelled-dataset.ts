import { DataError, OptionError, refusal, showValue } from '../errors.ts';
import { inTurn } from '../host/turns.ts';
import { elementCount } from './arrays.ts';

/** One example of a {@link LabelledDataset}. */
export interface LabelledExample {
  /** The input in input units, row major; its length is the product of the data set's `shape`. */
  readonly x: Float32Array;
  /** The true class, an integer from 0. */
  readonly label: number;
}

/**
 * A data set of labelled inputs with random access, the form that `certifyDataset` reads.
 *
 * A plain object: no tensors, no base class. `example` may be asynchronous (files, a database, a worker), so one type
 * serves arrays in memory and data that is read when needed.
 *
 * What `example` gives is copied before the next example is used, so it may fill one array again and again. Runs ask one after the other, for
 * one example at a time; only a training batch asks for its examples together, so an asynchronous `example` must not mix up answers that it
 * works on at once.
 */
export interface LabelledDataset {
  /** Number of examples. */
  readonly size: number;
  /** Shape of one input, without a batch dimension, for example `[28, 28, 1]`. */
  readonly shape: readonly number[];
  /** The example at `index`, an integer from 0 to `size - 1`. */
  example(index: number): LabelledExample | Promise<LabelledExample>;
}

/** For whom examples are read. */
interface ReadRequest {
  /** The public call, for error texts. */
  readonly call: string;
  /** Labels must be below it, if it is known. */
  readonly numClasses: number | undefined;
}

/** An example that was copied, and the memory it was copied from if that is not the data set's own business. */
interface Copied {
  readonly own: LabelledExample;
  readonly lent: Float32Array | undefined;
}

/**
 * A data set of the host as a run may rely on it: size and shape are those of the call, the host's `example` is asked by one run at a time,
 * and its answer is copied before the next question. So it may fill one array again and again.
 *
 * It is a class so that nothing reads examples of a data set that is not one's own.
 * @internal
 */
export class OwnDataset implements LabelledDataset {
  readonly size: number;
  readonly shape: readonly number[];
  readonly #dataset: LabelledDataset;

  /** The data set of a public call, unless it is one already; throws OptionError that says what was given and how that becomes a data set. */
  static of(call: string, dataset: LabelledDataset, field = 'dataset'): OwnDataset {
    if (dataset instanceof OwnDataset) return dataset;
    assertDataset(call, dataset, field);
    return new OwnDataset(dataset);
  }

  constructor(dataset: LabelledDataset) {
    this.#dataset = dataset;
    this.size = dataset.size;
    this.shape = [...dataset.shape];
  }

  /** The example at `index`, a copy. */
  async example(index: number): Promise<LabelledExample> {
    return inTurn(this.#dataset, async () => (await this.#copy(index, undefined)).own);
  }

  /** The same; throws OptionError for a label that is no class, DataError for another size than the data set's shape. */
  async checkedExample(index: number, request: ReadRequest): Promise<LabelledExample> {
    return inTurn(this.#dataset, async () => (await this.#copy(index, request)).own);
  }

  /** Several examples, asked for together; one after the other if the answers turn out to lie in the same memory. */
  async checkedExamples(indices: readonly number[], request: ReadRequest): Promise<LabelledExample[]> {
    return inTurn(this.#dataset, async () => {
      const asked = await Promise.allSettled(indices.map((index) => this.#copy(index, request)));
      const copies = asked.map((one) => {
        if (one.status === 'rejected') throw one.reason;
        return one.value;
      });
      if (!overlap(copies.map(({ lent }) => lent))) return copies.map(({ own }) => own);
      const again: LabelledExample[] = [];
      for (const index of indices) again.push((await this.#copy(index, request)).own);
      return again;
    });
  }

  async #copy(index: number, request: ReadRequest | undefined): Promise<Copied> {
    const given = this.#dataset.example(index);
    // What is there at once is copied at once: before the data set is asked again, and before the host's next turn.
    const isLater = 'then' in given;
    const { x, label } = isLater ? await given : given;
    if (request) check({ x, label }, index, this.shape, request);
    return { own: { x: new Float32Array(x), label }, lent: isLater ? x : undefined };
  }
}

const DATASET = 'must be a data set { size, shape, example }';

/** Throws OptionError that says what was given for a data set, and how that becomes one. @internal */
export function assertDataset(call: string, dataset: unknown, field: string): void {
  if (isDataset(dataset)) return;
  const { got, way } = describeOther(dataset);
  throw refusal(OptionError, { call, field, value: dataset, got, way }, DATASET);
}

type Fields = Readonly<Record<string, unknown>>;

function isDataset(value: unknown): value is LabelledDataset {
  if (typeof value !== 'object' || value === null) return false;
  const { size, shape, example } = value as Fields;
  return Number.isSafeInteger(size) && Array.isArray(shape) && typeof example === 'function';
}

/** What was given for a data set, and what makes one of it. */
function describeOther(value: unknown): { readonly got?: string | undefined; readonly way: string } {
  const makesOne = 'arrayDataset({ values, shape, labels }) of catrs/data makes one of arrays';
  if (typeof value !== 'object' || value === null) return { way: makesOne };
  const given = value as Fields;
  if (typeof given['then'] === 'function') return { got: 'a promise', way: 'await it' };
  if (typeof given['iterator'] === 'function') {
    return { got: 'a data set of tf.data', way: 'await datasetOf(dataset) of catrs/data reads it into memory' };
  }
  if (ArrayBuffer.isView(value)) return { way: makesOne };
  if (Symbol.iterator in value || Symbol.asyncIterator in value) {
    const got = Array.isArray(value) ? `an array of ${value.length}` : 'an iterable';
    return { got, way: 'await datasetOf(examples) of catrs/data makes one of { x, label }' };
  }
  if (typeof given['data'] === 'function') {
    const way = 'arrayDataset({ values: await x.data(), shape: x.shape.slice(1), labels }) of catrs/data makes one';
    return { got: 'a tensor', way };
  }
  const { size, shape, example } = given;
  if (typeof example === 'function') {
    const got = `size ${showValue(size)} and shape ${showValue(shape)}`;
    return { got, way: 'size is a number of examples, shape a list of numbers' };
  }
  return { got: `an object with ${Object.keys(value).join(', ') || 'nothing'}`, way: makesOne };
}

function check(
  { x, label }: LabelledExample,
  index: number,
  shape: readonly number[],
  { call, numClasses }: ReadRequest,
): void {
  if (!(Number.isInteger(label) && label >= 0 && label < (numClasses ?? Infinity))) {
    const must = `must be integers ${numClasses === undefined ? 'of at least 0' : `from 0 to ${numClasses - 1}`}`;
    const got = `${showValue(label)} for example ${index}`;
    throw refusal(OptionError, { call, field: 'labels', value: label, got }, must);
  }
  checkSize(call, x, shape);
}

/** Throws DataError unless an example has as many values as the shape. @internal */
export function checkSize(call: string, x: Float32Array, shape: readonly number[]): void {
  const size = elementCount(shape);
  if (x.length === size) return;
  const must = `must hold ${size} values, one example of shape [${shape}]`;
  throw refusal(DataError, { call, field: 'x', value: x.length }, must);
}

/** True if two of the arrays have bytes in common. */
function overlap(arrays: readonly (Float32Array | undefined)[]): boolean {
  const ends = new Map<ArrayBufferLike, { readonly begin: number; readonly end: number }[]>();
  for (const array of arrays) {
    if (!ArrayBuffer.isView(array)) continue;
    const { buffer, byteOffset: begin, byteLength } = array;
    const end = begin + byteLength;
    const others = ends.get(buffer) ?? [];
    if (others.some((other) => begin < other.end && other.begin < end)) return true;
    ends.set(buffer, [...others, { begin, end }]);
  }
  return false;
}
