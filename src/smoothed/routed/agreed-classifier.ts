import type * as tf from '@tensorflow/tfjs';
import { fixedSample } from '../../certify/fixed-sample.ts';
import type { CertificationRule } from '../../certify/rule.ts';
import { topTwo } from '../../certify/top-two.ts';
import { ABSTAIN, type Certificate, type Prediction } from '../../certify/types.ts';
import { topClass } from '../../certify/vote-counts.ts';
import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { type CallContext, contextOf, withContext } from '../../options/call-context.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { split } from '../../random/key.ts';
import type { Key, Norm } from '../../types.ts';
import {
  type CertifyOptions,
  predictOptions,
  type PredictOptions,
  ruleField,
  softCertifyFields,
} from '../call-options.ts';
import type { OutputCertifier } from '../outputs/types.ts';
import type { SmoothedClassifier } from '../smoothed-classifier.ts';
import type { StreamExample, TimedOutput } from '../types.ts';
import { agreedCertificate } from './agreed-certificate.ts';
import { agreedRadius } from './agreed-radius.ts';
import type { AgreedCertificate, AgreedPrediction } from './agreed-types.ts';
import { proveCandidates, selectCandidates } from './candidate-votes.ts';
import {
  assertFittingParts,
  assertNormOfAll,
  certifyEach,
  enginesOf,
  partsField,
  routerField,
} from './smoothed-parts.ts';

/** Options of {@link AgreedClassifier}. */
export interface AgreedClassifierOptions {
  /** Two or more smoothed classifiers of the same classes and inputs, each with a noise of its own. They may share a network. */
  readonly experts: readonly SmoothedClassifier[];
  /**
   * Chooses an expert: a smoothed classifier with one class for each, under noise with `radiusAgainst`.
   * @defaultValue none: all experts have to agree, and the certificate holds for whichever router
   */
  readonly router?: SmoothedClassifier | undefined;
  /**
   * How many experts have to agree, where there is a router: those with most votes in its selection sample. Fewer than there are.
   * @defaultValue 2, of two experts 1
   */
  readonly candidates?: number | undefined;
}

const agreedClassifierOptions = optionsOf<AgreedClassifierOptions>()({
  experts: partsField,
  router: fields.optional(routerField),
  candidates: fields.optional(fields.positiveInteger),
});

/** Options of {@link AgreedClassifier.certify}. */
export interface AgreedCertifyOptions extends Omit<CertifyOptions, 'keepVotes' | 'rule'> {
  /**
   * How the votes of each expert become a certificate: a rule of one class, which the selection sample chooses.
   * @defaultValue fixedSample()
   */
  readonly rule?: CertificationRule | undefined;
  /**
   * Estimation samples of the router.
   * @defaultValue n
   */
  readonly routerN?: number | undefined;
}

const certifyOptions = optionsOf<AgreedCertifyOptions>()({
  ...softCertifyFields,
  checkEvery: fields.withDefault(fields.positiveInteger, 100),
  rule: fields.optional(ruleField),
  routerN: fields.optional(fields.sampleCount),
});

type Settings = ReturnType<typeof certifyOptions.parse> & { readonly norm: Norm; readonly routerN: number };

/** What the parts of one certificate share. */
interface PartRun {
  readonly settings: Settings;
  readonly context: CallContext;
}

/**
 * Several smoothed experts of which one answers, D(x) = g_{G(x)}(x), certified where it does not matter which: all that may be asked certify the same class.
 *
 * Without a router the certificate holds for **whichever** G: all experts have to agree, and the radius is the least of theirs. With a router only its candidates have to, the experts with most votes
 * in its selection sample, and the radius is at most that within which its choice is one of them. Inputs near the boundary of a router, of which a {@link RoutedClassifier} certifies
 * little, are so rescued. Each part has the full alpha: given what the selection samples chose, the minimum is wrong only if the part with the least true radius is.
 *
 * Candidate after candidate is certified, and the rest is left out as soon as one abstains or certifies another class; the estimation sample of the router comes last. Expert k is driven by
 * child k of `key`, the router by the child after the last.
 *
 * @see docs/guide/routed.md for the argument
 * @example
 * ```ts
 * const g = new AgreedClassifier({ experts, router });
 * const c = await g.certify(image, { key: createKey(0), n: 10_000 });
 * console.log(c.label, c.radius, c.limitedBy, c.router?.candidates);
 * ```
 */
