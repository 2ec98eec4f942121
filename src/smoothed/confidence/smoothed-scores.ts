import type * as tf from '@tensorflow/tfjs';
import { engineOf } from '../../classifier/engine-of.ts';
import type { Classifier, ClassifierOutput } from '../../classifier/types.ts';
import type { Noise } from '../../noise/types.ts';
import { type CallContext, contextOf } from '../../options/call-context.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import type { InputRange } from '../../types.ts';
import { baseClassifierFields, type SmoothedClassifierOptions } from '../call-options.ts';
import { CheckedClassifier } from '../checked-classifier.ts';
import { OutputRuns } from '../outputs/output-runs.ts';
import { PhasedProcess } from '../outputs/phased-process.ts';
import { type ValuesPiece, valuesReader } from '../outputs/read-values.ts';
import { shiftOf } from '../outputs/shift-of.ts';
import type { OutputCertifier } from '../outputs/types.ts';
import { scoreFiller } from '../soft-scores.ts';
import type { StreamExample, TimedOutput } from '../types.ts';
import { radiusOfLevel } from './score-certificate.ts';
import { type ScoreCertifyOptions, scoreSettings } from './score-options.ts';
import { scorePhases, type ScoreRequest } from './score-process.ts';
import type { ScoreCertificate } from './types.ts';

/** Options of `SmoothedScores`. */
export interface SmoothedScoresOptions extends SmoothedClassifierOptions {
  /**
   * Inverse temperature β of the scores softmax(β · logits). It is a part of the classifier: another β is another score.
   * @defaultValue 1
   */
  readonly beta?: number | undefined;
}

const smoothedScoresOptions = optionsOf<SmoothedScoresOptions>()({
  noise: fields.noise<Noise>(),
  ...baseClassifierFields,
  beta: fields.withDefault(fields.positive, 1),
});

/** A certificate of a score that finds radii: its method is no part of its JSON. */
export interface CertifiedScore extends ScoreCertificate {
  /** The radius within which the mean score stays at least at a level (see `scoreRadius`). */
  radiusOf(level: number): number;
}

/**
 * The smoothed confidence of a classifier: bounds on the mean score of a class, E s(x + δ + ε), for all changes δ up to given radii.
 *
 * s is the softmax score of the class, in [0, 1], or its margin over the other classes, in [−1, 1]. For every threshold t, P(s(x + δ + ε) ≥ t) is at least what the noise
 * leaves of P(s(x + ε) ≥ t) (`Noise.shiftDown`), and the mean is the least score plus the integral of that over t. Counts at thresholds, or the band of all scores, bound
 * P(s(x + ε) ≥ t) for all t, and so the mean at all radii at once: with probability at least 1 − alpha all of them hold together.
 *
 * It says nothing of how well the score is calibrated: a certified 0.9 is no chance of 90 % of being right.
 *
 * @see Kumar, Levine, Feizi, Goldstein, "Certifying Confidence via Randomized Smoothing", NeurIPS 2020; derived: docs/guide/smoothed-confidence.md
 * @example
 * ```ts
 * const scores = new SmoothedScores(model, { noise });
 * const c = await scores.certify(image, { key: createKey(0), radii: [0, 0.25, 0.5] });
 * console.log(`class ${c.label}: mean score at least`, c.lower);
 * ```
 */
export class SmoothedScores implements OutputCertifier<ScoreCertifyOptions, ScoreCertificate> {
  /** Its certificates speak of a score. */
  readonly task = 'confidence';
  /** The base classifier, as it was given. */
  readonly classifier: Classifier;
  /** The smoothing noise. */
  readonly noise: Noise;
  /** Number of classes. */
  readonly numClasses: number;
  /** Smallest and largest value that an input coordinate may take. */
  readonly inputRange: InputRange;
  /** Inverse temperature of the scores. */
  readonly beta: number;
  readonly #runs: ScoreRuns;

