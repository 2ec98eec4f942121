import type * as tf from '@tensorflow/tfjs';
import { topClass } from '../certify/vote-counts.ts';
import { ABSTAIN, type Certificate, type Smoothing } from '../certify/types.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import { OptionError } from '../errors.ts';
import type { Noise } from '../noise/types.ts';
import { contextOf } from '../options/call-context.ts';
import { certificateKeys } from '../random/purposes.ts';
import { empiricalBernsteinLowerBound } from '../stats/empirical-bernstein.ts';
import type { InputRange, Key } from '../types.ts';
import { certifyOneByOne } from './certify-one-by-one.ts';
import { sampleLogits } from './collect-votes.ts';
import { noiseRecord, softCertificate } from './certificates.ts';
import { forEachScores, type SeeScores } from './soft-scores.ts';
import type {
  SoftCertifyOptions,
  SoftPrediction,
  SoftPredictOptions,
  SoftSmoothedClassifierOptions,
} from './soft-types.ts';
import { makeSubject, type Subject, withOwn } from './checked-classifier.ts';
import type { Certifier, StreamExample, TimedCertificate } from './types.ts';
import { softSmoothedClassifierOptions, softCertifyOptions, softPredictOptions } from './soft-types.ts';

type Settings = ReturnType<typeof softCertifyOptions.parse>;
/** What is certified with the same `run` is looked at once. */
type OneRun = Settings & { readonly run: object };
type Sample = Pick<Settings, 'batchSize' | 'signal'> & {
  readonly run: object;
  readonly call: string;
  readonly key: Key;
  readonly n: number;
};

