import type * as tf from '@tensorflow/tfjs';
import { engineOf } from '../../classifier/engine-of.ts';
import { outputNoteOf } from '../../classifier/output-note.ts';
import type { Classifier } from '../../classifier/types.ts';
import { boxLayoutOf } from '../../detection/box-slots.ts';
import type { BoxLayout } from '../../detection/box-layout.ts';
import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { type CallContext, contextOf } from '../../options/call-context.ts';
import type { InputRange, Key } from '../../types.ts';
import { CheckedModel } from '../checked-model.ts';
import { modelRows } from '../outputs/model-rows.ts';
import { OutputRuns } from '../outputs/output-runs.ts';
import { PhasedProcess } from '../outputs/phased-process.ts';
import { type ValuesPiece, valuesReader } from '../outputs/read-values.ts';
import type { OutputCertifier } from '../outputs/types.ts';
import { ValuesLayout } from '../outputs/values-layout.ts';
import type { StreamExample, TimedOutput } from '../types.ts';
import { orderPlan } from './bounds-certificate.ts';
import { boundsPhases, type BoundsRun } from './bounds-phases.ts';
import type { OrderPlan } from './order-plan.ts';
import { type BoundsCall, boundsCall, type RadiusCall, radiusCall } from './regression-calls.ts';
import { radiusPhases } from './radius-certificate.ts';
import {
  type RegressionCertifyOptions,
  type RegressionIntervalOptions,
  type RegressionPredictOptions,
  regressionPredictOptions,
  type SmoothedRegressorOptions,
  smoothedRegressorOptions,
} from './regressor-options.ts';
import type { BoundsCertificate, RadiusCertificate, RegressionCertificate, RegressionPrediction } from './types.ts';

/** A call of either kind. */
type AnyCall = BoundsCall | RadiusCall;

/**
 * The smoothed regressor g_P(x): of each output of a base model, the P-quantile of f(x + ε).
 *
 * Within a radius r it moves no further than the quantiles at x of two other levels, p̲ = Φ(Φ⁻¹(P) − r/σ) and p̄ = Φ(Φ⁻¹(P) + r/σ) for Gaussian noise, which
 * order statistics of n draws bound: no assumption on f, on ties or on atoms, ±Infinity is a value like others. Linear models attain both ends.
 *
 * @see Chiang, Curry, Abdelkader, Kumar, Dickerson, Goldstein, "Detection as Regression: Certified Object Detection with Median Smoothing",
 * NeurIPS 2020; the indices are derived in docs/guide/regression.md
 * @example
 * ```ts
 * const g = new SmoothedRegressor(model, { noise: new GaussianNoise({ sigma: 0.25 }), outputs: 4 });
 * const c = await g.certify(image, { key: createKey(0), n: 10_000, alpha: 0.001, radius: 0.125 });
 * c.bounds.forEach(({ lower, upper }, k) => console.log(`output ${k} stays in [${lower}, ${upper}]`));
 * ```
 */
export class SmoothedRegressor implements OutputCertifier<
  RegressionCertifyOptions | RegressionIntervalOptions,
  RegressionCertificate
