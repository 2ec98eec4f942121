import type * as tf from '@tensorflow/tfjs';
import type { Certificate, RuleRecord, Smoothing } from '../certify/types.ts';
import { topClass } from '../certify/vote-counts.ts';
import { engineOf } from '../classifier/engine-of.ts';
import type { Classifier, ClassifierOutput, LogitsFn } from '../classifier/types.ts';
import { hostTurns } from '../host/turns.ts';
import type { DeterministicNoise } from '../noise/types.ts';
import { type CallContext, contextOf } from '../options/call-context.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { createKey } from '../random/key.ts';
import type { InputRange, Norm } from '../types.ts';
import { baseClassifierFields, type CertifyOptions, runFields, softCertifyFields } from './call-options.ts';
import { derandomizedCertificate, enumerationRule } from './certificates.ts';
import { certifyOneByOne, CheckedClassifier } from './checked-classifier.ts';
import { addVotes, type CopyVotes } from './count-votes.ts';
import { copyRange, valuesFor } from './noisy-copies.ts';
import { rowsReader } from './read-rows.ts';
import type { Certifier, StreamExample, TimedCertificate } from './types.ts';

/** Options of {@link DerandomizedClassifier}. */
export interface DerandomizedClassifierOptions {
  /** The smoothing distribution, with all its copies. */
  readonly noise: DeterministicNoise;
  /**
   * Number of classes of the base classifier. Of a `tf.LayersModel` or `tf.GraphModel` with one output of known shape it is read, and checked
   * where it is given.
   * @defaultValue what the model says; else it must be given
   */
  readonly numClasses?: number | undefined;
  /**
   * What the base classifier returns.
   * @defaultValue 'logits'
   */
  readonly output?: ClassifierOutput | undefined;
  /**
   * Noisy copies per forward pass: speed and memory only, never a result.
   * @defaultValue at most 256, as many as the memory holds (see {@link SmoothedClassifierOptions.batchSize})
   */
  readonly batchSize?: number | undefined;
  /**
   * How a copy votes: for the class of its largest logit (the lowest index among equals), or with `{ threshold }` for every class whose softmax is
   * at least the threshold, 0 < threshold < 1, so for none, one or several. The softmax is taken in float64 of the float32 logits. It is a part of
   * the smoothed classifier: another threshold is another classifier. It often certifies more, since copies that show nothing need not vote.
   * @defaultValue 'argmax'
   */
  readonly votes?: CopyVotes | undefined;
  /**
   * Whether layers models vote in their inference form (see {@link SmoothedClassifierOptions.inferenceForm}).
   * @defaultValue true
   */
  readonly inferenceForm?: boolean | undefined;
}

const isThreshold = (v: unknown): boolean =>
  typeof v === 'object' &&
  v !== null &&
  Object.keys(v).join() === 'threshold' &&
  fields.openFraction.safeParse((v as { threshold?: unknown }).threshold).success;

const votesField: fields.Field<CopyVotes> = fields.field<CopyVotes>(
  "must be 'argmax' or { threshold: a number in (0, 1) }",
  (v) => v === 'argmax' || isThreshold(v),
);

const derandomizedClassifierOptions = optionsOf<DerandomizedClassifierOptions>()({
  noise: fields.object<DerandomizedClassifierOptions['noise']>(
    'must be a deterministic noise (for example a DeterministicSplittingNoise)',
    ['perturb', 'radius'],
  ),
  numClasses: baseClassifierFields.numClasses,
  output: baseClassifierFields.output,
  batchSize: baseClassifierFields.batchSize,
  votes: fields.withDefault(votesField, 'argmax'),
  inferenceForm: baseClassifierFields.inferenceForm,
});

/** Options of {@link DerandomizedClassifier.certify}: there is nothing random to choose. */
export interface DerandomizedCertifyOptions {
  /**
   * The norm of the radius.
   * @defaultValue the first norm of the noise
   */
  readonly norm?: Norm | undefined;
  /**
   * Noisy copies per forward pass.
   * @defaultValue the batch size of the classifier
   */
  readonly batchSize?: number | undefined;
  /**
   * Told how far an example is, after each of its batches. What it throws ends the run.
   * @defaultValue nobody is told
   */
  readonly onSamples?: CertifyOptions['onSamples'];
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

const derandomizedCertifyOptions = optionsOf<DerandomizedCertifyOptions>()({
  norm: fields.optional(fields.norm),
  onSamples: softCertifyFields.onSamples,
  ...runFields,
});

type Settings = ReturnType<typeof derandomizedCertifyOptions.parse>;
/** Settings of a call, its name for error texts, and the run that it belongs to. */
type Request = Settings & CallContext & { readonly index?: number };

/**
 * The smoothed classifier of a finite noise: every noisy copy is evaluated, so the answer is exact and its certificate cannot fail.
 *
 * g(x) is the most voted class over all copies (lowest index among equals). Inputs must lie in the domain of the noise. With `votes:
 * { threshold }` copies may vote for none or several classes, and the certificate says the threshold in its rule.
 *
 * @see Levine, Feizi, "Improved, Deterministic Smoothing for L1 Certified Robustness", ICML 2021
 * @example
 * ```ts
 * const noise = new DeterministicSplittingNoise({ halfWidth: 0.5, key: createKey(7) });
 * const g = new DerandomizedClassifier(model, { noise });
 * const c = await g.certify(image); // no key, no n, no alpha
 * ```
 */
export class DerandomizedClassifier implements Certifier<DerandomizedCertifyOptions> {
  /** The base classifier, as it was given. */
  readonly classifier: Classifier;
  /** The smoothing noise. */
  readonly noise: DeterministicNoise;
  /** Number of classes. */
  readonly numClasses: number;
  /** The base classifier as a function to logits: what an attack moves. It throws where the classifier takes typed arrays. */
  readonly logits: LogitsFn;
  /** Smallest and largest value of an input: those of the domain of the noise. */
  readonly inputRange: InputRange;
  /** How a copy votes. */
  readonly votes: CopyVotes;
  /** What stands for the rule in its certificates: `enumeration`, with the threshold, if there is one. */
  readonly rule: RuleRecord;
  /** Its results speak of the classifier that counts hard votes. */
  readonly smoothing: Smoothing = 'hard';
  readonly #checked: CheckedClassifier<DeterministicNoise>;