export class AgreedClassifier implements OutputCertifier<AgreedCertifyOptions, AgreedCertificate> {
  /** Its certificates hold those of the experts. */
  readonly task = 'agreed' as const;
  /** Of one of them is the answer. */
  readonly experts: readonly SmoothedClassifier[];
  /** Chooses an expert; undefined for whichever choice. */
  readonly router: SmoothedClassifier | undefined;
  /** How many experts have to agree. */
  readonly candidates: number;
  /** Number of classes of the experts. */
  readonly numClasses: number;
  /** The noise of the router, and of the first expert where there is none. */
  readonly noise: Noise;

  /** Checks the options; the classifiers themselves are checked at the first call. */
  constructor(options: AgreedClassifierOptions) {
    const call = 'AgreedClassifier';
    const { experts, router, candidates } = agreedClassifierOptions.parse(call, options);
    assertFittingParts(call, { router, answering: experts, field: 'experts' });
    const most = experts.length - 1;
    const [first] = experts as readonly [SmoothedClassifier, ...SmoothedClassifier[]];
    if (router === undefined && candidates !== undefined)
      throw refusal(OptionError, { call, field: 'candidates', value: candidates }, 'must be left out without a router');
    if (candidates !== undefined && candidates > most) {
      const way = 'without a router all experts have to agree';
      throw refusal(OptionError, { call, field: 'candidates', value: candidates, way }, `must be at most ${most}`);
    }
    if (router !== undefined && router.noise.radiusAgainst === undefined) {
      const details = { call, field: 'router', value: router.noise.name };
      throw refusal(OptionError, details, 'must have noise with radiusAgainst');
    }
    this.experts = experts;
    this.router = router;
    this.candidates = router === undefined ? experts.length : (candidates ?? Math.min(2, most));
    this.numClasses = first.numClasses;
    this.noise = (router ?? first).noise;
  }