> {
  /** Of what its certificates speak. */
  readonly task = 'regression' as const;
  /** The base model, as it was given. */
  readonly model: Classifier;
  /** The smoothing noise. */
  readonly noise: Noise;
  /** Numbers in a row of the base model. */
  readonly outputs: number;
  /** Which percentile of each output is the answer. */
  readonly percentile: number;
  /** Smallest and largest value that an input coordinate may take. */
  readonly inputRange: InputRange;
  readonly #options: {
    readonly outputRange: InputRange | undefined;
    readonly nonFinite: 'error' | 'worst';
    readonly boxes: BoxLayout | undefined;
  };
  readonly #checked: CheckedModel<Noise>;

  /** Checks the options; the model itself is checked at the first call. */
  constructor(model: Classifier, options: SmoothedRegressorOptions) {
    const call = 'SmoothedRegressor';
    const parsed = smoothedRegressorOptions.parse(call, options);
    const { noise, percentile, outputRange, nonFinite, inputRange, batchSize, inferenceForm } = parsed;
    const note = outputNoteOf(model);
    const size = parsed.outputs ?? note?.size;
    if (size === undefined || (note && note.size !== size)) {
      const must = note ? `must be ${note.size}, as the model says` : 'must be an integer of at least 1';
      throw refusal(OptionError, { call, field: 'outputs', value: size }, must);
    }
    if (percentile !== 0.5 && noise.shiftDown === undefined) {
      const way = 'other percentiles need a noise that knows `shiftDown`, as Gaussian noise does';
      const must = `must be 1/2 for ${noise.name} noise`;
      throw refusal(OptionError, { call, field: 'percentile', value: percentile, way }, must);
    }
    const layout = new ValuesLayout({
      name: 'outputs',
      size,
      takesNaN: nonFinite === 'worst',
      takesInfinity: true,
      mostOthers: note?.mostOthers,
    });
    this.#checked = new CheckedModel(call, model, {
      noise,
      inputRange,
      batchSize,
      inferenceForm,
      layout,
      ...modelRows(call, model),
    });
    this.#options = { outputRange, nonFinite, boxes: boxLayoutOf(model) };
    this.model = model;
    this.noise = noise;
    this.outputs = size;
    this.percentile = percentile;
    this.inputRange = inputRange;
  }

  /** What runs the base model, with its version, for logs: the current backend, or what a model of typed arrays says of itself. */
  get engine(): string | undefined {
    return engineOf(this.model);
  }

  /**
   * Intervals that the outputs of the smoothed model keep within a radius, or within several.
   *
   * With probability at least 1 − alpha over the draws, for all outputs and radii together: g_P(x + δ) is in the interval for all ‖δ‖ ≤ radius (`ball` says
   * where it is ‖δ‖ < radius). The radius is given before the draws; the widths may be read off the data.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also if n is too small for any bound; TensorError, ClassifierError; the abort reason of `signal`
   */
  async certify(x: tf.Tensor, options: RegressionCertifyOptions): Promise<BoundsCertificate>;
  /** The same as {@link SmoothedRegressor.certifyInterval}: what is given, radius or interval, says what is asked for. */
  async certify(x: tf.Tensor, options: RegressionIntervalOptions): Promise<RadiusCertificate>;
  /** Either of the two. */
  async certify(
    x: tf.Tensor,
    options: RegressionCertifyOptions | RegressionIntervalOptions,
  ): Promise<RegressionCertificate> {
    const context = contextOf(options, 'SmoothedRegressor.certify');
    return this.#runs(context.call).one(context, x, this.#call(context, options));
  }

  /**
   * The radius within which the outputs of the smoothed model stay in intervals, or abstention.
   *
   * With probability at least 1 − alpha over the draws: it abstains, or g_P(x + δ) is in [low, high] for all outputs and all ‖δ‖ < radius. The intervals are
   * given before the draws; the radius may be read off the data.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async certifyInterval(x: tf.Tensor, options: RegressionIntervalOptions): Promise<RadiusCertificate> {
    const context = contextOf(options, 'SmoothedRegressor.certifyInterval');
    const call = radiusCall(context.call, this.#model, options, context.known);
    return (await this.#runs(context.call).one(context, x, call)) as RadiusCertificate;
  }

  /**
   * The answer at one example: the percentiles of the sample, and intervals for the true ones, which hold together with probability at least 1 − alpha.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also if n is too small for any bound; TensorError, ClassifierError; the abort reason of `signal`
   */
  async predict(x: tf.Tensor, options: RegressionPredictOptions): Promise<RegressionPrediction> {
    const context = contextOf(options, 'SmoothedRegressor.predict');
    const parsed = regressionPredictOptions.parse(context.call, options, context.known);
    const call: BoundsCall = {
      ...{ ...parsed, kind: 'bounds', radii: [0], norm: this.#checked.norm(context.call, undefined), sides: 'both' },
      ...{ rule: { name: 'fixed-sample', parameters: {} }, stop: undefined, checkEvery: 100, wantsPoint: true },
      ...{ grid: undefined, passes: undefined },
    };
    return (await this.#runs(context.call).one(context, x, call)) as RegressionPrediction;
  }

  /**
   * Certificates of many examples, with batches that are filled across them; example i has the key `foldIn(key, i)`. Options of `certify`, or those of
   * `certifyInterval`.
   *
   * @throws OptionError at once for its options; from the iteration as {@link SmoothedRegressor.certify}
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: RegressionCertifyOptions | RegressionIntervalOptions,
  ): AsyncGenerator<TimedOutput<RegressionCertificate>, void, undefined> {
    const context = contextOf(options, 'SmoothedRegressor.certifyStream');
    return this.#runs(context.call).stream(context, examples, this.#call(context, options));
  }

  get #model() {
    const { outputs, noise } = this;
    return { outputs, noise, norm: this.#checked.norm.bind(this.#checked) };
  }

  /** An interval is asked about where one is given. */
  #call({ call, known }: CallContext, options: RegressionCertifyOptions | RegressionIntervalOptions): AnyCall {
    const isInterval = (options as object | undefined) !== undefined && ('low' in options || 'high' in options);
    return isInterval
      ? radiusCall(call, this.#model, options, known)
      : boundsCall(call, this.#model, options as RegressionCertifyOptions, known);
  }

  #runs(call: string): OutputRuns<AnyCall, ValuesPiece, RegressionCertificate | RegressionPrediction> {
    const { noise, outputs, percentile, inputRange } = this;
    const { outputRange, nonFinite, boxes } = this.#options;
    const plans = new Map<number, OrderPlan>(); // one for inputs of one size
    const bounds = (run: BoundsRun, key: Key): ReturnType<typeof boundsPhases> => {
      const plan = plans.get(run.dimension) ?? orderPlan(run);
      plans.set(run.dimension, plan);
      return boundsPhases(run, key, plan);
    };
    return new OutputRuns(this.#checked, {
      reader: valuesReader,
      process: ({ key, dimension, inferenceForm }, settings) => {
        const shared = {
          call,
          noise,
          outputs,
          percentile,
          nonFinite,
          outputRange,
          boxes,
          inputRange,
          dimension,
          inferenceForm,
        };
        return new PhasedProcess<ValuesPiece, RegressionCertificate | RegressionPrediction>(
          settings.kind === 'bounds'
            ? bounds({ ...settings, ...shared }, key)
            : radiusPhases({ ...settings, ...shared }, key),
        );
      },
      most: ({ n }) => n,
      rowsOfExample: ({ n, stop, checkEvery }) => (stop ? Math.min(n, checkEvery) : n),
    });
  }
}
