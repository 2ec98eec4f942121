import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, type OptionsSchema, type WithDefaults } from '../options/parse.ts';
import { MAX_POSITIONS } from '../random/fill-subsets.ts';
import { assertFloat, assertShape, isTensor, showShape } from '../tensors/assert-shapes.ts';
import { ablatedCopies, type AblationEncoding, encodedShape, encodingField, fillAblated } from './ablated-copies.ts';
import type { AblationLaw } from './ablation-radius.ts';
import type { Domain, NoiseParameters } from './types.ts';

/**
 * What a noise by ablation keeps or hides as one, and what its radius counts:
 *
 * - `'pixels'`: all channels of a place, of inputs [..., channels], as those of an image [height, width, channels];
 * - `'values'`: every number on its own, of inputs of any shape;
 * - `'tokens'`: the ids of a sequence [length].
 */
export type AblatedPositions = 'pixels' | 'values' | 'tokens';

/** Options of {@link AblationNoise} and {@link AllAblations}. */
export interface AblationNoiseOptions {
  /** Shape of one input, at most 2²¹ positions: [height, width, channels] of an image, [length] of a sequence of tokens. */
  readonly inputShape: readonly number[];
  /** How many positions a copy shows, from 1 to one less than there are. Fewer certify more changes, and leave the classifier less to see. */
  readonly keep: number;
  /**
   * What counts as one position.
   * @defaultValue 'pixels'
   */
  readonly positions?: AblatedPositions | undefined;
  /**
   * How a copy shows what is hidden; see {@link AblationEncoding}. It decides the shape of a copy: what the classifier takes. Tokens need
   * `{ fill: id }`, the id of a token that stands for a hidden one.
   * @defaultValue 'double'
   */
  readonly encoding?: AblationEncoding | undefined;
}

/** @internal */
export const ablationNoiseOptions: OptionsSchema<
  AblationNoiseOptions,
  WithDefaults<AblationNoiseOptions>
> = optionsOf<AblationNoiseOptions>()({
  inputShape: fields.shape,
  keep: fields.positiveInteger,
  positions: fields.withDefault(fields.oneOf('pixels', 'values', 'tokens'), 'pixels'),
  encoding: fields.withDefault(encodingField, 'double'),
});

/** Largest id of a token: float32 holds all whole numbers up to it. */
const MAX_TOKEN = 2 ** 24;

/** The positions of an input, and how copies of it are encoded: what sampled and enumerated ablation have in common. @internal */
export class AblationLayout {
  readonly inputShape: readonly number[];
  readonly encoding: AblationEncoding;
  readonly domain: Domain;
  readonly law: AblationLaw;
  readonly parameters: NoiseParameters;
  readonly #channels: number;
  readonly #masks: number;
  readonly #copyShape: readonly number[];

