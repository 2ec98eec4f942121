import { assertFiniteLogits, assertSameRows } from '../../classifier/check-logits.ts';
import type { ImageLayout } from '../../classifier/types.ts';
import { ClassifierError, refusal } from '../../errors.ts';
import type { AskedAgain, RowLayout } from '../row-layout.ts';

/** What is told of the output of a segmenter. */
interface MaskLayoutOptions {
  readonly numClasses: number;
  /** Where the classes are: on the last axis, or on the first one after the batch. */
  readonly layout: ImageLayout;
  /** Above it a model of one channel says class 1. */
  readonly threshold?: number | undefined;
  /** Shape of a mask, where the output does not tell. */
  readonly maskShape?: (() => readonly number[] | undefined) | undefined;
}

/** Rows of logits of each component: [batch, ...mask, classes], or [batch, classes, ...mask]. @internal */
export class MaskLayout implements RowLayout {
  readonly name = 'numClasses';
  readonly numClasses: number;
  readonly layout: ImageLayout;
  readonly threshold: number | undefined;
  readonly #maskShape: () => readonly number[] | undefined;
  #shape: readonly number[] | undefined;

  constructor({ numClasses, layout, threshold, maskShape = () => undefined }: MaskLayoutOptions) {
    this.numClasses = numClasses;
    this.layout = layout;
    this.threshold = threshold;
    this.#maskShape = maskShape;
  }

  /** Numbers of each component: one for each class, or one in all. */
  get channels(): number {
    return this.threshold === undefined ? this.numClasses : 1;
  }

  /** Shape of a mask; none before the first output. */
  get shape(): readonly number[] {
    return this.#shape ?? [];
  }

  /** Number of components; 0 before the first output. */
  get components(): number {
    return this.#shape === undefined ? 0 : sizeOf(this.#shape);
  }

  /** Numbers in a row. */
  get size(): number {
    return this.components * this.channels;
  }

  /** Throws unless an output is [rows, ...mask, classes] (or classes first), with the mask of the first one; of typed arrays only the number of values is known. */
  assertShape(call: string, shape: readonly number[], rows: number): void {
    const mask = this.#maskOf(shape);
    const isMask = mask !== undefined && mask.length > 0 && sizeOf(mask) > 0;
    if (shape[0] !== rows || !isMask || (this.#shape !== undefined && sizeOf(mask) !== this.components)) {
      const { channels, layout } = this;
      const known = this.#shape?.join(', ') ?? '...mask';
      const wanted = layout === 'nhwc' ? `${known}, ${channels}` : `${channels}, ${known}`;
      const way =
        channels === 1
          ? 'with `threshold` a model has one channel'
          : "`numClasses` is the number of logits of each component, `layout: 'nchw'` says that they are the second axis";
      const details = { call, field: 'model', value: shape, got: `[${shape.join(', ')}]`, way };
      throw refusal(ClassifierError, details, `must return logits of shape [${rows}, ${wanted}]`);
    }
    this.#shape ??= mask;
  }

  /** Whoever counts looks at the numbers. */
  judge(): () => boolean {
    return () => true;
  }

  /** Throws unless the logits of each component are the same but for rounding. */
  assertSame(call: string, asked: AskedAgain, one: Float32Array, other: Float32Array): void {
    const { channels } = this;
    // Else they would differ by NaN.
    assertFiniteLogits(call, one);
    assertFiniteLogits(call, other);
    if (channels > 1)
      return assertSameRows(call, { numClasses: channels, ...asked }, this.#last(one), this.#last(other));
    // The number and what it is held against decide.
    const beside = (values: Float32Array): Float32Array =>
      Float32Array.from({ length: 2 * values.length }, (_, i) => (i % 2 === 0 ? values[i / 2]! : this.threshold!));
    assertSameRows(call, { numClasses: 2, ...asked }, beside(one), beside(other));
  }

  /** Rows of logits with the classes last. */
  #last(values: Float32Array): Float32Array {
    const { channels, components, size } = this;
    if (this.layout === 'nhwc') return values;
    const last = new Float32Array(values.length);
    for (let begin = 0; begin < values.length; begin += size) {
      for (let c = 0; c < channels; c++) {
        for (let i = 0; i < components; i++) last[begin + i * channels + c] = values[begin + c * components + i]!;
      }
    }
    return last;
  }

  /** The shape of the mask of an output; undefined for one that has other channels. */
  #maskOf([, ...shape]: readonly number[]): readonly number[] | undefined {
    const { channels } = this;
    if (shape.length > 1) {
      const found = this.layout === 'nhwc' ? shape.at(-1) : shape[0];
      if (found === channels) return this.layout === 'nhwc' ? shape.slice(0, -1) : shape.slice(1);
      // One channel needs no axis of its own.
      return channels === 1 ? shape : undefined;
    }
    const [size = 0] = shape;
    if (size % channels !== 0) return undefined;
    const told = this.#maskShape();
    return told !== undefined && sizeOf(told) === size / channels
      ? told
      : told === undefined
        ? [size / channels]
        : undefined;
  }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
