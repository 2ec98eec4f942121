import { DataError, OptionError, refusal, showValue } from '../errors.ts';
import { inTurn } from '../host/turns.ts';
import type { Json } from '../types.ts';
import { jsonCopy } from './json-values.ts';
import { assertDataset, checkSize, type LabelledDataset, type LabelledExample } from './labelled-dataset.ts';

/** One example of a {@link TargetDataset}. */
export interface TargetExample<T> {
  /** The input in input units, row major; its length is the product of the data set's `shape`. */
  readonly x: Float32Array;
  /** What is true of it, as JSON holds it: numbers, boxes, a mask, labels. */
  readonly target: T;
}

/**
 * A data set whose examples have a target of any kind: what `certifyDataset` reads for regressors, segmenters and the like. Where the target is a class,
 * a `LabelledDataset` serves as well.
 *
 * A plain object with random access, as `LabelledDataset`: `example` may be asynchronous, and what it gives is copied before the next is used.
 */
export interface TargetDataset<T> {
  /** Number of examples. */
  readonly size: number;
  /** Shape of one input, without a batch dimension. */
  readonly shape: readonly number[];
  /** The example at `index`, an integer from 0 to `size - 1`. */
  example(index: number): TargetExample<T> | Promise<TargetExample<T>>;
}

/** For whom examples are read. */
interface TargetRequest {
  /** The public call, for error texts. */
  readonly call: string;
  /** Throws OptionError for a target that the task cannot have. */
  readonly checkTarget: (call: string, target: Json) => void;
}

/**
 * A data set of the host with targets as a run may rely on it, as `OwnDataset`: asked by one run at a time, each answer copied before the next question.
 * @internal
 */
export class OwnTargets {
  readonly size: number;
  readonly shape: readonly number[];
  readonly #dataset: TargetDataset<unknown> | LabelledDataset;

  /** The data set of a public call; the labels of a labelled one are its targets. Throws OptionError for what is none. */
  static of(call: string, dataset: TargetDataset<unknown> | LabelledDataset, field = 'dataset'): OwnTargets {
    assertDataset(call, dataset, field);
    return new OwnTargets(dataset);
  }

  private constructor(dataset: TargetDataset<unknown> | LabelledDataset) {
    this.#dataset = dataset;
    this.size = dataset.size;
    this.shape = [...dataset.shape];
  }

  /** The example at `index`, a copy. Throws OptionError for a target that the task cannot have, DataError for another size than the shape. */
  async checkedExample(index: number, { call, checkTarget }: TargetRequest): Promise<TargetExample<Json>> {
    return inTurn(this.#dataset, async () => {
      const given = this.#dataset.example(index);
      // What is there at once is copied at once: before the host's next turn.
      const example = 'then' in given ? await given : given;
      const target = ownTarget(call, example, index);
      if (target !== null) checked(index, () => checkTarget(call, target));
      checkSize(call, example.x, this.shape);
      return { x: new Float32Array(example.x), target };
    });
  }
}

function ownTarget(call: string, example: TargetExample<unknown> | LabelledExample, index: number): Json {
  const [field, value] = 'target' in example ? ['target', example.target] : ['label', example.label];
  return jsonCopy(value, ({ at, value: found }) => {
    const name = ArrayBuffer.isView(found) ? found.constructor.name : showValue(found);
    const got = `${name}${at === '' ? '' : ` at ${field}${at}`} of example ${index}`;
    const way = ArrayBuffer.isView(found)
      ? `Array.from(${field}) makes a list of it`
      : 'null stands for what is not known';
    return refusal(OptionError, { call, field, value: found, got, way }, 'must be a value that JSON can hold');
  });
}

/** Says of which example a target is that is refused. */
function checked(index: number, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof OptionError || error instanceof DataError)) throw error;
    const { call, field, value, message } = error;
    throw new OptionError(`${message.slice(`${call}: `.length)} (example ${index})`, { call, field, value });
  }
}