  /** Throws OptionError where options that are well formed do not fit together. */
  constructor(call: string, { inputShape, keep, positions, encoding }: WithDefaults<AblationNoiseOptions>) {
    assertForm(call, { inputShape, positions, encoding });
    this.#channels = inputShape.at(-1)!;
    this.#masks = positions === 'pixels' ? 1 : this.#channels;
    const count = (sizeOf(inputShape) / this.#channels) * this.#masks;
    assertKeep(call, keep, count, positions);
    this.inputShape = inputShape;
    this.encoding = encoding;
    this.domain = positions === 'tokens' ? 'tokens' : encoding === 'double' ? 'unit' : 'real';
    this.law = { positions: count, keep };
    this.#copyShape = encodedShape(inputShape, encoding, this.#masks);
    const shown = typeof encoding === 'string' ? { encoding } : { encoding: 'fill', fill: encoding.fill };
    this.parameters = { inputShape, keep, positions, ...shown };
  }

  /** Shape of a copy of an input, which must be of the declared shape. */
  copyShape(call: string, shape: readonly number[]): readonly number[] {
    if (shape.length === this.inputShape.length && shape.every((length, i) => length === this.inputShape[i])) return this.#copyShape; // prettier-ignore
    const must = `must be [${this.inputShape.join(',')}], the shape that the noise was made for`;
    throw refusal(TensorError, { call, field: 'inputShape', value: shape }, must);
  }

  /** The copies of an example, by the kept positions of each, [count, ...copyShape], owned by the caller. */
  copies(call: string, x: tf.Tensor, kept: Uint32Array): tf.Tensor {
    if (!isTensor(x)) throw refusal(TensorError, { call, field: 'x', value: x, got: showShape(x) }, 'must be one example'); // prettier-ignore
    assertShape(call, 'x', x, this.inputShape);
    assertFloat(call, 'x', x);
    return tf.tidy(() => ablatedCopies(x, this.masks(kept), kept.length / this.law.keep, this.encoding));
  }

  /** 1 for kept and 0 for hidden positions, copy after copy, by the kept positions of each. */
  masks(kept: Uint32Array): Uint8Array<ArrayBuffer> {
    const { positions, keep } = this.law;
    const masks = new Uint8Array((kept.length / keep) * positions);
    for (let at = 0, begin = 0; at < kept.length; at += keep, begin += positions) {
      for (let i = at; i < at + keep; i++) masks[begin + kept[i]!] = 1;
    }
    return masks;
  }

  /** {@link AblationLayout.copies} without tensors, bit by bit. */
  fill(call: string, out: Float32Array, x: Float32Array, kept: (count: number) => Uint32Array): void {
    const size = sizeOf(this.#copyShape);
    if (x.length !== sizeOf(this.inputShape)) {
      const must = `must be the ${sizeOf(this.inputShape)} values of one example`;
      throw refusal(TensorError, { call, field: 'x', value: x, got: `${x.length} values` }, must);
    }
    if (out.length === 0 || out.length % size !== 0) {
      const must = `must hold whole copies, ${size} values each`;
      throw refusal(OptionError, { call, field: 'out.length', value: out.length }, must);
    }
    const form = { encoding: this.encoding, channels: this.#channels, masks: this.#masks };
    fillAblated(out, x, kept(out.length / size), this.law.keep, form);
  }
}

function assertForm(
  call: string,
  { inputShape, positions, encoding }: Omit<WithDefaults<AblationNoiseOptions>, 'keep'>,
): void {
  const isToken = (id: unknown): boolean => fields.isInteger(id, 0, MAX_TOKEN);
  if (positions === 'tokens') {
    const shape = { call, field: 'inputShape', value: inputShape };
    if (inputShape.length !== 1) throw refusal(OptionError, shape, "must be [length] with positions: 'tokens'");
    const way = 'the id of a token such as [MASK], which stands for a hidden one';
    if (typeof encoding === 'string') {
      const details = { call, field: 'encoding', value: encoding, way };
      throw refusal(OptionError, details, "must be { fill: id } with positions: 'tokens'");
    }
    if (!isToken(encoding.fill)) {
      const details = { call, field: 'encoding.fill', value: encoding.fill, way };
      throw refusal(OptionError, details, "must be a whole number from 0 to 2^24 with positions: 'tokens'");
    }
    return;
  }
  if (positions === 'pixels' && inputShape.length === 1) {
    const way = "positions: 'values' takes each number on its own, positions: 'tokens' ids";
    const details = { call, field: 'inputShape', value: inputShape, way };
    throw refusal(OptionError, details, "must end with the channels of a position, as [height, width, channels], with positions: 'pixels'"); // prettier-ignore
  }
  const channels = inputShape.at(-1)!;
  const fill = typeof encoding === 'object' ? encoding.fill : 0;
  if (typeof fill === 'object' && fill.length !== channels) {
    const details = { call, field: 'encoding.fill', value: fill };
    throw refusal(OptionError, details, `must be one number, or one for each of the ${channels} channels`);
  }
}

function assertKeep(call: string, keep: number, count: number, positions: AblatedPositions): void {
  if (count > MAX_POSITIONS) {
    const details = { call, field: 'inputShape', value: count, got: `${count} ${positions}` };
    throw refusal(OptionError, details, `must have at most ${MAX_POSITIONS} (2^21) positions`);
  }
  if (keep < count) return;
  const way = keep === count ? 'a copy that shows all positions certifies no change of any' : undefined;
  const must = `must be an integer from 1 to ${count - 1}, as there are ${count} ${positions}`;
  throw refusal(OptionError, { call, field: 'keep', value: keep, way }, must);
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
