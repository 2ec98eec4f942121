import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../errors.ts';
import type { DrawPosition } from '../random/draw-position.ts';
import { fillSubsets, type SubsetPosition } from '../random/fill-subsets.ts';
import { weakerReading } from '../stats/rounding.ts';
import type { Norm, ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import type { AblationEncoding } from './ablated-copies.ts';
import {
  type AblatedPositions,
  AblationLayout,
  ablationNoiseOptions,
  type AblationNoiseOptions,
} from './ablation-layout.ts';
import { ablationRadius, type AblationRadiusOptions, hasAtMostSubsets } from './ablation-radius.ts';
import { changedPositions } from './change-distance.ts';
import { assertNorm, drawRequest } from './requests.ts';
import type { Domain, DrawRequest, Noise, NoiseParameters, RadiusRequest } from './types.ts';

/** With more sets than samples are ever drawn, rounding to multiples of the share of one set proves nothing more. */
const FEW_SETS = 2 ** 30;

/**
 * Random ablation: each copy shows `keep` of the positions of an input (pixels, values or tokens) and hides the others. Its certificates hold
 * for any change of at most r positions, whatever they show afterwards.
 *
 * Let d be the number of positions and k = `keep`. All sets of k positions are equally probable, so a copy shows none of r positions with
 * probability η(r) = C(d − r, k) / C(d, k), and then it is the same bits whatever these show. With Δ(r) = 1 − η(r) the radius, in norm `'l0'`, is
 * the largest r with p > 1/2 + Δ(r); against an upper bound b on the others, with p − b > 2Δ(r): a whole number, closed. 0 says that the class is
 * proven and no change is; −1 that not even the class is. At most about ln 2 · d / k positions can be certified. All of it is computed in exact
 * integers. The sampler is within τ = k d 2⁻⁶⁵ of uniform sets, in total variation, and τ is added to every upper bound.
 *
 * Copies are selected, never multiplied: nothing of a hidden value is left, neither its sign nor that it is infinite or NaN. Their shape, for inputs
 * of shape `[..., C]`: with `'double'` `[..., 2C]` (all v, then all 1 − v), with `'mask'` `[..., C + 1]`, or `[..., 2C]` for `'values'`, with `{ fill }` that of
 * the input.
 * Copy i depends on (key, i) alone. Train on copies of `perturb` with the same options.
 *
 * Tokens: `positions: 'tokens'`, for words of a text or other ids, padded to one length; `{ fill }` is the id of a hidden one. Inserted or deleted
 * tokens are not covered, as all tokens behind them move.
 *
 * @throws OptionError where options do not fit together: a `keep` that hides nothing, more than 2²¹ positions, `'pixels'` of a shape
 * without channels, tokens without `{ fill: id }`
 * @see Levine, Feizi, "Robustness Certificates for Sparse Adversarial Attacks by Randomized Ablation", AAAI 2020
 * @see Jia et al., "Almost Tight L0-norm Certified Robustness of Top-k Predictions against Adversarial Perturbations", ICLR 2022
 * @see Zeng et al., "Certified Robustness to Text Adversarial Attacks by Randomized [MASK]", 2021
 * @example
 * ```ts
 * const pixels = new AblationNoise({ inputShape: [28, 28, 1], keep: 45 }); // copies [28, 28, 2]
 * const words = new AblationNoise({ inputShape: [40], keep: 4, positions: 'tokens', encoding: { fill: 1 } });
 * console.log(pixels.norms, words.domain);
 * ```
 */
export class AblationNoise implements Noise {
  /** Name in logs. */
  readonly name: string = 'ablation';
  /** It certifies the number of changed positions. */
  readonly norms: readonly Norm[] = ['l0'];
  /** `'unit'` with the encoding `'double'`, `'tokens'` for tokens, else `'real'`. */
  readonly domain: Domain;
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[] = ['uniform bits', 'deterministic classifier independent of the batch'];
  /** Shape of one input. */
  readonly inputShape: readonly number[];
  /** How many positions a copy shows. */
  readonly keep: number;
  /** What counts as one position. */
  readonly positions: AblatedPositions;
  /** How a copy shows what is hidden. */
  readonly encoding: AblationEncoding;
  /** The options, with `fill` beside the encoding `'fill'`. */
  readonly parameters: NoiseParameters;
  readonly #layout: AblationLayout;
  readonly #radiusOptions: AblationRadiusOptions;

  /** Checks the options. */
  constructor(options: AblationNoiseOptions) {
    const parsed = ablationNoiseOptions.parse('AblationNoise', options);
    const layout = new AblationLayout('AblationNoise', parsed);
    this.#layout = layout;
    this.inputShape = layout.inputShape;
    this.keep = parsed.keep;
    this.positions = parsed.positions;
    this.encoding = layout.encoding;
    this.domain = layout.domain;
    this.parameters = layout.parameters;
    const { positions, keep } = layout.law;
    const variation = { above: BigInt(positions) * BigInt(keep), below: 2n ** 65n };
    this.#radiusOptions = { variation, rounded: hasAtMostSubsets(layout.law, FEW_SETS) };
  }

  /**
   * Shape of an encoded copy of an input.
   *
   * @throws TensorError unless `inputShape` is that of the noise
   */
  copyShape(inputShape: readonly number[]): readonly number[] {
    return this.#layout.copyShape('AblationNoise.copyShape', inputShape);
  }

  /**
   * Ablated copies of one example, [count, ...copyShape], owned by the caller. Differentiable with respect to `x`; copy i from (key, i) alone.
   *
   * @param x - one example of `inputShape`, float32; not disposed
   */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor {
    const call = 'AblationNoise.perturb';
    const { key, start, count } = drawRequest.parse(call, request);
    return this.#layout.copies(call, x, this.#kept({ key, start }, count));
  }

  /** Which positions the copies show: 1 for shown and 0 for hidden ones, position after position, copy after copy. A new array. */
  keptPositions(request: Pick<DrawRequest, 'key' | 'start' | 'count'>): Uint8Array<ArrayBuffer> {
    const { key, start, count } = drawRequest.parse('AblationNoise.keptPositions', request);
    return this.#layout.masks(this.#kept({ key, start }, count));
  }

  /** Fills `out` with the copies of `perturb`, bit by bit, without tensors. */
  fillCopies(out: Float32Array, x: Float32Array, request: DrawPosition): void {
    this.#layout.fill('AblationNoise.fillCopies', out, x, (count) => this.#kept(request, count));
  }

  /** Number of positions that show something else: a pixel with all its channels is one. */
  distance(a: Float32Array, b: Float32Array): number {
    return changedPositions(a, b, this.positions === 'pixels' ? this.inputShape.at(-1) : 1);
  }

  /**
   * Largest number of positions whose change, whatever they show, leaves the class the most probable one: p > 1/2 + Δ(r). −1 where p ≤ 1/2.
   *
   * @throws OptionError unless p and q are in [0, 1] and the norm is `'l0'`
   */
  radius(bound: ProbabilityBound, request: Pick<RadiusRequest, 'norm'>): number {
    const call = 'AblationNoise.radius';
    assertNorm(call, request.norm, this.norms);
    return ablationRadius(this.#layout.law, weakerReading(call, bound), [], 1, this.#radiusOptions);
  }

  /**
   * Largest number of positions whose change leaves the class among the k most probable ones; −1 where it is not proven to be at x.
   *
   * With the k largest upper bounds of the others, each at most q = 1 − p, and S_t the sum of the t smallest of these, at most q: t (p − Δ(r)) >
   * S_t + Δ(r) for some t ≤ k.
   *
   * @throws OptionError unless all p and q are in [0, 1], k is from 1 to the number of others, and the norm is `'l0'`
   */
  radiusAgainst(
    lower: ProbabilityBound,
    others: readonly UpperProbabilityBound[],
    k: number,
    request: Pick<RadiusRequest, 'norm'>,
  ): number {
    const call = 'AblationNoise.radiusAgainst';
    assertNorm(call, request.norm, this.norms);
    if (!(Number.isInteger(k) && k >= 1 && k <= others.length)) {
      const must = `must be an integer from 1 to ${others.length}, the number of other classes`;
      throw refusal(OptionError, { call, field: 'k', value: k }, must);
    }
    const rivals = others.map(({ p, q }) => {
      const complement = weakerReading(call, { p: q, q: p });
      return { p: complement.q, q: complement.p };
    });
    return ablationRadius(this.#layout.law, weakerReading(call, lower), rivals, k, this.#radiusOptions);
  }

  /** The kept positions of `count` samples, in the order in which they are drawn. */
  #kept({ key, start }: Pick<SubsetPosition, 'key' | 'start'>, count: number): Uint32Array {
    const kept = new Uint32Array(count * this.keep);
    fillSubsets(kept, { key, start, ...this.#layout.law });
    return kept;
  }
}