/**
 * The soft smoothed classifier g(x) = argmax_c E[softmax(β f(x + ε))_c], which averages scores in place of counting votes.
 *
 * It is another classifier than {@link SmoothedClassifier}: the two may answer differently, and a certificate of one says nothing of
 * the other. Scores are in [0, 1], so their mean is bounded below by the empirical Bernstein inequality, and the radius of that bound
 * is certified as for votes. The bound is looser than Clopper-Pearson: where almost all votes agree, hard votes certify more.
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
  readonly #subject: Subject<Noise>;

  /** Checks the options; the classifier itself is checked at the first call. */
  constructor(classifier: Classifier, options: SoftSmoothedClassifierOptions) {
    const { beta, ...parsed } = softSmoothedClassifierOptions.parse('SoftSmoothedClassifier', options);
    this.#subject = makeSubject('SoftSmoothedClassifier', classifier, parsed);
    this.classifier = classifier;
    this.logits = this.#subject.logits;
    this.noise = parsed.noise;
    this.numClasses = this.#subject.voters.numClasses;
    this.inputRange = parsed.inputRange;
    this.beta = beta;
  }

  /**
   * Mean score per class over n noisy copies of one example: an estimate of E[softmax(β f(x + ε))]. A copy that could not be drawn has score 0
   * for every class.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async probabilities(x: tf.Tensor, options: SoftPredictOptions): Promise<number[]> {
    const { call, run } = contextOf(options, 'SoftSmoothedClassifier.probabilities');
    const { key, n, ...rest } = softPredictOptions.parse(call, options);
    return withOwn(this.#subject, call, x, (own) => this.#meanScores(own, { ...rest, run, call, key, n }));
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
    const { call, run } = contextOf(options, 'SoftSmoothedClassifier.predict');
    const settings = softPredictOptions.parse(call, options);
    assertEnough(call, settings.n, settings.alpha / (this.numClasses - 1));
    return withOwn(this.#subject, call, x, (own) => this.#predict(call, own, { ...settings, run }));
  }

  /**
   * The class of the soft smoothed classifier at one example with a certified radius, or abstention.
   *
   * pABar = S/n − sqrt(2 V ln(2/α) / n) − 7 ln(2/α) / (3(n − 1)) with the sum S and the sample variance V of the scores of the class that
   * the selection sample (n0) chose, over the estimation sample (n); the radius is that of the noise for pABar. With probability at
   * least 1 − alpha over the draws, it abstains or the soft smoothed class is `label` for all ‖δ‖ < radius.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also if n is too small for alpha to certify anything; TensorError, ClassifierError; the abort reason of `signal`
   */
  async certify(x: tf.Tensor, options: SoftCertifyOptions): Promise<Certificate> {
    const { call, run } = contextOf(options, 'SoftSmoothedClassifier.certify');
    return this.#certify(call, x, { ...this.#settings(call, options), run });
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
    const { call, known, run } = contextOf(options, 'SoftSmoothedClassifier.certifyStream');
    const settings = { ...this.#settings(call, options, known), run };
    return certifyOneByOne(examples, settings.key, (x, key) => this.#certify(call, x, { ...settings, key }));
  }

  #settings(call: string, options: SoftCertifyOptions, known: readonly string[] = []): Settings {
    const settings = softCertifyOptions.parse(call, options, known);
    assertEnough(call, settings.n, settings.alpha);
    this.#subject.norm(call, settings.norm);
    return settings;
  }

  async #predict(
    call: string,
    x: tf.Tensor,
    { key, n0, n, alpha, ...rest }: ReturnType<typeof softPredictOptions.parse> & { readonly run: object },
  ): Promise<SoftPrediction> {
    const { numClasses } = this;
    const { selection: selectionKey, estimation: estimationKey } = certificateKeys(key);
    const cAHat = topClass(await this.#meanScores(x, { ...rest, call, key: selectionKey, n: n0 }));
    const sums = new Float64Array(numClasses);
    const leads = { sum: new Float64Array(numClasses), sumOfSquares: new Float64Array(numClasses) };
    await this.#eachScores(x, { ...rest, call, key: estimationKey, n }, (scores, isDrawn) => {
      for (let c = 0; c < numClasses; c++) {
        const score = scores[c] as number;
        // In [0, 1]; its mean exceeds 1/2 where A leads. What could not be drawn may have been a loss.
        const lead = isDrawn ? ((scores[cAHat] as number) - score + 1) / 2 : 0;
        sums[c] = (sums[c] as number) + score;
        leads.sum[c] = (leads.sum[c] as number) + lead;
        leads.sumOfSquares[c] = (leads.sumOfSquares[c] as number) + lead * lead;
      }
    });
    const isBeaten = (_: number, c: number): boolean => {
      const sample = { sum: leads.sum[c] as number, sumOfSquares: leads.sumOfSquares[c] as number };
      return c === cAHat || empiricalBernsteinLowerBound({ ...sample, n, alpha: alpha / (numClasses - 1) }).p > 0.5;
    };
    const abstained = !sums.every(isBeaten);
    const meanScores = Array.from(sums, (sum) => sum / n);
    const { noise, beta } = this;
    const from = {
      n0,
      n,
      alpha,
      key,
      noise: noiseRecord(noise),
      domain: noise.domain,
      beta,
      smoothing: 'soft',
    } as const;
    return { label: abstained ? ABSTAIN : cAHat, abstained, cAHat, meanScores, ...from };
  }

  #certify(call: string, x: tf.Tensor, settings: OneRun): Promise<Certificate> {
    return withOwn(this.#subject, call, x, (own) => this.#certifyOwn(call, own, settings));
  }

  async #certifyOwn(call: string, x: tf.Tensor, settings: OneRun): Promise<Certificate> {
    const { key, n0, n, alpha, norm, ...rest } = settings;
    const { selection: selectionKey, estimation: estimationKey } = certificateKeys(key);
    const cAHat = topClass(await this.#meanScores(x, { ...rest, call, key: selectionKey, n: n0 }));
    let sum = 0;
    let sumOfSquares = 0;
    let failures = 0;
    await this.#eachScores(x, { ...rest, call, key: estimationKey, n }, (scores, isDrawn) => {
      if (!isDrawn) failures++;
      const score = scores[cAHat] as number;
      sum += score;
      sumOfSquares += score * score;
    });
    const { noise, beta } = this;
    const plan = { key, n0, n, alpha, norm: this.#subject.norm(call, norm), noise, beta, dimension: x.size };
    return softCertificate({ ...plan, cAHat, failures, scores: { sum, sumOfSquares } });
  }

  async #meanScores(x: tf.Tensor, sample: Sample): Promise<number[]> {
    const sums = new Float64Array(this.numClasses);
    await this.#eachScores(x, sample, (scores) =>
      scores.forEach((score, c) => (sums[c] = (sums[c] as number) + score)),
    );
    return Array.from(sums, (sum) => sum / sample.n);
  }

  async #eachScores(x: tf.Tensor, sample: Sample, see: SeeScores): Promise<void> {
    const { voters, noise } = this.#subject;
    for await (const batch of sampleLogits(voters, noise, x, sample)) {
      forEachScores(batch, voters, this.beta, see);
    }
  }
}

function assertEnough(call: string, n: number, alpha: number): void {
  const best = empiricalBernsteinLowerBound({ sum: n, sumOfSquares: n, n, alpha });
  if (best.p > 0.5) return;
  const least = Math.ceil(1 + (14 / 3) * Math.log(2 / alpha));
  throw new OptionError(
    `\`n\` must be at least ${least} for an empirical Bernstein bound above 1/2 at level ${alpha}, got ${n}` +
      ' (with fewer samples even unanimous scores abstain: raise n or alpha)',
    { call, field: 'n', value: n },
  );
}
