import type * as tf from '@tensorflow/tfjs';
import { engineOf } from '../../classifier/engine-of.ts';
import type { Classifier, LogitsFn } from '../../classifier/types.ts';
import { DataError, OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { type CallContext, contextOf } from '../../options/call-context.ts';
import { freshSecretKey } from '../../random/fresh-secret-key.ts';
import type { InputRange, Norm } from '../../types.ts';
import type { OutputCertifier } from '../outputs/types.ts';
import { OutputRuns } from '../outputs/output-runs.ts';
import type { ValuesPiece } from '../outputs/read-values.ts';
import type { StreamExample, TimedOutput } from '../types.ts';
import { type Calibration, recordDigest } from './calibration.ts';
import { thresholdIndex } from './conformal-index.ts';
import { levelsOfDraws, shiftedLevel } from './conformal-levels.ts';
import { thresholdAt } from './conformal-sets.ts';
import { scoreOfRecord } from './label-scores.ts';
import { calibrationRecord, readRecord, type RobustSetsRecord, settingRecord } from './robust-sets-record.ts';
import { ScoredModel } from './scored-model.ts';
import type {
  ConformalCertificate,
  DrawsRecord,
  LabelSetCertificate,
  ScoreRecord,
  SetSettings,
} from './set-certificate.ts';
import {
  fromJsonOptions,
  robustSetsAtOptions,
  type RobustSetsAtOptions,
  type RobustSetsFromJsonOptions,
  setDrawsOptions,
  type SetDrawsOptions,
  setOptions,
  type SetOptions,
} from './set-options.ts';
import { setFamily, type SetRunSettings } from './set-process.ts';

/** What sets are made of. @internal */
export interface RobustSetsParts {
  readonly call: string;
  readonly scored: ScoredModel;
  readonly calibration: Calibration;
  /** Of the calibration; made where it is not given. */
  readonly digest?: string | undefined;
  readonly setting: {
    readonly alpha: number;
    readonly radius: number;
    readonly norm?: Norm | undefined;
    readonly delta: number | null;
    readonly draws?: SetDrawsOptions | undefined;
  };
}

/**
 * Conformal prediction sets that keep their coverage when an attacker moves the input: for calibration and test examples that are exchangeable,
 * P(y ∈ C(x̃)) ≥ 1 − alpha for every x̃ within `radius` of x that was chosen without knowing the draw of the set.
 *
 * `calibrateRobustSets` makes them. A set is C = {y : s(x̃ + ε, y) ≤ q̂} of **one** fresh draw ε, with q̂ the k-th smallest of the calibration scores
 * s(x_i + ε_i, y_i), k = m + 1 − ⌊(m + 1) α'⌋, α' = down(alpha, radius): what is left of alpha within the radius (Φ(Φ⁻¹(alpha) − radius/σ) of Gaussian noise). No
 * expectation is estimated, so nothing is lost to an estimate. Of a regressor: intervals. With many draws: see `manyDrawsLevels`.
 *
 * The probability is over calibration, example and draw: of one input nothing is said. Each query needs a draw that the attacker cannot foresee; without
 * a `key` every set has a fresh secret one.
 *
 * @see Zargarbashi, Akhondzadeh, Bojchevski, "One Sample is Enough to Make Conformal Prediction Robust", NeurIPS 2025; the statement is derived in
 * docs/guide/conformal-sets.md
 * @example
 * ```ts
 * const sets = await calibrateRobustSets(model, { noise, score: 'aps', data: calibration, key: createKey(0), alpha: 0.1, radius: 0.125 });
 * const { labels } = await sets.predict(image); // one forward pass
 * const wider = sets.at({ alpha: 0.1, radius: 0.25 }); // the same calibration
 * ```
 */
export class RobustSets<C extends ConformalCertificate = LabelSetCertificate> implements OutputCertifier<
  SetOptions,
  C
> {
  /** Its certificates speak of sets. */
  readonly task = 'conformal' as const;
  /** The base model, as it was given. */
  readonly classifier: Classifier;
  /** The model as a function to logits (of a regressor: to outputs): what an attack moves. It throws for a model of typed arrays. */
  readonly logits: LogitsFn;
  /** The noise of every draw. */
  readonly noise: Noise;
  /** Smallest and largest value of an input coordinate. */
  readonly inputRange: InputRange;
  /** Number of classes; null for a regressor. */
  readonly numClasses: number | null;
  /** The score. */
  readonly score: ScoreRecord;
  /** Allowed probability that the true label is not in the set. */
  readonly alpha: number;
  /** Largest length of the change of an input, in input units. */
  readonly radius: number;
  /** The norm of the radius. */
  readonly norm: Norm;
  /** The coverage holds for this calibration set with probability 1 − delta; null: on average. */
  readonly delta: number | null;
  /** The draws of sets of many draws, and the levels that follow; null for one draw. */
  readonly draws: DrawsRecord | null;
  /** The level α' of the calibration scores. */
  readonly alphaPrime: number;
  /** Which calibration score is the threshold, from the smallest as number 1. */
  readonly index: number;
  /** The threshold q̂; Infinity where the score of the index was not seen. */
  readonly threshold: number;
  /** Number of calibration scores, m. */
  readonly calibration: number;
  readonly #scored: ScoredModel;
  readonly #calibration: Calibration;
  readonly #digest: string;
  readonly #settings: SetSettings;
  readonly #runs: OutputRuns<SetRunSettings, ValuesPiece, ConformalCertificate, unknown>;

  /** @internal */
  constructor({ call, scored, calibration, digest, setting }: RobustSetsParts) {
    const { noise, score, settings } = scored;
    const { alpha, radius, delta } = setting;
    const { dimension, scores } = calibration;
    const norm = scored.checked.norm(call, setting.norm);
    const shift = { noise, radius, norm, dimension };
    const draws = drawsOf(call, alpha, calibration, setting.draws, shift);
    if (draws !== null && delta !== null) {
      const way = 'delta is for sets of one draw';
      throw refusal(OptionError, { call, field: 'delta', value: delta, way }, 'must not be given with many draws');
    }
    const alphaPrime = draws?.alpha1 ?? shiftedLevel(call, alpha, shift);
    const index = thresholdIndex(call, { m: scores.length, level: alphaPrime, delta: delta ?? undefined });
    const threshold = thresholdAt(scores, index);
    this.#digest = digest ?? recordDigest(calibrationRecord(scored, calibration));
    const levels = { alpha, radius, norm, delta, draws, alphaPrime, index, threshold };
    const { inputRange } = settings;
    this.#settings = {
      noise,
      dimension,
      score,
      calibration: scores.length,
      digest: this.#digest,
      inputRange,
      ...levels,
    };
    this.#scored = scored;
    this.#calibration = calibration;
    this.#runs = new OutputRuns(scored.checked, setFamily(scored, this.#settings));
    this.classifier = scored.model;
    this.logits = scored.logits;
    this.noise = noise;
    this.inputRange = inputRange;
    this.numClasses = scored.numClasses;
    this.score = score;
    this.alpha = alpha;
    this.radius = radius;
    this.norm = norm;
    this.delta = delta;
    this.draws = draws;
    this.alphaPrime = alphaPrime;
    this.index = index;
    this.threshold = threshold;
    this.calibration = scores.length;
  }

  /** What runs the base model, with its version, for logs. */
  get engine(): string | undefined {
    return engineOf(this.classifier);
  }

  /**
   * The same calibration at another level or radius. Each pair of level and radius holds on its own; to choose one of several by what the sets look like is
   * not covered.
   *
   * @throws OptionError for an option outside its domain, and if there are too few calibration scores for a threshold: it says how many are needed
   */
  at(options: RobustSetsAtOptions): RobustSets<C> {
    const call = 'RobustSets.at';
    const {
      alpha = this.alpha,
      radius = this.radius,
      norm = this.norm,
      delta = this.delta,
      draws,
    } = robustSetsAtOptions.parse(call, options);
    const given = draws && setDrawsOptions.parse(call, draws);
    const prediction = given?.prediction ?? this.draws?.prediction;
    const setting = { alpha, radius, norm, delta, draws: prediction === undefined ? given : { ...given, prediction } };
    return new RobustSets({
      call,
      scored: this.#scored,
      calibration: this.#calibration,
      digest: this.#digest,
      setting,
    });
  }

  /**
   * The set of one input: one forward pass over one noisy copy, or over n' of them.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @returns the certificate of the set, whose `labels` (or `intervals`) are the answer
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async predict(x: tf.Tensor, options: SetOptions = {}): Promise<C> {
    return this.#one('RobustSets.predict', x, options);
  }

  /** As {@link RobustSets.predict}, under the name by which other certificates are made. */
  async certify(x: tf.Tensor, options: SetOptions = {}): Promise<C> {
    return this.#one('RobustSets.certify', x, options);
  }

  /**
   * The sets of many examples, with batches that are filled across examples. With a `key` example i has `foldIn(key, i)`; without one each has a fresh secret
   * key.
   *
   * @throws OptionError at once for its options; from the iteration as {@link RobustSets.predict}
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: SetOptions,
  ): AsyncGenerator<TimedOutput<C>, void, undefined> {
    const context = contextOf(options, 'RobustSets.certifyStream');
    const settings = this.#run(context, options);
    return this.#runs.stream(context, examples, settings) as AsyncGenerator<TimedOutput<C>, void, undefined>;
  }

  /** The calibration as a plain JSON value, with the level and radius that are chosen. The model is not in it. */
  toJSON(): RobustSetsRecord {
    const record = calibrationRecord(this.#scored, this.#calibration);
    return { ...record, digest: this.#digest, setting: settingRecord(this.#settings) };
  }

  /**
   * Sets from a calibration of a file: for the very model that was calibrated, which nothing in the file can tell.
   *
   * @throws DataError if the record was damaged or is another thing; OptionError if the model, noise or score do not fit it
   */
  static fromJSON<C extends ConformalCertificate = LabelSetCertificate>(
    model: Classifier,
    record: RobustSetsRecord,
    options: RobustSetsFromJsonOptions = {},
  ): RobustSets<C> {
    const call = 'RobustSets.fromJSON';
    const { noise: ownNoise, score: ownScore, batchSize, inferenceForm } = fromJsonOptions.parse(call, options);
    const { noise, inputRange, calibration } = readRecord(call, record, ownNoise);
    const { score, numClasses, output, outputs, nonFinite, digest, setting } = record;
    const isResidual = numClasses === null;
    const scored = new ScoredModel(call, model, {
      ...{ noise, inputRange, output, outputs, nonFinite, batchSize, inferenceForm },
      score: isResidual ? 'residual' : scoreOfRecord(call, score, ownScore),
      numClasses: numClasses ?? undefined,
    });
    const { alpha, radius, norm, delta, draws } = setting;
    const chosen = { alpha, radius, norm, delta, draws: draws ?? undefined };
    const sets = new RobustSets<C>({ call, scored, calibration, digest, setting: chosen });
    if (recordDigest(sets.toJSON().setting) === recordDigest(setting)) return sets;
    const got = JSON.stringify(setting);
    const must = `must follow from the scores: ${JSON.stringify(sets.toJSON().setting)}`;
    throw refusal(DataError, { call, field: 'setting', value: setting, got }, must);
  }

  async #one(call: string, x: tf.Tensor, options: SetOptions): Promise<C> {
    const context = contextOf(options, call);
    return (await this.#runs.one(context, x, this.#run(context, options))) as C;
  }

  #run({ call, known }: CallContext, options: SetOptions): SetRunSettings {
    const { key, ...settings } = setOptions.parse(call, options, known);
    return { ...settings, secret: key === undefined, key: key ?? freshSecretKey() };
  }
}

function drawsOf(
  call: string,
  alpha: number,
  { draws: calibrated }: Calibration,
  given: SetDrawsOptions | undefined,
  shift: Parameters<typeof levelsOfDraws>[3],
): DrawsRecord | null {
  if (calibrated === null && given === undefined) return null;
  if (calibrated === null) {
    const way = 'give `draws` to the calibration';
    throw refusal(OptionError, { call, field: 'draws', value: given, way }, 'must not be given for sets of one draw');
  }
  const prediction = given?.prediction;
  if (prediction === undefined)
    throw refusal(OptionError, { call, field: 'draws.prediction', value: prediction }, 'must be the draws of each set');
  const record = { ...calibrated, prediction };
  const levels = levelsOfDraws(call, alpha, { ...given, ...record }, shift);
  if (levels.leastCount > 0) return { calibration: calibrated.calibration, prediction, ...levels };
  const way = 'take more draws, a larger orderStatistic or a smaller radius';
  const must = 'must be so many that some count of them proves something';
  throw refusal(OptionError, { call, field: 'draws.prediction', value: prediction, way }, must);
}
