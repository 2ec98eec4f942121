import type * as tf from '@tensorflow/tfjs';
import { ABSTAIN, type Certificate, type ScoreSums, type Smoothing } from '../certify/types.ts';
import { topClass } from '../certify/vote-counts.ts';
import { engineOf } from '../classifier/engine-of.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import type { Domain, Noise, NoiseRecord } from '../noise/types.ts';
import { type CallContext, contextOf } from '../options/call-context.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { certificateKeys } from '../random/purposes.ts';
import { empiricalBernsteinLowerBound } from '../stats/empirical-bernstein.ts';
import type { InputRange, Key, Norm } from '../types.ts';
import { baseClassifierFields, runFields, type SmoothedClassifierOptions, softCertifyFields } from './call-options.ts';
import type { ScoreCertifyOptions } from './confidence/score-options.ts';
import { type CertifiedScore, ScoreRuns } from './confidence/smoothed-scores.ts';
import { noiseRecord, softCertificate } from './certificates.ts';
import { thresholdList } from './soft-bound.ts';
import { softEvidence, softRecord } from './soft-evidence.ts';
import {
  assertEnough,
  type SoftCertifyOptions,
  type SoftCertifySettings,
  softCertifySettings,
} from './soft-options.ts';
import { certifyOneByOne, CheckedClassifier } from './checked-classifier.ts';
import type { VotingClassifier } from './read-rows.ts';
import { leadsOf, meanScores, type ScoredClassifier } from './soft-scores.ts';
import type { Certifier, StreamExample, TimedCertificate } from './types.ts';

/** Options of `SoftSmoothedClassifier`. */
export interface SoftSmoothedClassifierOptions extends SmoothedClassifierOptions {
  /**
   * Inverse temperature β of the scores softmax(β · logits). It is a part of the classifier: another β is another classifier.
   * @defaultValue 1
   */
  readonly beta?: number | undefined;
}

const softSmoothedClassifierOptions = optionsOf<SoftSmoothedClassifierOptions>()({
  noise: fields.noise<Noise>(),
  ...baseClassifierFields,
  beta: fields.withDefault(fields.positive, 1),
});

/** Options of `SoftSmoothedClassifier.predict`. */
export type SoftPredictOptions = Omit<SoftCertifyOptions, 'norm' | 'onSamples' | 'bound' | 'thresholds'>;

const softPredictOptions = optionsOf<SoftPredictOptions>()({
  key: softCertifyFields.key,
  n0: softCertifyFields.n0,
  n: softCertifyFields.n,
  alpha: softCertifyFields.alpha,
  ...runFields,
});

/** The result of asking the soft smoothed classifier for its class: a plain JSON value. */
export interface SoftPrediction {
  /** The predicted class, or −1. */
  readonly label: number;
  /** True if some other class could not be ruled out at level alpha. */
  readonly abstained: boolean;
  /** The class chosen by the selection sample. */
  readonly cAHat: number;
  /** Mean score per class over the estimation sample. */
  readonly meanScores: readonly number[];
  /** Size of the selection sample. */
  readonly n0: number;
  /** Size of the estimation sample. */
  readonly n: number;
  /** Allowed probability that the returned class is not that of the soft smoothed classifier. */
  readonly alpha: number;
  /** The key that drove both samples. */
  readonly key: Key;
  /** The noise. */
  readonly noise: NoiseRecord;
  /** The inputs for which it holds. */
  readonly domain: Domain;
  /** Inverse temperature of the scores. */
  readonly beta: number;
  /** It speaks of the classifier that averages scores. */
  readonly smoothing: 'soft';
}

/** Settings of a call, its name for error texts, and the run that it belongs to. */
type Request<Settings> = Settings & CallContext;
type CertifyRequest = Request<SoftCertifySettings>;

/**
 * The soft smoothed classifier g(x) = argmax_c E[softmax(β f(x + ε))_c], which averages scores in place of counting votes.
 *
 * It is another classifier than {@link SmoothedClassifier}: the two may answer differently, and a certificate of one says nothing of
 * the other. Scores are in [0, 1], so their mean is bounded below by the empirical Bernstein inequality, and the radius of that bound
 * is certified as for votes. The bound is looser than Clopper-Pearson: where almost all votes agree, hard votes certify more. `bound: 'thresholds'` of `certify`
 * bounds the whole distribution of the scores in place of their mean, and certifies more where scores are near 1 or all alike.
 *
 * @see Zhai et al., "MACER: Attack-free and Scalable Robust Training via Maximizing Certified Radius", ICLR 2020, section 3 and
 * RuntianZ/macer, rs/core.py; Maurer, Pontil, "Empirical Bernstein Bounds and Sample Variance Penalization", COLT 2009, theorem 4
 * @example
 * ```ts
 * const soft = new SoftSmoothedClassifier(model, { noise, beta: 4 });
 * const c = await soft.certify(image, { key: createKey(0), n: 1000 });
 * ```
 */
