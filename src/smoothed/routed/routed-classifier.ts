import type * as tf from '@tensorflow/tfjs';
import { fixedSample } from '../../certify/fixed-sample.ts';
import type { CertificationRule } from '../../certify/rule.ts';
import { ABSTAIN, type Certificate } from '../../certify/types.ts';
import { topClass } from '../../certify/vote-counts.ts';
import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { type CallContext, contextOf, withContext } from '../../options/call-context.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { split } from '../../random/key.ts';
import { certificateKeys } from '../../random/purposes.ts';
import type { Norm } from '../../types.ts';
import {
  type CertifyOptions,
  predictOptions,
  type PredictOptions,
  ruleField,
  softCertifyFields,
} from '../call-options.ts';
import { noiseAssumptions, noiseRecord } from '../certificates.ts';
import { isOfInferenceForm } from '../form-assumption.ts';
import type { OutputCertifier } from '../outputs/types.ts';
import type { SmoothedClassifier } from '../smoothed-classifier.ts';
import type { StreamExample, TimedOutput } from '../types.ts';
import { aimedRule } from './aimed-rule.ts';
import { routedCertificate } from './routed-certificate.ts';
import {
  assertFittingParts,
  assertNormOfAll,
  certifyEach,
  enginesOf,
  partsField,
  routerField,
} from './smoothed-parts.ts';
import type { RoutedCertificate, RoutedPrediction } from './types.ts';

/** Options of {@link RoutedClassifier}. */
export interface RoutedClassifierOptions {
  /** Chooses an expert: a smoothed classifier with one class for each. */
  readonly router: SmoothedClassifier;
  /** Two or more smoothed classifiers of the same classes and inputs, each with a noise of its own. They may share a network. */
  readonly experts: readonly SmoothedClassifier[];
}

const routedClassifierOptions = optionsOf<RoutedClassifierOptions>()({ router: routerField, experts: partsField });

/** Options of {@link RoutedClassifier.certify}. */
export interface RoutedCertifyOptions extends Omit<CertifyOptions, 'keepVotes' | 'rule'> {
  /**
   * How the votes of the expert become a certificate: a rule of one class, which the selection sample chooses.
   * @defaultValue fixedSample()
   */
  readonly rule?: CertificationRule | undefined;
  /**
   * How the votes of the router become one: a rule that was fixed before, for example a `plannedRadius` for the radius that is wanted.
   * @defaultValue fixedRadius() for the radius of the expert and three parts of it; fixedSample() where that is out of reach
   */
  readonly routerRule?: CertificationRule | undefined;
  /**
   * Most estimation samples of the router.
   * @defaultValue n
   */
  readonly routerN?: number | undefined;
}

const certifyOptions = optionsOf<RoutedCertifyOptions>()({
  ...softCertifyFields,
  checkEvery: fields.withDefault(fields.positiveInteger, 100),
  rule: fields.optional(ruleField),
  routerRule: fields.optional(ruleField),
  routerN: fields.optional(fields.sampleCount),
});

type Settings = ReturnType<typeof certifyOptions.parse> & { readonly norm: Norm };

/**
 * A smoothed classifier whose noise follows the input, soundly: D(x) = g_{G(x)}(x), where a smoothed router G chooses one of several smoothed experts g_k.
 *
 * Within the radius of the router its choice is the same, so that D is one smoothed classifier there, and within that of the expert its class is. The radius is the smaller one of
 * both, each at the full level α: given what the selection samples chose, the minimum is wrong only if the part with the smaller true radius is.
 *
 * The expert is certified first, then the router, which need not prove more than the radius of the expert. The first half-key of `key` drives the router, the second the expert;
 * each is split as that of `certify`, so that the choice of the expert shares no sample with its certificate.
 *
 * @see Sun, Mao, Vechev, "Dual Randomized Smoothing: Beyond Global Noise Variance", ICLR 2026, for the idea; the composition is derived in docs/guide/routed.md
 * @example
 * ```ts
 * const g = new RoutedClassifier({ router, experts });
 * const c = await g.certify(image, { key: createKey(0), n: 10_000 });
 * console.log(c.label, c.radius, c.limitedBy, c.expert.radius);
 * ```
 */
export class RoutedClassifier implements OutputCertifier<RoutedCertifyOptions, RoutedCertificate> {
  /** Its certificates hold those of a router and of an expert. */
  readonly task = 'routed' as const;
  /** Chooses an expert. */
  readonly router: SmoothedClassifier;
  /** Of one of them is the answer. */
  readonly experts: readonly SmoothedClassifier[];
  /** Number of classes of the experts. */
  readonly numClasses: number;
  /** The noise of the router. */
  readonly noise: Noise;

  /** Checks the options; the classifiers themselves are checked at the first call. */
  constructor(options: RoutedClassifierOptions) {
    const call = 'RoutedClassifier';
    const { router, experts } = routedClassifierOptions.parse(call, options);
    assertFittingParts(call, { router, answering: experts, field: 'experts' });
    this.router = router;
    this.experts = experts;
    this.numClasses = (experts[0] as SmoothedClassifier).numClasses;
    this.noise = router.noise;
  }

  /** What runs the classifiers, with its version, for logs. */
  get engine(): string | undefined {
    return enginesOf([this.router, ...this.experts]);
  }

