import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import type { Norm } from '../types.ts';
import type { AblationEncoding } from './ablated-copies.ts';
import {
  type AblatedPositions,
  AblationLayout,
  ablationNoiseOptions,
  type AblationNoiseOptions,
} from './ablation-layout.ts';
import { type AblationLaw, allAblationsRadius, hasAtMostSubsets, subsetCount } from './ablation-radius.ts';
import { changedPositions } from './change-distance.ts';
import { assertNorm, type CopiesRequest, copiesRequest } from './requests.ts';
import type { DeterministicNoise, Domain, NoiseParameters, RadiusRequest } from './types.ts';

const MOST_COPIES = 2 ** 31 - 1;

/**
 * Ablation with all its copies: every set of `keep` positions once, for inputs of so few positions that all can be asked. An exact certificate
 * without samples, key or failure probability.
 *
 * Copy t shows the t-th set in lexicographic order, of N = C(d, k). A change of r positions changes at most N − C(d − r, k) copies, so the answer
 * A = g(x) with n_c votes for class c stays if n_A − n_c ≥ 2 (N − C(d − r, k)) + 1[c < A] for every c ≠ A. The radius, in norm `'l0'`, is the largest
 * such r: a whole number, closed. Where N is at most the number of samples that {@link AblationNoise} would draw, this costs no more and says more. Copies
 * are encoded as there.
 *
 * @throws OptionError as {@link AblationNoise}, and for 2³¹ copies or more
 * @see Levine, Feizi, "Robustness Certificates for Sparse Adversarial Attacks by Randomized Ablation", AAAI 2020
 * @example
 * ```ts
 * const noise = new AllAblations({ inputShape: [12], keep: 2, positions: 'values', encoding: 'mask' });
 * console.log(noise.copies); // 66
 * ```
 */
export class AllAblations implements DeterministicNoise {
  /** Name in logs. */
  readonly name: string = 'all-ablations';
  /** It certifies the number of changed positions. */
  readonly norms: readonly Norm[] = ['l0'];
  /** `'unit'` with the encoding `'double'`, `'tokens'` for tokens, else `'real'`. */
  readonly domain: Domain;
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[] = ['deterministic classifier independent of the batch'];
  /** Shape of one input. */
  readonly inputShape: readonly number[];
  /** How many positions a copy shows. */
  readonly keep: number;
  /** What counts as one position. */
  readonly positions: AblatedPositions;
  /** How a copy shows what is hidden. */
  readonly encoding: AblationEncoding;
  /** Number of copies: C(d, k). */
  readonly copies: number;
  /** The options, with `fill` beside the encoding `'fill'`. */
  readonly parameters: NoiseParameters;
  readonly #layout: AblationLayout;

  /** Checks the options and counts the copies. */
  constructor(options: AblationNoiseOptions) {
    const call = 'AllAblations';
    const parsed = ablationNoiseOptions.parse(call, options);
    const layout = new AblationLayout(call, parsed);
    if (!hasAtMostSubsets(layout.law, MOST_COPIES)) {
      const { positions, keep } = layout.law;
      const way = 'AblationNoise draws copies instead';
      const details = { call, field: 'keep', value: keep, way };
      throw refusal(OptionError, details, `must leave fewer than 2^31 sets of ${positions} ${parsed.positions}`);
    }
    this.#layout = layout;
    this.inputShape = layout.inputShape;
    this.keep = parsed.keep;
    this.positions = parsed.positions;
    this.encoding = layout.encoding;
    this.domain = layout.domain;
    this.parameters = layout.parameters;
    this.copies = Number(subsetCount(layout.law));
  }

  /**
   * Shape of an encoded copy of an input.
   *
   * @throws TensorError unless `inputShape` is that of the noise
   */
  copyShape(inputShape: readonly number[]): readonly number[] {
    return this.#layout.copyShape('AllAblations.copyShape', inputShape);
  }

  /**
   * Copies start .. start + count − 1 of one example, [count, ...copyShape], owned by the caller. Differentiable with respect to `x`.
   *
   * @param x - one example of `inputShape`, float32; not disposed
   */
  perturb(x: tf.Tensor, request: CopiesRequest): tf.Tensor {
    const call = 'AllAblations.perturb';
    return this.#layout.copies(call, x, this.#kept(call, request));
  }

  /** Which positions copies start .. start + count − 1 show: 1 for shown and 0 for hidden ones, copy after copy. A new array. */
  keptPositions(request: CopiesRequest): Uint8Array<ArrayBuffer> {
    return this.#layout.masks(this.#kept('AllAblations.keptPositions', request));
  }

  /** The kept positions of these copies. */
  #kept(call: string, request: CopiesRequest): Uint32Array {
    const { start, count } = copiesRequest.parse(call, request);
    if (start + count <= this.copies) return subsetsFrom(this.#layout.law, start, count);
    const must = `must be at most ${this.copies} - \`start\`, as there are ${this.copies} copies`;
    throw refusal(OptionError, { call, field: 'count', value: count }, must);
  }

  /** Number of positions that show something else: a pixel with all its channels is one. */
  distance(a: Float32Array, b: Float32Array): number {
    return changedPositions(a, b, this.positions === 'pixels' ? this.inputShape.at(-1) : 1);
  }

  /**
   * Largest number of positions whose change, whatever they show, leaves the vote of all copies for class `label`; −1 where it is not the most voted
   * class (lowest index among equals).
   *
   * @param counts - votes per class
   * @throws OptionError for counts that are no numbers of copies, and for a norm other than `'l0'`
   */
  radius(counts: readonly number[], label: number, request: Pick<RadiusRequest, 'norm'>): number {
    const call = 'AllAblations.radius';
    assertNorm(call, request.norm, this.norms);
    if (!counts.every((count) => fields.isInteger(count, 0, this.copies))) {
      const must = `must be votes per class, integers from 0 to the ${this.copies} copies`;
      throw refusal(OptionError, { call, field: 'counts', value: counts }, must);
    }
    return allAblationsRadius(this.#layout.law, counts, label);
  }
}

/** The sets start .. start + count − 1 in lexicographic order, each ascending, one after the other. */
function subsetsFrom({ positions, keep }: AblationLaw, start: number, count: number): Uint32Array {
  const sets = new Uint32Array(count * keep);
  firstSubset({ positions, keep }, start, sets);
  for (let begin = keep; begin < sets.length; begin += keep) {
    // The successor: the last place that can grow does, and those behind it follow it closely.
    sets.copyWithin(begin, begin - keep, begin);
    let i = keep - 1;
    while (sets[begin + i]! === positions - keep + i) i--;
    sets[begin + i]!++;
    for (i++; i < keep; i++) sets[begin + i] = sets[begin + i - 1]! + 1;
  }
  return sets;
}

/** Writes the set of this number. All products are below 2³¹ · 2²¹, so doubles hold them. */
function firstSubset({ positions, keep }: AblationLaw, rank: number, out: Uint32Array): void {
  let before = rank;
  let others = positions - 1; // positions behind this one
  let wanted = keep - 1; // how many of them the set has, if it has this one
  let sets = (Number(subsetCount({ positions, keep })) * keep) / positions; // so many have it: C(others, wanted)
  for (let position = 0, taken = 0; taken < keep; position++, others--) {
    if (before < sets) {
      out[taken++] = position;
      sets = others === 0 ? 0 : (sets * wanted) / others;
      wanted--;
    } else {
      before -= sets;
      sets = others === 0 ? 0 : (sets * (others - wanted)) / others;
    }
  }
}
