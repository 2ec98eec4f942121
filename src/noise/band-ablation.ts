import * as tf from '@tensorflow/tfjs';
import { OptionError, refusal, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { assertFloat, assertShape, isTensor, showShape } from '../tensors/assert-shapes.ts';
import type { Norm } from '../types.ts';
import { ablatedCopies, type AblationEncoding, encodedShape, encodingField, fillMasked } from './ablated-copies.ts';
import {
  type BandKind,
  type BandSet,
  bandSets,
  type ImageBands,
  largestSquare,
  patchHits,
  voteMargin,
} from './band-geometry.ts';
import { patchSide } from './change-distance.ts';
import { assertNorm, type CopiesRequest, copiesRequest } from './requests.ts';
import type { DeterministicNoise, Domain, NoiseParameters, RadiusRequest } from './types.ts';

/** One number for both axes of an image, or [of the rows, of the columns]. */
export type PerAxis = number | readonly [rows: number, columns: number];

/** Options of {@link BandAblation}. */
export interface BandAblationOptions {
  /** Shape of an image, [height, width, channels]. */
  readonly inputShape: readonly number[];
  /** What a copy keeps: all rows of some columns, all columns of some rows, first all of the latter and then all of the former, or blocks. */
  readonly keep: BandKind;
  /** Width of a kept band in pixels; of a block its side, or [height, width]. At most as long as the axis. */
  readonly size: PerAxis;
  /**
   * A band begins every so many pixels. Larger strides make fewer copies, of which a patch meets fewer.
   * @defaultValue 1
   */
  readonly stride?: PerAxis | undefined;
  /**
   * Whether bands that reach over the border go on at the opposite one. Else they end with the image, so that fewer copies see a border.
   * @defaultValue true
   */
  readonly wrap?: boolean | undefined;
  /**
   * How a copy shows what is ablated; see {@link AblationEncoding}. It decides the shape of a copy: what the classifier takes.
   * @defaultValue 'double'
   */
  readonly encoding?: AblationEncoding | undefined;
}

const isPerAxis = (v: unknown): boolean =>
  fields.isInteger(v, 1, 2 ** 24) || (Array.isArray(v) && v.length === 2 && v.every((n) => fields.isInteger(n, 1, 2 ** 24))); // prettier-ignore

/** @internal */
export const perAxis: fields.Field<PerAxis> = fields.field<PerAxis>(
  'must be an integer of at least 1, or [of the rows, of the columns]',
  isPerAxis,
);

/** @internal */
export const imageShape: fields.Field<readonly number[]> = fields.field<readonly number[]>(
  'must be [height, width, channels], integers of at least 1',
  (v) => Array.isArray(v) && v.length === 3 && v.every((length) => fields.isInteger(length, 1, 2 ** 24)),
);

const bandAblationOptions = optionsOf<BandAblationOptions>()({
  inputShape: imageShape,
  keep: fields.oneOf('columns', 'rows', 'rows+columns', 'blocks'),
  size: perAxis,
  stride: fields.withDefault(perAxis, 1),
  wrap: fields.withDefault(fields.boolean, true),
  encoding: fields.withDefault(encodingField, 'double'),
});

/** Height and width of a patch in pixels. */
export type PatchSize = readonly [height: number, width: number];

/**
 * Structured ablation of images: each copy keeps one band or block of the image and hides the rest. Its certificates hold for every patch, with
 * any content at any place.
 *
 * All copies are enumerated, none is drawn. A patch of h × w pixels meets at most Δ(h, w) of them ({@link BandAblation.hits}); the others stay
 * the same bits. With the votes n_c of class c the answer A = g(x) stays if n_A − n_c ≥ 2Δ + 1[c < A] for every c ≠ A. The radius, in norm
 * `'patch'`, is the side of the largest such square: a whole number, closed, and 0 where the vote is exact but no patch is covered. Other and
 * several patches: {@link certifyPatches}.
 *
 * Copies are selected, never multiplied, so nothing of a hidden value is left: not its sign, not that it is infinite. With `'double'` they are
 * [H, W, 2C] (all v, then all 1 − v), with `'mask'` [H, W, C + 1], with `{ fill }` [H, W, C]. The price is {@link BandAblation.copies} passes for
 * an image: W for columns of stride 1, H · W for blocks. Order: blocks row by row of their starts; of `'rows+columns'` all rows first.
 *
 * @throws OptionError where an option is of another form, a size is larger than its axis, or a fill has not one number for each channel
 * @see Levine, Feizi, "(De)Randomized Smoothing for Certifiable Defense against Patch Attacks", NeurIPS 2020
 * @see Salman, Jain, Wong, Madry, "Certified Patch Robustness via Smoothed Vision Transformers", CVPR 2022
 * @example
 * ```ts
 * const bands = new BandAblation({ inputShape: [28, 28, 1], keep: 'columns', size: 4 });
 * console.log(bands.copies, bands.hits([5, 5])); // 28 copies, of which a 5 × 5 patch meets 8
 * ```
 */
export class BandAblation implements DeterministicNoise {
  /** Name in logs. */
  readonly name: string = 'band-ablation';
  /** It certifies patches. */
  readonly norms: readonly Norm[] = ['patch'];
  /** The certificate holds for all real images; with the encoding `'double'` for those in [0, 1]. */
  readonly domain: Domain;
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[] = ['deterministic classifier independent of the batch'];
  /** Shape of an image, [height, width, channels]. */
  readonly inputShape: readonly number[];
  /** How a copy shows what is ablated. */
  readonly encoding: AblationEncoding;
  /** Number of copies. */
  readonly copies: number;
  /** The options, with `fill` beside the encoding `'fill'`. */
  readonly parameters: NoiseParameters;
  readonly #bands: ImageBands;
  /** Where the kept intervals of the two axes begin; undefined where all of the axis is kept. One entry for each set of copies. */
  readonly #sets: readonly BandSet[];
  readonly #hits = new Map<string, number>();

  /** Checks the options and lists the bands. */
  constructor(options: BandAblationOptions) {
    const call = 'BandAblation';
    const parsed = bandAblationOptions.parse(call, options);
    const { inputShape, keep, wrap, encoding } = parsed;
    const [height = 1, width = 1, channels = 1] = inputShape;
    const bands: ImageBands = {
      keep,
      rows: { axis: height, size: ofAxis(parsed.size, 0), stride: ofAxis(parsed.stride, 0), wrap },
      columns: { axis: width, size: ofAxis(parsed.size, 1), stride: ofAxis(parsed.stride, 1), wrap },
    };
    for (const axis of axesOf(keep)) {
      const { axis: length, size } = bands[axis];
      if (size > length) throw refusal(OptionError, { call, field: 'size', value: parsed.size }, `must be at most ${length}, the number of ${axis}`); // prettier-ignore
    }
    const fill = typeof encoding === 'object' ? encoding.fill : 0;
    if (typeof fill === 'object' && fill.length !== channels) {
      const details = { call, field: 'encoding.fill', value: fill };
      throw refusal(OptionError, details, `must be one number, or one for each of the ${channels} channels`);
    }
    this.inputShape = inputShape;
    this.encoding = encoding;
    this.domain = encoding === 'double' ? 'unit' : 'real';
    this.#bands = bands;
    this.#sets = bandSets(bands);
    this.copies = this.#sets.reduce((sum, { rows, columns }) => sum + rows.length * columns.length, 0);
    this.parameters = {
      inputShape,
      keep,
      size: recorded(keep, parsed.size),
      stride: recorded(keep, parsed.stride),
      wrap,
      ...(typeof encoding === 'string' ? { encoding } : { encoding: 'fill', fill }),
    };
  }

  /** Shape of an encoded copy: [H, W, 2C], [H, W, C + 1] or [H, W, C]. */
  copyShape(inputShape: readonly number[]): readonly number[] {
    return encodedShape(inputShape, this.encoding);
  }

  /**
   * Copies start .. start + count − 1 of one image, [count, ...copyShape], owned by the caller. Differentiable with respect to `x`.
   *
   * @param x - one image of `inputShape`, float32; not disposed
   */
  perturb(x: tf.Tensor, request: CopiesRequest): tf.Tensor {
    const call = 'BandAblation.perturb';
    const { start, count } = this.#checkCopies(call, request);
    if (!isTensor(x))
      throw refusal(TensorError, { call, field: 'x', value: x, got: showShape(x) }, 'must be one image');
    assertShape(call, 'x', x, this.inputShape);
    assertFloat(call, 'x', x);
    return tf.tidy(() => ablatedCopies(x, this.#kept(start, count), count, this.encoding));
  }

  /**
   * Fills `out` with the copies of `perturb`, bit by bit, without tensors.
   *
   * @param out - whole copies, row after row; `request.start` is the number of the first
   * @param x - the values of one image of `inputShape`
   */
  fillCopies(out: Float32Array, x: Float32Array, { start }: { readonly start: number }): void {
    const call = 'BandAblation.fillCopies';
    const masks = (count: number): Uint8Array => this.#kept(start, this.#checkCopies(call, { start, count }).count);
    fillMasked(call, { out, x }, { inputShape: this.inputShape, encoding: this.encoding }, masks);
  }

  /**
   * Which positions copies start .. start + count − 1 keep: 1 for kept and 0 for ablated ones, the H · W pixels of a copy row by row, copy after
   * copy. A new array.
   */
  keptPositions(request: CopiesRequest): Uint8Array<ArrayBuffer> {
    const { start, count } = this.#checkCopies('BandAblation.keptPositions', request);
    return this.#kept(start, count);
  }

  /**
   * Δ: the largest number of copies that one place of a patch of [height, width] pixels meets.
   *
   * Counted over all places: ⌈(w + size − 1) / stride⌉ is too small where the stride does not divide the axis.
   *
   * @throws OptionError unless the patch is [height, width] within the image
   */
  hits(patch: PatchSize): number {
    assertPatch('BandAblation.hits', 'patch', patch, this.inputShape);
    return this.#hitsOf(patch);
  }

  /**
   * Side of the largest square of which every place is certified for class `label` by the votes of all copies; 0 where only the class at `x`
   * itself is, and −1 where `label` is not the most voted class.
   *
   * @param counts - votes per class; with a threshold copies may vote for none or for several classes
   * @throws OptionError for counts above the number of copies, and for a norm other than `'patch'`
   */
  radius(counts: readonly number[], label: number, request: Pick<RadiusRequest, 'norm'>): number {
    const call = 'BandAblation.radius';
    assertNorm(call, request.norm, this.norms);
    if (!counts.every((count) => fields.isInteger(count, 0, this.copies))) {
      const must = `must be votes per class, integers from 0 to the ${this.copies} copies`;
      throw refusal(OptionError, { call, field: 'counts', value: counts }, must);
    }
    if (voteMargin(counts, label, 0) < 0) return -1;
    const [height = 1, width = 1] = this.inputShape;
    return largestSquare(Math.min(height, width), (side) => this.#hitsOf([side, side]), counts, label);
  }

  /** Side of the smallest square that holds all pixels in which two images differ, in any channel. */
  distance(a: Float32Array, b: Float32Array): number {
    return patchSide(a, b, this.inputShape);
  }

  #hitsOf([height, width]: PatchSize): number {
    const name = `${height} ${width}`;
    const known = this.#hits.get(name);
    if (known !== undefined) return known;
    const counted = patchHits(this.#bands, [height, width]);
    this.#hits.set(name, counted);
    return counted;
  }

  #kept(start: number, count: number): Uint8Array<ArrayBuffer> {
    const [height = 1, width = 1] = this.inputShape;
    const kept = new Uint8Array(count * height * width);
    let before = 0; // copies of the sets so far
    for (const { rows, columns } of this.#sets) {
      const end = before + rows.length * columns.length;
      for (let copy = Math.max(start, before); copy < Math.min(start + count, end); copy++) {
        const row = rows[Math.floor((copy - before) / columns.length)]!;
        const column = columns[(copy - before) % columns.length]!;
        const image = kept.subarray((copy - start) * height * width, (copy - start + 1) * height * width);
        for (let i = 0; i < row.cells; i++)
          for (let j = 0; j < column.cells; j++) image[((row.start + i) % height) * width + ((column.start + j) % width)] = 1; // prettier-ignore
      }
      before = end;
    }
    return kept;
  }

  #checkCopies(call: string, request: CopiesRequest): CopiesRequest {
    const { start, count } = copiesRequest.parse(call, request);
    if (start + count <= this.copies) return { start, count };
    const must = `must be at most ${this.copies} - \`start\`, as there are ${this.copies} copies`;
    throw refusal(OptionError, { call, field: 'count', value: count }, must);
  }
}

/** Throws OptionError unless the patch lies within an image of this shape. @internal */
export function assertPatch(call: string, field: string, patch: PatchSize, inputShape: readonly number[]): void {
  const [height = 1, width = 1] = inputShape;
  const isPatch = Array.isArray(patch) && patch.length === 2;
  if (isPatch && fields.isInteger(patch[0], 1, height) && fields.isInteger(patch[1], 1, width)) return;
  const must = `must be [height, width], integers from 1 to ${height} and from 1 to ${width}`;
  throw refusal(OptionError, { call, field, value: patch }, must);
}

/** The axes whose bands matter. */
function axesOf(keep: BandKind): readonly ('rows' | 'columns')[] {
  return keep === 'columns' || keep === 'rows' ? [keep] : ['rows', 'columns'];
}

const ofAxis = (value: PerAxis, axis: 0 | 1): number => (typeof value === 'number' ? value : value[axis]);

/** One number where it says all, so that one noise has one record. */
function recorded(keep: BandKind, value: PerAxis): PerAxis {
  const [ofRows, ofColumns] = [ofAxis(value, 0), ofAxis(value, 1)];
  if (keep === 'columns') return ofColumns;
  if (keep === 'rows' || ofRows === ofColumns) return ofRows;
  return [ofRows, ofColumns];
}