  /** Checks the options; the classifier itself is checked at the first call. */
  constructor(classifier: Classifier, options: SmoothedScoresOptions) {
    const { beta, ...parsed } = smoothedScoresOptions.parse('SmoothedScores', options);
    const checked = new CheckedClassifier('SmoothedScores', classifier, parsed);
    this.classifier = classifier;
    this.noise = parsed.noise;
    this.numClasses = checked.voting.numClasses;
    this.inputRange = parsed.inputRange;
    this.beta = beta;
    this.#runs = new ScoreRuns(checked, { beta, inputRange: parsed.inputRange });
  }

  /** What runs the base classifier, with its version, for logs. */
  get engine(): string | undefined {
    return engineOf(this.classifier);
  }

  /**
   * Bounds on the mean score of one class at one example. The selection sample (n0, first half-key) chooses the class and the thresholds, the estimation
   * sample (n, second half-key) is counted. A copy that could not be drawn counts as the least score for lower, and as the greatest for upper bounds.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also for a noise without `shiftDown`; TensorError, ClassifierError; the abort reason of `signal`
   */
  async certify(x: tf.Tensor, options: ScoreCertifyOptions): Promise<CertifiedScore> {
    return this.#runs.one(contextOf(options, 'SmoothedScores.certify'), x, options);
  }

  /**
   * Certificates of many examples, in their order, with batches that are filled across examples. Example i uses the key `foldIn(key, i)`.
   *
   * @throws OptionError at once for its options; from the iteration as {@link SmoothedScores.certify}
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: ScoreCertifyOptions,
  ): AsyncGenerator<TimedOutput<ScoreCertificate>, void, undefined> {
    return this.#runs.stream(contextOf(options, 'SmoothedScores.certifyStream'), examples, options);
  }
}

/** Certifies scores of a classifier that is checked. @internal */
export class ScoreRuns {
  readonly #checked: CheckedClassifier<Noise>;
  readonly #runs: OutputRuns<ScoreRequest, ValuesPiece, ScoreCertificate>;

  constructor(
    checked: CheckedClassifier<Noise>,
    { beta, inputRange }: { readonly beta: number; readonly inputRange: InputRange },
  ) {
    const { noise, voting } = checked;
    const { numClasses } = voting;
    const output: ClassifierOutput = voting.output;
    const model = { noise, numClasses, beta, inputRange, fill: scoreFiller(output) };
    this.#checked = checked;
    this.#runs = new OutputRuns(checked, {
      reader: valuesReader,
      process: (example, request) => new PhasedProcess(scorePhases(model, example, request)),
      most: ({ n0, n }) => n0 + n,
      rowsOfExample: ({ n0, n }) => Math.min(n0 || n, 100),
    });
  }

  /** The certificate of one example, with its method. */
  async one(context: CallContext, x: tf.Tensor, options: ScoreCertifyOptions): Promise<CertifiedScore> {
    const certificate = await this.#runs.one(context, x, this.#request(context, options));
    const radiusOf = (level: number): number => radiusOfLevel('radiusOf', certificate, this.#checked.noise, level);
    return Object.defineProperty(certificate, 'radiusOf', { value: radiusOf }) as CertifiedScore;
  }

  /** The certificates of examples; the options are checked at once. */
  stream(
    context: CallContext,
    examples: AsyncIterable<StreamExample>,
    options: ScoreCertifyOptions,
  ): AsyncGenerator<TimedOutput<ScoreCertificate>, void, undefined> {
    return this.#runs.stream(context, examples, this.#request(context, options));
  }

  #request({ call, known }: CallContext, options: ScoreCertifyOptions): ScoreRequest {
    const settings = scoreSettings(call, options, { numClasses: this.#checked.voting.numClasses, known });
    const norm = this.#checked.norm(call, settings.norm);
    shiftOf(call, this.#checked.noise, { norm, dimension: 1 });
    return { ...settings, call, norm };
  }
}
