import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { OwnDataset } from '../data/own-dataset.ts';
import type { StreamExample } from '../smoothed/types.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

interface OnTheWay extends StreamExample {
  readonly label: number;
}

/**
 * Feeds examples of a data set, checked, into a stream of certificates, and keeps what belongs to them until they arrive.
 * @internal
 */
export class ExamplesOnTheWay implements AsyncIterable<StreamExample> {
  readonly #call: string;
  readonly #dataset: OwnDataset;
  readonly #indices: Iterable<number>;
  readonly #numClasses: number;
  readonly #waiting: OnTheWay[] = [];

  constructor(call: string, dataset: LabelledDataset, indices: Iterable<number>, numClasses: number) {
    this.#call = call;
    this.#dataset = new OwnDataset(dataset);
    this.#indices = indices;
    this.#numClasses = numClasses;
  }

  /** The examples as tensors, checked; each is kept until it has arrived. */
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamExample, void, undefined> {
    for (const index of this.#indices) {
      const request = { call: this.#call, numClasses: this.#numClasses };
      const { x, label } = await this.#dataset.checkedExample(index, request);
      const example = { x: tensorOver(x, this.#dataset.shape, 'float32'), index, label };
      this.#waiting.push(example);
      yield example;
    }
  }

  /** The oldest example still on the way: its certificate is here, and its tensor is no longer needed. */
  arrived(): OnTheWay {
    const first = this.#waiting.shift();
    if (first === undefined) throw new Error('more certificates than examples');
    first.x.dispose();
    return first;
  }

  /** Disposes the tensors of the examples that have not arrived. */
  dispose(): void {
    for (const { x } of this.#waiting.splice(0)) x.dispose();
  }
}
