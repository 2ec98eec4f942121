import type * as tf from '@tensorflow/tfjs';
import { certifyCounts } from '../certify/certify-counts.ts';
import { predictCounts } from '../certify/predict-counts.ts';
import { topClass } from '../certify/top-class.ts';
import type { Certificate, NoiseRecord, Prediction } from '../certify/types.ts';
import { adaptClassifier } from '../classifier/adapt-classifier.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import { OptionError } from '../errors.ts';
import type { Noise } from '../noise/types.ts';
import {
  parseCertifyOptions,
  parsePredictOptions,
  parseSampleOptions,
  parseSmoothedClassifierOptions,
} from '../options/smoothed-options.ts';
import { split } from '../random/split.ts';
import { minimumCountToCertify } from '../stats/minimum-count-to-certify.ts';
import { minimumSamplesToCertify } from '../stats/minimum-samples-to-certify.ts';
import { minimumSamplesToPredict } from '../stats/minimum-samples-to-predict.ts';
import type { Norm } from '../types.ts';
import { assertInRange, assertOneExample } from './check-input.ts';
import { collectVotes, type VoteRequest } from './collect-votes.ts';
import type { CertifyOptions, PredictOptions, SampleOptions, SmoothedClassifierOptions } from './types.ts';

/**
 * The smoothed classifier g(x) = argmax_c P(f(x + ε) = c) of a base classifier f, by hard votes.
 *
 * It never disposes what it is given, keeps no tensor, and returns plain JSON values. The same key gives the same counts for
 * every batch size on one backend.
 *
 * @see Cohen, Rosenfeld, Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019
 * @example
 * ```ts
 * const g = new SmoothedClassifier(model, { noise: new GaussianNoise({ sigma: 0.25 }), numClasses: 10 });
 * const c = await g.certify(image, { key: createKey(0), n0: 100, n: 100_000, alpha: 0.001 });
 * ```
 */
export class SmoothedClassifier {
  /** The base classifier, as it was given. */
  readonly classifier: Classifier;
  /** The smoothing noise. */
  readonly noise: Noise;
  /** Number of classes. */
  readonly numClasses: number;
  readonly #run: LogitsFn;
  readonly #options: ReturnType<typeof parseSmoothedClassifierOptions>;

  /** Checks the options; the classifier itself is checked at the first call. */
  constructor(classifier: Classifier, options: SmoothedClassifierOptions) {
    this.#options = parseSmoothedClassifierOptions('SmoothedClassifier', options);
    this.#run = adaptClassifier('SmoothedClassifier', classifier, this.#options.output);
    this.classifier = classifier;
    this.noise = this.#options.noise;
    this.numClasses = this.#options.numClasses;
  }