export class SoftSmoothedClassifier implements Certifier<SoftCertifyOptions> {
  /** The base classifier, as it was given. */
  readonly classifier: Classifier;
  /**
   * The base classifier as a function to logits, in whatever form it was given: what an attack moves. It throws ClassifierError for a
   * classifier of typed arrays, which has no gradient.
   */
  readonly logits: LogitsFn;
  /** The smoothing noise. */
  readonly noise: Noise;
  /** Number of classes. */
  readonly numClasses: number;
  /** Smallest and largest value that an input coordinate may take. */
  readonly inputRange: InputRange;
  /** Inverse temperature of the scores. */
  readonly beta: number;
  /** Its results speak of the classifier that averages scores. */
  readonly smoothing: Smoothing = 'soft';
  readonly #checked: CheckedClassifier<Noise>;
  readonly #scores: ScoreRuns;

  /** Checks the options; the classifier itself is checked at the first call. */
  constructor(classifier: Classifier, options: SoftSmoothedClassifierOptions) {
    const { beta, ...parsed } = softSmoothedClassifierOptions.parse('SoftSmoothedClassifier', options);
    this.#checked = new CheckedClassifier('SoftSmoothedClassifier', classifier, parsed);
    this.classifier = classifier;
    this.logits = this.#checked.logits;
    this.noise = parsed.noise;
    this.numClasses = this.#checked.voting.numClasses;
    this.inputRange = parsed.inputRange;
    this.beta = beta;
    this.#scores = new ScoreRuns(this.#checked, { beta, inputRange: parsed.inputRange });
  }

  /** What runs the base classifier, with its version, for logs: the current backend, or what a classifier of typed arrays says of itself. */
  get engine(): string | undefined {
    return engineOf(this.classifier);
  }

  /**
   * Mean score per class over n noisy copies of one example: an estimate of E[softmax(β f(x + ε))]. A copy that could not be drawn has score 0
   * for every class.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async probabilities(x: tf.Tensor, options: SoftPredictOptions): Promise<number[]> {
    const context = contextOf(options, 'SoftSmoothedClassifier.probabilities');
    const request = { ...softPredictOptions.parse(context.call, options), ...context };
    return this.#checked.withOwn(request, x, (own, voting) => meanScores(this.#scored(voting), own, request));
  }

  /**
   * The class of the soft smoothed classifier at one example, or abstention; wrong with probability at most alpha.
   *
   * The selection sample proposes a class A. For each other class c the estimation sample must show E[score_A − score_c] > 0 by the
   * empirical Bernstein bound at level alpha / (C − 1). The two samples use different keys split from `key`.
   *
   * A copy that could not be drawn counts as if class c had all of its score: its lead (score_A − score_c + 1)/2, which is in [0, 1], is taken
   * as 0, the least that it could have been. The mean of these leads is at most that of all leads, so what exceeds 1/2 with them exceeds it
   * without. `meanScores` counts it with score 0 for every class.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async predict(x: tf.Tensor, options: SoftPredictOptions): Promise<SoftPrediction> {
    const context = contextOf(options, 'SoftSmoothedClassifier.predict');
    const request = { ...softPredictOptions.parse(context.call, options), ...context };
    assertEnough(context.call, request.n, request.alpha / (this.numClasses - 1));
    return this.#checked.withOwn(request, x, (own, voting) => this.#predict(own, this.#scored(voting), request));
  }

  /**
   * The class of the soft smoothed classifier at one example with a certified radius, or abstention.
   *
   * pABar = S/n − sqrt(2 V ln(2/α) / n) − 7 ln(2/α) / (3(n − 1)) with the sum S and the sample variance V of the scores of the class that
   * the selection sample (n0) chose, over the estimation sample (n); the radius is that of the noise for pABar. With probability at
   * least 1 − alpha over the draws, it abstains or the soft smoothed class is `label` for all ‖δ‖ < radius.
   *
   * With `bound: 'thresholds'`: scores of at least t_1 < … < t_m in (0, 1] are counted, with Clopper-Pearson bounds L_j at alpha/m; the mean score at x + δ is at least
   * Σ (t_j − t_{j−1}) shift(L_j, ‖δ‖), by what the noise leaves of L_j (`Noise.shiftDown`). The radius is where that falls to 1/2, and pABar is its value at x.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also if n is too small for alpha to certify anything, and for thresholds with a noise without `shiftDown` or radii that count changes; TensorError, ClassifierError; the abort reason of `signal`
   */
  async certify(x: tf.Tensor, options: SoftCertifyOptions): Promise<Certificate> {
    const context = contextOf(options, 'SoftSmoothedClassifier.certify');
    return this.#certify({ x, index: 0 }, { ...this.#settings(context.call, options), ...context });
  }

