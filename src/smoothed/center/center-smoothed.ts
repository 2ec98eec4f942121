import type * as tf from '@tensorflow/tfjs';
import { engineOf } from '../../classifier/engine-of.ts';
import type { Classifier } from '../../classifier/types.ts';
import type { Noise } from '../../noise/types.ts';
import { type CallContext, contextOf } from '../../options/call-context.ts';
import type { InputRange, Key, Norm } from '../../types.ts';
import { CheckedModel } from '../checked-model.ts';
import { modelRows } from '../outputs/model-rows.ts';
import { type OutputExample, OutputRuns } from '../outputs/output-runs.ts';
import { PhasedProcess, type SamplePhases } from '../outputs/phased-process.ts';
import { valuesReader, type ValuesPiece } from '../outputs/read-values.ts';
import { shiftOf } from '../outputs/shift-of.ts';
import type { OutputCertifier } from '../outputs/types.ts';
import { ValuesLayout } from '../outputs/values-layout.ts';
import type { StreamExample, TimedOutput } from '../types.ts';
import {
  centerCertificate,
  type CenterCertificate,
  centerPrediction,
  type CenterPrediction,
  type CenterSearch,
  outsideWithin,
} from './center-certificate.ts';
import {
  type CenterCertifyOptions,
  centerCertifyOptions,
  type CenterPredictOptions,
  centerPredictOptions,
  centerSearchOptions,
  type CenterSmoothedOptions,
  centerSmoothedOptions,
  type CenterStreamOptions,
  centerStreamOptions,
} from './center-options.ts';
import {
  type Covering,
  coveringPhases,
  type OutputSpace,
  searchPhases,
  type SearchSettings,
} from './center-samples.ts';
import { assertEnoughDraws, assertPossible } from './center-statistics.ts';
import { assertFreshDraws, type GivenCenter, numbersOf } from './given-center.ts';
import { assertOwnName, CheckedDistance, type OutputDistance } from './distances.ts';

/** What a prediction is told, with all defaults. */
type PredictSettings = ReturnType<typeof centerPredictOptions.parse> & SearchSettings & { readonly call: string };

/** The options of a stream, and of a search, with all defaults. */
type ParsedStream = ReturnType<typeof centerStreamOptions.parse>;
type ParsedSearch = ReturnType<typeof centerSearchOptions.parse>;

/** What a certificate is told, with all defaults. */
interface CertifySettings extends Omit<ParsedStream, 'radius' | 'predict' | 'norm'> {
  readonly call: string;
  readonly radii: readonly number[];
  readonly norm: Norm;
  /** How the center is looked for, or the center. */
  readonly search: SearchSettings | Float32Array;
}

/**
 * A model whose outputs are points of a space with a distance (images, embeddings, sets), smoothed: its answer at x is the center of a small ball that holds
 * about half of the outputs at x + ε.
 *
 * `predict` gives the answer. `certify` proves that every answer within the radius is near the center: with probability at least 1 − α₂ over its draws, for
 * all ‖δ‖ ≤ radius, `predict(x + δ)` abstains or is at most 3R away, with probability at least 1 − α₁ over the draws of that prediction. R is the distance
 * to the center of the j-th of n₂ outputs, j the least index with P(Bin(n₂, q) ≥ j) ≤ α₂, where a mass q at x leaves ½ + Δ within the radius.
 *
 * It says nothing of the base model's own output, of a deployment with another Δ or without abstentions, and it does not say that the center is right.
 *
 * @see Kumar, Goldstein, "Center Smoothing: Certified Robustness for Networks with Structured Outputs", NeurIPS 2021; indices and the failure of all candidates
 * derived: docs page on center smoothing
 * @example
 * ```ts
 * const embed = new CenterSmoothed(model, { noise, distance: euclidean });
 * const at = await embed.predict(image, { key: createKey(0) });
 * const c = await embed.certify(image, { key: createKey(1), radius: 0.2 });
 * ```
 */
