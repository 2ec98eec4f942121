import type * as tf from '@tensorflow/tfjs';
import { predictCounts } from '../certify/counts.ts';
import { fixedSample } from '../certify/fixed-sample.ts';
import type { CertificationRule } from '../certify/rule.ts';
import type { Certificate, Prediction, Smoothing } from '../certify/types.ts';
import { engineOf } from '../classifier/engine-of.ts';
import type { Classifier, LogitsFn } from '../classifier/types.ts';
import { ownData } from '../host/own-data.ts';
import type { Noise } from '../noise/types.ts';
import { type CallContext, contextOf } from '../options/call-context.ts';
import type { WithDefaults } from '../options/parse.ts';
import { exampleKey } from '../random/purposes.ts';
import type { InputRange, Key } from '../types.ts';
import {
  certifyOptions,
  type CertifyOptions,
  predictOptions,
  type PredictOptions,
  type SampleOptions,
  sampleOptions,
  type SmoothedClassifierOptions,
  smoothedClassifierOptions,
} from './call-options.ts';
import { noiseRecord } from './certificates.ts';
import { CertificationProcess } from './certification-process.ts';
import { CheckedClassifier } from './checked-classifier.ts';
import { collectVotes, type VoteAsk, voteCounter, type VoteCounts, votesInOrder } from './count-votes.ts';
import type { FormChoice } from './form-choice.ts';
import { recertify } from './incremental/recertify.ts';
import { recertifyOptions, type RecertifyOptions } from './incremental/recertify-options.ts';
import type { IncrementalCertificate } from './incremental/types.ts';
import { valuesFor } from './noisy-copies.ts';
import type { SampleRequest, VotingClassifier } from './read-rows.ts';
import { type PendingExample as Pending, schedule } from './schedule.ts';
import { assertEnoughToPredict, withoutSelection } from './sample-demands.ts';
import type { Certifier, StreamExample, TimedCertificate } from './types.ts';

type PendingExample = Pending<VoteCounts, Certificate, VoteAsk>;
type PendingExamples = AsyncGenerator<PendingExample, void, undefined>;
type Settings = ReturnType<typeof certifyOptions.parse> &
  WithDefaults<Pick<CertifyOptions, 'rule' | 'norm'>> &
  Pick<CallContext, 'selection'>;

/** An example with what is its own. */
type OwnExample = StreamExample & { readonly key: Key };

/**
 * The smoothed classifier g(x) = argmax_c P(f(x + ε) = c) of a base classifier f, by hard votes.
 *
 * It never disposes what it is given, keeps no tensor, and returns plain JSON values. The same key gives the same counts for
 * every batch size on one backend.
 *
 * @see Cohen, Rosenfeld, Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019
 * @example
 * ```ts
 * const g = new SmoothedClassifier(model, { noise: new GaussianNoise({ sigma: 0.25 }) });
 * const c = await g.certify(image, { key: createKey(0), n0: 100, n: 100_000, alpha: 0.001 });
 * ```
 */
export class SmoothedClassifier implements Certifier<CertifyOptions> {
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
  /** Its results speak of the classifier that counts hard votes. */
  readonly smoothing: Smoothing = 'hard';
  readonly #checked: CheckedClassifier<Noise>;

  /** Checks the options; the classifier itself is checked at the first call. */
  constructor(classifier: Classifier, options: SmoothedClassifierOptions) {
    const parsed = smoothedClassifierOptions.parse('SmoothedClassifier', options);
    this.#checked = new CheckedClassifier('SmoothedClassifier', classifier, parsed);
    this.classifier = classifier;
    this.logits = this.#checked.logits;
    this.noise = parsed.noise;
    this.numClasses = this.#checked.voting.numClasses;
    this.inputRange = parsed.inputRange;
  }

  /** What runs the base classifier, with its version, for logs: the current backend, or what a classifier of typed arrays says of itself. */
  get engine(): string | undefined {
    return engineOf(this.classifier);
  }