  /** All noises, for `verifyCertificate` where some are of one's own. */
  get noises(): readonly Noise[] {
    return [this.router, ...this.experts].map(({ noise }) => noise);
  }

  /**
   * The class of the router with its experts at one example with a certified radius, or abstention; wrong with probability at most alpha.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also for a norm that one of the noises does not certify, and for rules of several classes; else as {@link SmoothedClassifier.certify}
   */
  async certify(x: tf.Tensor, options: RoutedCertifyOptions): Promise<RoutedCertificate> {
    const context = contextOf(options, 'RoutedClassifier.certify');
    return this.#certify(x, this.#settings(context, options), context);
  }

  /**
   * The class of the router with its experts at one example, or abstention; wrong with probability at most alpha. It is no minimum, so each part has half of alpha.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError, TensorError, ClassifierError as {@link SmoothedClassifier.predict}
   */
  async predict(x: tf.Tensor, options: PredictOptions): Promise<RoutedPrediction> {
    const context = contextOf(options, 'RoutedClassifier.predict');
    const { key, alpha, ...rest } = predictOptions.parse(context.call, options, context.known);
    const [routerKey, expertKey] = split(key);
    const half = { ...rest, alpha: alpha / 2 };
    const router = await this.router.predict(x, withContext({ ...half, key: routerKey }, context));
    if (router.abstained) return { label: ABSTAIN, abstained: true, alpha, router, expert: null };
    const expert = await this.#expert(router.label).predict(x, withContext({ ...half, key: expertKey }, context));
    return { label: expert.label, abstained: expert.abstained, alpha, router, expert };
  }

  /**
   * Certificates of many examples, one after the other; example i uses the key `foldIn(key, i)`.
   *
   * @throws OptionError at once for its options; from the iteration as {@link RoutedClassifier.certify}
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: RoutedCertifyOptions,
  ): AsyncGenerator<TimedOutput<RoutedCertificate>, void, undefined> {
    const context = contextOf(options, 'RoutedClassifier.certifyStream');
    const settings = this.#settings(context, options);
    return certifyEach(examples, settings, ({ x }, own) => this.#certify(x, own, context));
  }

  async #certify(x: tf.Tensor, settings: Settings, context: CallContext): Promise<RoutedCertificate> {
    const { key, n0, n, alpha, norm, checkEvery, rule, routerRule, routerN = n, onSamples, ...run } = settings;
    const [routerKey, expertKey] = split(key);
    const most = 2 * n0 + n + routerN;
    const telling = (before: number): Pick<CertifyOptions, 'onSamples'> =>
      onSamples ? { onSamples: ({ index, drawn }) => onSamples({ index, drawn: before + drawn, most }) } : {};
    const { router } = this;
    const sample = { ...run, key: certificateKeys(routerKey).selection, n: n0 };
    const selection = await router.sampleCounts(x, withContext(sample, context));
    const chosen = topClass(selection);
    const shared = { ...run, n0, alpha, norm, checkEvery };
    const ofExpert = { ...shared, key: expertKey, n, rule, ...telling(n0) };
    const expert = await this.#expert(chosen).certify(x, withContext(ofExpert, context));
    let proof: Certificate | null = null;
    if (!expert.abstained) {
      const aim = { radius: expert.radius, noise: router.noise, n: routerN, alpha, norm, dimension: x.size };
      const ofRouter = { ...shared, key: routerKey, n: routerN, rule: routerRule ?? aimedRule(aim) };
      const options = { ...ofRouter, ...telling(expert.n0 + expert.nUsed) };
      proof = await router.certify(x, withContext(options, { ...context, selection }));
    }
    for (const [field, part, choice] of [
      ['rule', expert, topClass(expert.countsSelection)],
      ['routerRule', proof, chosen],
    ] as const) {
      if (part === null || (part.cAHat === choice && part.topK === 1)) continue;
      const details = { call: context.call, field, value: part.rule.name };
      throw refusal(OptionError, details, 'must be a rule of one class, the one that the selection sample chose');
    }
    const { inputRange, noise } = router;
    const inferenceForm = proof !== null && isOfInferenceForm(proof.assumptions);
    const assumptions = noiseAssumptions(noise, { inputRange, inferenceForm });
    const granted = { noise: noiseRecord(noise), domain: noise.domain, assumptions };
    return routedCertificate({ key, selection, n0, router: proof, expert, granted });
  }

  #expert(place: number): SmoothedClassifier {
    return this.experts[place] as SmoothedClassifier;
  }

  #settings({ call, known }: CallContext, options: RoutedCertifyOptions): Settings {
    const settings = certifyOptions.parse(call, options, known);
    const { n, alpha, routerN = n } = settings;
    const norm = settings.norm ?? (this.noise.norms[0] as Norm);
    assertNormOfAll(call, { norm, noises: this.noises, parts: 'router and experts' });
    for (const field of ['rule', 'routerRule'] as const) {
      const rule = settings[field] ?? fixedSample();
      if (rule.name === 'top-k') {
        const way = 'a minimum of two radii is at level alpha only if both choices are those of selection samples';
        throw refusal(OptionError, { call, field, value: rule.name, way }, 'must be a rule of one class');
      }
      rule.assertFeasible?.(call, { n: field === 'rule' ? n : routerN, alpha, norm });
    }
    return { ...settings, norm };
  }
}