export class CenterSmoothed implements OutputCertifier<CenterStreamOptions, CenterCertificate> {
  /** Its certificates speak of a center. */
  readonly task = 'center';
  /** The base model, as it was given. */
  readonly model: Classifier;
  /** The smoothing noise. */
  readonly noise: Noise;
  /** How far two outputs are from each other. */
  readonly distance: OutputDistance;
  /** Δ. */
  readonly delta: number;
  /** Smallest and largest value that an input coordinate may take. */
  readonly inputRange: InputRange;
  readonly #checked: CheckedModel<Noise>;
  readonly #layout: ValuesLayout;
  readonly #looked: CheckedDistance;
  readonly #predictions: OutputRuns<PredictSettings, ValuesPiece, CenterPrediction, unknown>;
  readonly #certificates: OutputRuns<CertifySettings, ValuesPiece, CenterCertificate, unknown>;

  /**
   * Checks the options; the model itself is checked at the first call.
   *
   * @throws OptionError for an unknown or missing option, and for a noise that cannot say what it leaves of a probability below ½ (`shiftDown`)
   */
  constructor(model: Classifier, options: CenterSmoothedOptions) {
    const call = 'CenterSmoothed';
    const { distance, delta, nonFinite, ...parsed } = centerSmoothedOptions.parse(call, options);
    assertOwnName(call, distance);
    shiftOf(call, parsed.noise, { norm: 'l2', dimension: 1 }); // refuses a noise without it
    const takesNaN = nonFinite === 'worst';
    const layout = new ValuesLayout({ name: 'outputs', takesNaN, takesInfinity: takesNaN });
    this.#layout = layout;
    this.#checked = new CheckedModel(call, model, { ...parsed, layout, ...modelRows(call, model) });
    this.#looked = new CheckedDistance(distance);
    this.model = model;
    this.noise = parsed.noise;
    this.distance = distance;
    this.delta = delta;
    this.inputRange = parsed.inputRange;
    this.#predictions = new OutputRuns<PredictSettings, ValuesPiece, CenterPrediction, unknown>(this.#checked, {
      reader: valuesReader,
      process: ({ key }, settings) => new PhasedProcess(this.#predict(key, settings)),
      most: searchDraws,
      rowsOfExample: searchRows,
    });
    this.#certificates = new OutputRuns<CertifySettings, ValuesPiece, CenterCertificate, unknown>(this.#checked, {
      reader: valuesReader,
      process: (example, settings) => new PhasedProcess(this.#certify(example, settings)),
      most: ({ n, search }) => n + (search instanceof Float32Array ? 0 : searchDraws(search)),
      rowsOfExample: ({ n, checkEvery, search }) =>
        search instanceof Float32Array ? Math.min(n, checkEvery) : searchRows(search),
    });
  }

  /** What runs the base model, with its version, for logs: the current backend, or what a model of typed arrays says of itself. */
  get engine(): string | undefined {
    return engineOf(this.model);
  }

  /**
   * The answer at one example, or abstention.
   *
   * Of m₀ candidate outputs it takes the one with the smallest ball around a majority of n others, and n′ new outputs must show that more than ½ − Δ of them
   * fall into that ball.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also where candidates and samples are too few for alpha; TensorError, ClassifierError; the abort reason of `signal`
   */
  async predict(x: tf.Tensor, options: CenterPredictOptions): Promise<CenterPrediction> {
    const context = contextOf(options, 'CenterSmoothed.predict');
    const { call } = context;
    const parsed = centerPredictOptions.parse(call, options, context.known);
    return this.#predictions.one(context, x, { ...parsed, ...this.#searchSettings(call, '', parsed), call });
  }

  /**
   * How far the answers within a radius can be from the center.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also where n is too small for the radius, for a prediction with the same key and for one that abstained; TensorError, ClassifierError;
   * the abort reason of `signal`
   */
  async certify(x: tf.Tensor, options: CenterCertifyOptions): Promise<CenterCertificate> {
    const context = contextOf(options, 'CenterSmoothed.certify');
    const { center, ...parsed } = centerCertifyOptions.parse(context.call, options, context.known);
    if (center !== undefined) assertFreshDraws(context.call, center, options);
    return this.#certificates.one(context, x, this.#settings(context, parsed, center));
  }

  /**
   * Certificates of many examples, each around the center that `predict` finds with the key of the example, with batches that are filled across examples.
   * Example i has the key `foldIn(key, i)`.
   *
   * @throws OptionError at once for its options; from the iteration as {@link CenterSmoothed.certify}
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: CenterStreamOptions,
  ): AsyncGenerator<TimedOutput<CenterCertificate>, void, undefined> {
    const context = contextOf(options, 'CenterSmoothed.certifyStream');
    const parsed = centerStreamOptions.parse(context.call, options, context.known);
    return this.#certificates.stream(context, examples, this.#settings(context, parsed));
  }

  #settings(
    { call }: CallContext,
    { radius, predict, ...parsed }: ParsedStream,
    center?: GivenCenter,
  ): CertifySettings {
    const norm = this.#checked.norm(call, parsed.norm);
    const radii = typeof radius === 'number' ? [radius] : radius;
    const search =
      center === undefined
        ? this.#searchSettings(call, 'predict.', centerSearchOptions.parse(call, predict))
        : numbersOf(center);
    const settings = { ...parsed, call, radii, norm, search };
    // Where the dimension counts, it is the first example that tells.
    if (norm !== 'linf') this.#boundsWithin(settings, 1);
    return settings;
  }

  #searchSettings(call: string, prefix: string, { n, candidates, check = n, alpha }: ParsedSearch): SearchSettings {
    const settings = { delta: this.delta, n, candidates, check, alpha };
    assertPossible(call, prefix, settings);
    return settings;
  }

  /** What the indices of all radii rest on. Throws unless n is enough. */
  #boundsWithin({ call, radii, alpha, n, norm, stopAt }: CertifySettings, dimension: number) {
    return radii.map((radius) => {
      const outside = outsideWithin(this.noise, this.delta, radius, { norm, dimension });
      const bound = { outside, alpha: alpha / radii.length };
      assertEnoughDraws(call, radius, { ...bound, n, isAnytime: stopAt !== undefined });
      return bound;
    });
  }

  #space(call: string): OutputSpace {
    return { call, layout: this.#layout, distance: this.#looked };
  }

  *#predict(key: Key, settings: PredictSettings): SamplePhases<ValuesPiece, CenterPrediction, unknown> {
    const { search, center } = yield* searchPhases(key, settings, this.#space(settings.call));
    const said = { shape: this.#shape, delta: this.delta, metric: this.distance.name, key };
    return centerPrediction(search, { ...said, center: center ? Array.from(center) : null }, this.noise);
  }

  *#certify(
    { key, dimension, inferenceForm }: OutputExample,
    settings: CertifySettings,
  ): SamplePhases<ValuesPiece, CenterCertificate, unknown> {
    const { call, n, alpha, norm, radii, checkEvery, search: wanted } = settings;
    const stopAt = settings.stopAt ?? null;
    const bounds = this.#boundsWithin(settings, dimension);
    const space = this.#space(call);
    let center = wanted instanceof Float32Array ? wanted : undefined;
    let prediction: CenterSearch | null = null;
    if (!(wanted instanceof Float32Array)) {
      ({ search: prediction, center } = yield* searchPhases(key, wanted, space));
    }
    const covering: Covering = center
      ? yield* coveringPhases(center, { key, n, bounds, stopAt, checkEvery }, space)
      : { nUsed: 0, missing: 0, coveringRadii: radii.map(() => null) };
    const { inputRange, delta, noise } = this;
    const evidence = {
      key,
      alpha,
      norm,
      dimension,
      inputRange,
      inferenceForm,
      delta,
      metric: this.distance.name,
      radii,
    };
    const about = { shape: this.#shape, center: center ? Array.from(center) : null, prediction };
    return centerCertificate({ ...evidence, ...about, ...covering, n, stopAt, checkEvery }, noise);
  }

  get #shape(): readonly number[] {
    return [...(this.#layout.shape ?? [])];
  }
}

const searchDraws = ({ n, candidates, check }: SearchSettings): number =>
  n + check + (candidates === 'samples' ? 0 : candidates);

const searchRows = ({ n, candidates }: SearchSettings): number =>
  candidates === 'samples' ? n : Math.min(n, candidates);