  /**
   * Votes of n noisy copies of one example, per class.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async sampleCounts(x: tf.Tensor, options: SampleOptions): Promise<number[]> {
    const context = contextOf(options, 'SmoothedClassifier.sampleCounts');
    return this.#count(x, { ...sampleOptions.parse(context.call, options), ...context });
  }

  /**
   * The class for which each of n noisy copies of one example votes, in their order; -1 for one that could not be drawn.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async sampleVotes(x: tf.Tensor, options: SampleOptions): Promise<number[]> {
    const context = contextOf(options, 'SmoothedClassifier.sampleVotes');
    const request = { ...sampleOptions.parse(context.call, options), ...context };
    return this.#checked.withOwn(request, x, async (own, voting) => {
      const all: number[] = [];
      const pieces = votesInOrder(voting, this.#checked.noise, own, { ...request, every: request.n });
      for await (const { votes } of pieces) all.push(...votes);
      return all;
    });
  }

  /**
   * Share of the votes per class over n noisy copies: an estimate of the class probabilities, used as soft targets of CAT-RS. Samples that
   * could not be drawn count for no class, so that the sum is below 1 then.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async probabilities(x: tf.Tensor, options: SampleOptions): Promise<number[]> {
    const context = contextOf(options, 'SmoothedClassifier.probabilities');
    const request = { ...sampleOptions.parse(context.call, options), ...context };
    const counts = await this.#count(x, request);
    return counts.map((count) => count / request.n);
  }

  /**
   * The class of the smoothed classifier at one example, or abstention; wrong with probability at most alpha.
   *
   * Samples that could not be drawn never make an answer: it abstains where they could change it (see {@link predictCounts}).
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also if n is too small for alpha: then every vote would abstain
   */
  async predict(x: tf.Tensor, options: PredictOptions): Promise<Prediction> {
    const context = contextOf(options, 'SmoothedClassifier.predict');
    const { call } = context;
    const { alpha, ...request } = predictOptions.parse(call, options);
    const { key, n } = request;
    assertEnoughToPredict(call, n, alpha);
    const counts = await this.#count(x, { ...request, ...context });
    const { noise, smoothing } = this;
    const from = { counts, n, alpha, key, noise: noiseRecord(noise), domain: noise.domain, smoothing };
    return { ...predictCounts({ counts, n, alpha }), ...from };
  }