  /** What runs the classifiers, with its version, for logs. */
  get engine(): string | undefined {
    return enginesOf(this.#parts());
  }

  /** All noises, for `verifyCertificate` where some are of one's own. */
  get noises(): readonly Noise[] {
    return this.#parts().map(({ noise }) => noise);
  }

  /**
   * The class in which the experts agree at one example with a certified radius, or abstention; wrong with probability at most alpha.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also for a norm that one of the noises does not certify, and for rules of several classes; else as {@link SmoothedClassifier.certify}
   */
  async certify(x: tf.Tensor, options: AgreedCertifyOptions): Promise<AgreedCertificate> {
    const context = contextOf(options, 'AgreedClassifier.certify');
    return this.#certify(x, this.#settings(context, options), context);
  }

  /**
   * The class of all experts at one example, or abstention: what D answers there, whichever expert is asked. Each has the full alpha, as the answer is wrong only if that one's is.
   * The router is not asked; `predict` of a {@link RoutedClassifier} of the same parts asks it, for the same D.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError as {@link SmoothedClassifier.predict}
   */
  async predict(x: tf.Tensor, options: PredictOptions): Promise<AgreedPrediction> {
    const context = contextOf(options, 'AgreedClassifier.predict');
    const { key, ...rest } = predictOptions.parse(context.call, options, context.known);
    const keys = split(key, this.experts.length + 1);
    const experts: Prediction[] = [];
    for (const [k, expert] of this.experts.entries()) {
      const answer = await expert.predict(x, withContext({ ...rest, key: keys[k] as Key }, context));
      experts.push(answer);
      if (answer.abstained || answer.label !== experts[0]?.label)
        return { label: ABSTAIN, abstained: true, alpha: rest.alpha, experts };
    }
    return { label: experts[0]?.label ?? ABSTAIN, abstained: false, alpha: rest.alpha, experts };
  }

  /**
   * Certificates of many examples, one after the other; example i uses the key `foldIn(key, i)`.
   *
   * @throws OptionError at once for its options; from the iteration as {@link AgreedClassifier.certify}
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: AgreedCertifyOptions,
  ): AsyncGenerator<TimedOutput<AgreedCertificate>, void, undefined> {
    const context = contextOf(options, 'AgreedClassifier.certifyStream');
    const settings = this.#settings(context, options);
    return certifyEach(examples, settings, ({ x }, own) => this.#certify(x, own, context));
  }

  async #certify(x: tf.Tensor, settings: Settings, context: CallContext): Promise<AgreedCertificate> {
    const { key } = settings;
    const numExperts = this.experts.length;
    const ofRouter = { ...settings, key: split(key, numExperts + 1)[numExperts] as Key, m: this.candidates };
    const votes = this.router === undefined ? null : await selectCandidates(this.router, x, ofRouter, context);
    const experts = await this.#agreeing(votes?.candidates ?? this.experts.map((_, k) => k), x, { settings, context });
    const agree = experts.length === this.candidates && agreedRadius(experts).radius > 0;
    const isProven = this.router !== undefined && votes !== null && agree;
    const router = isProven ? await proveCandidates(this.router, x, votes, { ...ofRouter, context }) : votes;
    return agreedCertificate({ key, numExperts, router, experts });
  }

  /** The certificates of the candidates, up to the first that does not agree. */
  async #agreeing(
    candidates: readonly number[],
    x: tf.Tensor,
    { settings, context }: PartRun,
  ): Promise<readonly Certificate[]> {
    const { key, n0, n, alpha, norm, checkEvery, rule, routerN, onSamples, batchSize, signal } = settings;
    const keys = split(key, this.experts.length);
    const ofRouter = this.router === undefined ? 0 : n0;
    const most = candidates.length * (n0 + n) + (this.router === undefined ? 0 : n0 + routerN);
    let before = ofRouter;
    const experts: Certificate[] = [];
    for (const k of candidates) {
      const told = onSamples && {
        onSamples: ({ index, drawn }: { readonly index: number; readonly drawn: number }): void =>
          onSamples({ index, drawn: before + drawn, most }),
      };
      const own = { n0, n, alpha, norm, checkEvery, rule, batchSize, signal, key: keys[k] as Key, ...told };
      const expert = await (this.experts[k] as SmoothedClassifier).certify(x, withContext(own, context));
      if (expert.cAHat !== topClass(expert.countsSelection) || expert.topK !== 1)
        throw ofOneClass(context.call, expert.rule.name);
      experts.push(expert);
      if (expert.abstained || expert.label !== experts[0]?.label) break;
      before += expert.n0 + expert.nUsed;
    }
    return experts;
  }

  #parts(): readonly SmoothedClassifier[] {
    return this.router === undefined ? this.experts : [this.router, ...this.experts];
  }

  #settings({ call, known }: CallContext, options: AgreedCertifyOptions): Settings {
    const settings = certifyOptions.parse(call, options, known);
    const { n, alpha, routerN = n, rule = fixedSample() } = settings;
    const norm = settings.norm ?? (this.noise.norms[0] as Norm);
    const parts = this.router === undefined ? 'the experts' : 'router and experts';
    assertNormOfAll(call, { norm, noises: this.noises, parts });
    if (rule.name === 'top-k') throw ofOneClass(call, rule.name);
    rule.assertFeasible?.(call, { n, alpha, norm });
    if (this.router !== undefined) topTwo().assertFeasible?.(call, { n: routerN, alpha, norm });
    return { ...settings, norm, routerN };
  }
}

function ofOneClass(call: string, value: string): OptionError {
  const way = 'a minimum of radii is at level alpha only if every class is that of a selection sample';
  return refusal(OptionError, { call, field: 'rule', value, way }, 'must be a rule of one class');
}