  /** Checks the options; the classifier itself is checked at the first call. */
  constructor(classifier: Classifier, options: DerandomizedClassifierOptions) {
    const parsed = derandomizedClassifierOptions.parse('DerandomizedClassifier', options);
    this.#checked = new CheckedClassifier('DerandomizedClassifier', classifier, {
      ...parsed,
      inputRange: [-Infinity, Infinity],
    });
    this.classifier = classifier;
    this.noise = parsed.noise;
    this.logits = this.#checked.logits;
    const { domain } = parsed.noise;
    this.inputRange = domain === 'real' || domain === 'tokens' ? [-Infinity, Infinity] : [0, 1];
    this.votes = parsed.votes;
    this.rule = enumerationRule(thresholdOf(parsed.votes));
    this.numClasses = this.#checked.voting.numClasses;
  }

  /** What runs the base classifier, with its version, for logs: the current backend, or what a classifier of typed arrays says of itself. */
  get engine(): string | undefined {
    return engineOf(this.classifier);
  }

  /**
   * Votes of all noisy copies of one example, per class.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async counts(x: tf.Tensor, options: DerandomizedCertifyOptions = {}): Promise<number[]> {
    const context = contextOf(options, 'DerandomizedClassifier.counts');
    return (await this.#counts(x, { ...derandomizedCertifyOptions.parse(context.call, options), ...context })).counts;
  }

  /**
   * The class of the smoothed classifier at one example; it never abstains and is never wrong about g.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async predict(x: tf.Tensor, options: DerandomizedCertifyOptions = {}): Promise<number> {
    const context = contextOf(options, 'DerandomizedClassifier.predict');
    const request = { ...derandomizedCertifyOptions.parse(context.call, options), ...context };
    return topClass((await this.#counts(x, request)).counts);
  }

  /**
   * The class of the smoothed classifier at one example with its certified radius; it abstains where the vote is too close.
   *
   * Certain, not probable: `alpha` is 0 and `key` null. g(x') = label for all x' of the domain with ‖x' − x‖ ≤ radius.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
   */
  async certify(x: tf.Tensor, options: DerandomizedCertifyOptions = {}): Promise<Certificate> {
    const context = contextOf(options, 'DerandomizedClassifier.certify');
    return this.#certify(x, { ...this.#settings(context.call, options), ...context });
  }

  /**
   * Certificates of many examples, one after the other.
   *
   * @throws OptionError at once for its options; from the iteration as {@link DerandomizedClassifier.certify}
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: DerandomizedCertifyOptions = {},
  ): AsyncGenerator<TimedCertificate, void, undefined> {
    const context = contextOf(options, 'DerandomizedClassifier.certifyStream');
    const request = { ...this.#settings(context.call, options, context.known), ...context };
    return certifyOneByOne(examples, createKey(0), ({ x, index }) => this.#certify(x, { ...request, index }));
  }

  #settings(call: string, options: DerandomizedCertifyOptions, known: readonly string[] = []): Settings {
    const settings = derandomizedCertifyOptions.parse(call, options, known);
    this.#checked.norm(call, settings.norm);
    return settings;
  }

  async #certify(x: tf.Tensor, request: Request): Promise<Certificate> {
    const { counts, inferenceForm } = await this.#counts(x, request);
    const norm = this.#checked.norm(request.call, request.norm);
    const threshold = thresholdOf(this.votes);
    return derandomizedCertificate({ counts, threshold, noise: this.noise, norm, dimension: x.size, inferenceForm });
  }

  async #counts(
    x: tf.Tensor,
    request: Request,
  ): Promise<{ readonly counts: number[]; readonly inferenceForm: boolean }> {
    const { call, run, index = 0, signal, batchSize, onSamples } = request;
    const { noise } = this.#checked;
    return this.#checked.withOwn(request, x, async (own, voting) => {
      signal?.throwIfAborted();
      const reader = rowsReader(voting, call, run);
      const hostTurn = hostTurns(signal);
      const image = await valuesFor(noise, own);
      const counts = new Array<number>(voting.numClasses).fill(0);
      for (let begin = 0; begin < noise.copies;) {
        const start = begin;
        const count = Math.min(batchSize ?? voting.batches.next(own.size), noise.copies - start);
        const batch = await reader.rows([copyRange(noise, own, { start, count }, image)]);
        begin += count;
        addVotes(counts, batch, { votes: this.votes, output: voting.output });
        onSamples?.({ index, drawn: begin, most: noise.copies });
        await hostTurn();
      }
      return { counts, inferenceForm: voting.form.inferenceForm };
    });
  }
}

/** The threshold of the votes, where they have one. */
function thresholdOf(votes: CopyVotes): number | undefined {
  return votes === 'argmax' ? undefined : votes.threshold;
}