  /**
   * The class of the smoothed classifier at one example with a certified radius, or abstention.
   *
   * With probability at least 1 − alpha over the draws, it abstains or g(x + δ) = label for all ‖δ‖ < radius. The selection
   * sample (n0) and the estimation sample (at most n) use different keys split from `key`; `rule` says how the votes become a
   * certificate and when drawing stops.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also if n is too small for alpha to certify anything, or if the noise does not certify `norm`
   * @throws TensorError for wrong rank, shape, dtype or values outside the input range or the domain of the noise
   * @throws ClassifierError for wrong class count, NaN logits or weights, probabilities where logits are declared, or rows that come out
   * differently when some of the first batch are asked again in another one
   */
  async certify(x: tf.Tensor, options: CertifyOptions): Promise<Certificate> {
    const { call, known, inferenceForm, selection } = contextOf(options, 'SmoothedClassifier.certify');
    const settings = { ...this.#settings(call, options, known), selection };
    return this.#checked.withOwn({ call, inferenceForm }, x, async (own, { form }) => {
      const values = await valuesFor(this.noise, own);
      const example = only({ ...this.#pending({ x: own, index: 0, key: settings.key }, settings, form), values });
      for await (const { certificate } of this.#schedule(call, example, settings, form)) return certificate;
      throw new Error('one example has one certificate');
    });
  }

  /**
   * The class of this classifier with a certified radius, from the certificate of another one at the same input: of the model from which this one was quantised,
   * pruned or fine-tuned, or of another one that seldom votes otherwise.
   *
   * This classifier votes on the first n samples of the old estimation sample, and ζ̄ bounds how often a vote for the class is lost (see {@link incrementalBound}). With
   * probability at least 1 − alpha, the old alpha plus alphaZeta, it abstains or g(x + δ) = label for all ‖δ‖ < radius. Where the old certificate has an upper bound on the
   * runner-up (`topTwo`), alphaZeta is shared by the losses of the class and the gains of the others. A sample on which either cast no vote counts as a loss and as a
   * gain of all others. The classifier must not have been made with knowledge of this noise: of the key.
   *
   * @param x - the example of the old certificate [...inputShape], float32; not disposed
   * @throws OptionError also for a certificate of another noise, norm, key, input range or number of classes, of soft votes, or without the votes that it needs
   * @throws TensorError, ClassifierError as {@link SmoothedClassifier.certify}, and TensorError for an input of another size
   * @see Ugare et al., "Incremental Randomized Smoothing Certification", ICLR 2024
   * @example
   * ```ts
   * const old = await g.certify(image, { key: createKey(0), n: 10_000, keepVotes: 2_000 });
   * const changed = new SmoothedClassifier(quantised, { noise, numClasses: 10 });
   * const c = await changed.recertify(image, { from: old, n: 2_000, alphaZeta: 0.001 });
   * ```
   */
  async recertify(x: tf.Tensor, options: RecertifyOptions): Promise<IncrementalCertificate> {
    const context = contextOf(options, 'SmoothedClassifier.recertify');
    const settings = recertifyOptions.parse(context.call, options, context.known);
    return recertify({ checked: this.#checked, inputRange: this.inputRange }, x, context, settings);
  }

  /**
   * Certificates of many examples, in their order, with batches that are filled across examples.
   *
   * Example i uses the key `foldIn(key, i)` and gets the certificate that {@link SmoothedClassifier.certify} gives for that key. Up to
   * 2 + batchSize / checkEvery examples are read ahead (/ n0, where a rule may stop and that is smaller), four times as many where a device counts the votes; up to 1024 are
   * certified ahead of one that takes longer. An error of an example comes after the certificates of those before it.
   *
   * @param examples - each `x` is copied as soon as it is taken, and is not disposed
   * @throws OptionError at once for its options; from the iteration as {@link SmoothedClassifier.certify}
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: CertifyOptions,
  ): AsyncGenerator<TimedCertificate, void, undefined> {
    const { call, known, inferenceForm } = contextOf(options, 'SmoothedClassifier.certifyStream');
    const settings = this.#settings(call, options, known);
    const form = this.#checked.form(inferenceForm);
    return this.#schedule(call, this.#allPending(call, examples, settings, form), settings, form);
  }

  async *#allPending(
    call: string,
    examples: AsyncIterable<StreamExample>,
    settings: Settings,
    form: FormChoice,
  ): PendingExamples {
    const { noise } = this;
    for await (const { x, index, kept } of examples) {
      const own = await this.#checked.own(call, x, form);
      const values = await valuesFor(noise, own);
      const example = this.#pending({ x: own, index, kept, key: exampleKey(settings.key, index) }, settings, form);
      yield { ...example, values };
    }
  }

  #pending(
    { x, index, kept, key }: OwnExample,
    settings: Settings,
    { inferenceForm }: VotingClassifier['form'],
  ): PendingExample {
    const { noise, numClasses, inputRange } = this;
    const { n0, n, keepVotes, onSamples } = settings;
    // Outside the run only counts are kept: an example whose votes are is drawn anew.
    const tellsSamples = kept !== undefined && keepVotes === 0;
    const earlier = keepVotes === 0 ? kept?.earlier : undefined;
    const process = new CertificationProcess(
      { ...settings, key, noise, numClasses, inputRange, inferenceForm, dimension: x.size, tellsSamples },
      earlier,
    );
    const onBatch = (milliseconds: number): void => {
      kept?.onNews({ ...process.news(), milliseconds });
      onSamples?.({ index, drawn: process.drawn, most: n0 + n });
    };
    return { x, process, earlierMilliseconds: earlier?.milliseconds, onBatch };
  }

  #schedule(
    call: string,
    examples: PendingExamples,
    { rule, n0, checkEvery, signal, batchSize }: Settings,
    form: VotingClassifier['form'],
  ): AsyncGenerator<TimedCertificate, void, undefined> {
    const { noise, voting } = this.#checked;
    // All of a fixed sample fill a batch.
    const rowsOfExample = rule?.drawsAll === true || n0 === 0 ? checkEvery : Math.min(n0, checkEvery);
    const reader = voteCounter({ ...voting, form }, call, {});
    return schedule(examples, { reader, batches: voting.batches, noise, batchSize, rowsOfExample, signal });
  }

  #settings(call: string, options: CertifyOptions, known: readonly string[] = []): Settings {
    const settings = certifyOptions.parse(call, options, known);
    const { rule = fixedSample(), n0, n, alpha } = settings;
    if (n0 === 0 && rule.choosesClass !== true) throw withoutSelection(call, rule.name);
    const norm = this.#checked.norm(call, settings.norm);
    rule.assertFeasible?.(call, { n, alpha, norm });
    // What the certificate says of the rule is what it was at the call.
    const own: CertificationRule = {
      ...{ name: rule.name, parameters: ownData(rule.parameters), drawsAll: rule.drawsAll === true },
      begin: rule.begin.bind(rule),
    };
    return { ...settings, rule: own, norm };
  }

  #count(x: tf.Tensor, request: SampleRequest & Pick<CallContext, 'inferenceForm' | 'onForm'>): Promise<number[]> {
    const { noise } = this.#checked;
    return this.#checked.withOwn(request, x, (own, voting) =>
      collectVotes(voting, noise, own, request).finally(() => request.onForm?.(voting.form.inferenceForm)),
    );
  }
}

async function* only(example: PendingExample): PendingExamples {
  yield await Promise.resolve(example);
}