  /**
   * Certificates of many examples, one after the other. Example i uses the key `foldIn(key, i)`.
   *
   * @throws OptionError at once for its options; from the iteration as {@link SoftSmoothedClassifier.certify}
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: SoftCertifyOptions,
  ): AsyncGenerator<TimedCertificate, void, undefined> {
    const context = contextOf(options, 'SoftSmoothedClassifier.certifyStream');
    const request = { ...this.#settings(context.call, options, context.known), ...context };
    return certifyOneByOne(examples, request.key, (example, key) => this.#certify(example, { ...request, key }));
  }

  /**
   * Bounds on the mean score of one class for all changes up to given radii: what `SmoothedScores.certify` gives for this classifier.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also for a noise without `shiftDown`; TensorError, ClassifierError; the abort reason of `signal`
   * @example
   * ```ts
   * const c = await soft.certifyScore(image, { key: createKey(0), n0: 100, n: 10_000, alpha: 0.001, radii: [0, 0.25, 0.5] });
   * console.log(`class ${c.label}: mean score at least`, c.lower); // one number per radius, joint
   * console.log(c.radiusOf(0.5)); // the mean score stays above 0.5 within this radius
   * ```
   */
  async certifyScore(x: tf.Tensor, options: ScoreCertifyOptions): Promise<CertifiedScore> {
    return this.#scores.one(contextOf(options, 'SoftSmoothedClassifier.certifyScore'), x, options);
  }

  #scored(voting: VotingClassifier): ScoredClassifier {
    const { noise, beta } = this;
    return { voting, noise, beta };
  }

  #settings(call: string, options: SoftCertifyOptions, known: readonly string[] = []): SoftCertifySettings {
    const normOf = (norm: Norm | undefined): Norm => this.#checked.norm(call, norm);
    return softCertifySettings(call, options, { noise: this.noise, normOf, known });
  }

  async #predict(
    x: tf.Tensor,
    scored: ScoredClassifier,
    request: Request<ReturnType<typeof softPredictOptions.parse>>,
  ): Promise<SoftPrediction> {
    const { key, n0, n, alpha } = request;
    const { numClasses, noise, beta } = this;
    const keys = certificateKeys(key);
    const cAHat = topClass(await meanScores(scored, x, { ...request, key: keys.selection, n: n0 }));
    const { means, leads } = await leadsOf(cAHat, scored, x, { ...request, key: keys.estimation });
    const isBeaten = (lead: ScoreSums, c: number): boolean =>
      c === cAHat || empiricalBernsteinLowerBound({ ...lead, n, alpha: alpha / (numClasses - 1) }).p > 0.5;
    const abstained = !leads.every(isBeaten);
    return {
      label: abstained ? ABSTAIN : cAHat,
      abstained,
      cAHat,
      meanScores: means,
      n0,
      n,
      alpha,
      key,
      noise: noiseRecord(noise),
      domain: noise.domain,
      beta,
      smoothing: 'soft',
    };
  }

  #certify({ x, index, kept }: StreamExample, request: CertifyRequest): Promise<Certificate> {
    const { key, n0, n, alpha, bound, thresholds, onSamples } = request;
    const { noise, beta, numClasses, inputRange } = this;
    return this.#checked.withOwn(request, x, async (own, voting) => {
      const norm = this.#checked.norm(request.call, request.norm);
      const { inferenceForm } = voting.form;
      const asked = { key, n0, n, alpha, norm, bound, thresholds };
      const settings = { ...asked, noise, beta, inputRange, inferenceForm, dimension: own.size };
      const evidence = await softEvidence(this.#scored(voting), own, {
        ...request,
        kept,
        thresholds: thresholds === undefined ? undefined : thresholdList(thresholds),
        record: softRecord(settings, numClasses),
        onDrawn: onSamples && ((drawn) => onSamples({ index, drawn, most: n0 + n })),
      });
      return softCertificate({ ...settings, ...evidence });
    });
  }
}