  /**
   * Votes of n noisy copies of one example, per class.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async sampleCounts(x: tf.Tensor, options: SampleOptions): Promise<number[]> {
    const call = 'SmoothedClassifier.sampleCounts';
    const request = parseSampleOptions(call, options);
    await this.#checkInput(call, x);
    return this.#count(x, { call, ...request });
  }

  /**
   * Share of the votes per class over n noisy copies: an estimate of the class probabilities, used as soft targets of CAT-RS.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async probabilities(x: tf.Tensor, options: SampleOptions): Promise<number[]> {
    const call = 'SmoothedClassifier.probabilities';
    const request = parseSampleOptions(call, options);
    await this.#checkInput(call, x);
    const counts = await this.#count(x, { call, ...request });
    return counts.map((count) => count / request.n);
  }

  /**
   * The class of the smoothed classifier at one example, or abstention; wrong with probability at most alpha.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also if n is too small for alpha: then every vote would abstain
   */
  async predict(x: tf.Tensor, options: PredictOptions): Promise<Prediction> {
    const call = 'SmoothedClassifier.predict';
    const { key, n, alpha, ...rest } = parsePredictOptions(call, options);
    assertEnoughSamples(call, n, alpha, minimumSamplesToPredict(alpha), 'predict');
    await this.#checkInput(call, x);
    const counts = await this.#count(x, { call, key, n, ...rest });
    return { ...predictCounts(counts, alpha), counts, n, alpha, key, noise: this.#noiseRecord() };
  }

  /**
   * The class of the smoothed classifier at one example with a certified radius, or abstention.
   *
   * With probability at least 1 − alpha over the draws, it abstains or g(x + δ) = label for all ‖δ‖ < radius. The selection
   * sample (n0) and the estimation sample (n) use different keys split from `key`. Drawing stops early once the remaining votes
   * could not certify any more: the outcome is the same as of running on.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also if n is too small for alpha to certify anything, or if the noise does not certify `norm`
   * @throws TensorError for wrong rank, shape, dtype or values outside the input range
   * @throws ClassifierError for wrong class count, NaN logits, or probabilities where logits are declared
   */
  async certify(x: tf.Tensor, options: CertifyOptions): Promise<Certificate> {
    const call = 'SmoothedClassifier.certify';
    const { key, n0, n, alpha, norm: asked, checkEvery, ...rest } = parseCertifyOptions(call, options);
    assertEnoughSamples(call, n, alpha, minimumSamplesToCertify(alpha), 'certify');
    const norm = this.#norm(call, asked);
    await this.#checkInput(call, x);
    const [selectionKey, estimationKey] = split(key);
    const countsSelection = await this.#count(x, { call, key: selectionKey, n: n0, ...rest });
    const cAHat = topClass(countsSelection);
    const needed = minimumCountToCertify(n, alpha) ?? Infinity;
    const isOver = (counts: readonly number[], used: number): boolean => (counts[cAHat] ?? 0) + (n - used) < needed;
    const counts = await this.#count(x, { call, key: estimationKey, n, stop: { checkEvery, isOver }, ...rest });
    const { noise } = this;
    const fromCounts = certifyCounts({ countsSelection, counts, n, alpha, noise, norm, dimension: x.size });
    return {
      ...fromCounts,
      norm,
      bound: 'clopper-pearson',
      n0,
      n,
      alpha,
      countsSelection,
      counts,
      checkEvery,
      key,
      noise: this.#noiseRecord(),
      domain: noise.domain,
      smoothing: 'hard',
      dimension: x.size,
    };
  }

  async #checkInput(call: string, x: tf.Tensor): Promise<void> {
    assertOneExample(call, x, this.classifier);
    await assertInRange(call, x, this.#options.inputRange);
  }

  #count(
    x: tf.Tensor,
    request: Omit<VoteRequest, 'batchSize'> & { readonly batchSize?: number | undefined },
  ): Promise<number[]> {
    const { noise, numClasses, output, batchSize } = this.#options;
    const voters = { run: this.#run, noise, numClasses, output };
    return collectVotes(voters, x, { ...request, batchSize: request.batchSize ?? batchSize });
  }

  #norm(call: string, asked: Norm | undefined): Norm {
    const norm = asked ?? this.noise.norms[0];
    if (norm !== undefined && this.noise.norms.includes(norm)) return norm;
    const known = this.noise.norms.join(', ');
    throw new OptionError(`\`norm\` must be one that ${this.noise.name} noise certifies (${known}), got ${norm}`, {
      call,
      field: 'norm',
      value: norm,
    });
  }

  #noiseRecord(): NoiseRecord {
    return { name: this.noise.name, parameters: this.noise.parameters };
  }
}

function assertEnoughSamples(call: string, n: number, alpha: number, least: number, verb: string): void {
  if (n >= least) return;
  throw new OptionError(
    `\`n\` must be at least ${least} to ${verb} anything at alpha = ${alpha}, got ${n}` +
      ' (with fewer samples even unanimous votes abstain: raise n or alpha)',
    { call, field: 'n', value: n },
  );
}
