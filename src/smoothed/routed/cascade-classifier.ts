import type * as tf from '@tensorflow/tfjs';
import { ABSTAIN } from '../../certify/types.ts';
import { topClass } from '../../certify/vote-counts.ts';
import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { type CallContext, contextOf, withContext } from '../../options/call-context.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { split } from '../../random/key.ts';
import { certificateKeys } from '../../random/purposes.ts';
import { clopperPearsonLowerBound } from '../../stats/clopper-pearson.ts';
import type { Key, Norm } from '../../types.ts';
import { type CertifyOptions, softCertifyFields } from '../call-options.ts';
import { noiseAssumptions, noiseRecord } from '../certificates.ts';
import type { OutputCertifier } from '../outputs/types.ts';
import type { SmoothedClassifier } from '../smoothed-classifier.ts';
import type { StreamExample, TimedOutput } from '../types.ts';
import { cascadeCertificate, isAnswering, isGaussian, radiusOfStage } from './cascade-certificate.ts';
import type { CascadeCertificate, StageVotes } from './cascade-types.ts';
import { assertFittingParts, assertNormOfAll, certifyEach, enginesOf, partsField } from './smoothed-parts.ts';

/** Options of {@link CascadeClassifier}. */
export interface CascadeClassifierOptions {
  /** Two or more smoothed classifiers of the same classes and inputs, in the order in which they are asked, each with Gaussian noise. */
  readonly stages: readonly SmoothedClassifier[];
  /**
   * A stage answers with a class whose probability reaches this, in [1/2, 1).
   * @defaultValue 1/2
   */
  readonly stopAt?: number | undefined;
}

const cascadeClassifierOptions = optionsOf<CascadeClassifierOptions>()({
  stages: partsField,
  stopAt: fields.withDefault(
    fields.field<number>('must be in [1/2, 1)', (v) => fields.isFiniteNumber(v) && v >= 0.5 && v < 1),
    0.5,
  ),
});

/** Options of {@link CascadeClassifier.certify}: each stage draws n0 samples, and n more where something is left to be proven. */
export type CascadeCertifyOptions = Omit<CertifyOptions, 'keepVotes' | 'rule' | 'checkEvery'>;

const certifyOptions = optionsOf<CascadeCertifyOptions>()(softCertifyFields);

type Settings = ReturnType<typeof certifyOptions.parse> & { readonly norm: Norm };

/**
 * Stage after stage smooths with Gaussian noise of its own: the first in which a class has probability of at least τ answers with it; where no stage does, there is no answer.
 *
 * The selection samples say which stage answers and with which class. Then that stage proves that its class stays above τ within σ (Φ⁻¹(p̲) − Φ⁻¹(τ)), and each one before it that
 * every class stays below, within σ_j (Φ⁻¹(τ) − Φ⁻¹(p̄)), see {@link cascadeRadius}. The radius is the least, and each part has the full level alpha: given what the selection samples
 * say, the minimum is wrong only if the part with the least true radius is.
 *
 * The answering stage comes first, then those before it, up to the first that proves nothing. Stage j is driven by child j of `key`. There is no `predict`: what `certify` says of the class takes the same samples.
 *
 * @see docs/guide/routed.md for the argument
 * @example
 * ```ts
 * const g = new CascadeClassifier({ stages: [ofMuchNoise, ofLittleNoise], stopAt: 0.7 });
 * const c = await g.certify(image, { key: createKey(0), n: 10_000 });
 * console.log(c.label, c.radius, c.answering, c.limitedBy);
 * ```
 */
export class CascadeClassifier implements OutputCertifier<CascadeCertifyOptions, CascadeCertificate> {
  /** Its certificates hold the votes of its stages. */
  readonly task = 'cascade' as const;
  /** The stages, in the order in which they are asked. */
  readonly stages: readonly SmoothedClassifier[];
  /** A stage answers with a class whose probability reaches this. */
  readonly stopAt: number;
  /** Number of classes. */
  readonly numClasses: number;
  /** The noise of the first stage. */
  readonly noise: Noise;

  /** Checks the options; the classifiers themselves are checked at the first call. */
  constructor(options: CascadeClassifierOptions) {
    const call = 'CascadeClassifier';
    const { stages, stopAt } = cascadeClassifierOptions.parse(call, options);
    for (const { noise } of stages) {
      if (isGaussian(noise)) continue;
      const details = { call, field: 'stages', value: noise.name };
      throw refusal(OptionError, details, 'must all have gaussian or sound-gaussian noise');
    }
    assertFittingParts(call, { answering: stages, field: 'stages' });
    const [first] = stages as readonly [SmoothedClassifier, ...SmoothedClassifier[]];
    this.stages = stages;
    this.stopAt = stopAt;
    this.numClasses = first.numClasses;
    this.noise = first.noise;
  }

  /** What runs the classifiers, with its version, for logs. */
  get engine(): string | undefined {
    return enginesOf(this.stages);
  }

  /**
   * The class of the cascade at one example with a certified radius, or abstention; wrong with probability at most alpha.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also if n is too small for alpha to certify anything; else as {@link SmoothedClassifier.certify}
   */
  async certify(x: tf.Tensor, options: CascadeCertifyOptions): Promise<CascadeCertificate> {
    const context = contextOf(options, 'CascadeClassifier.certify');
    return this.#certify(x, this.#settings(context, options), context);
  }

  /**
   * Certificates of many examples, one after the other; example i uses the key `foldIn(key, i)`.
   *
   * @throws OptionError at once for its options; from the iteration as {@link CascadeClassifier.certify}
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: CascadeCertifyOptions,
  ): AsyncGenerator<TimedOutput<CascadeCertificate>, void, undefined> {
    const context = contextOf(options, 'CascadeClassifier.certifyStream');
    const settings = this.#settings(context, options);
    return certifyEach(examples, settings, ({ x }, own) => this.#certify(x, own, context));
  }

  async #certify(x: tf.Tensor, settings: Settings, context: CallContext): Promise<CascadeCertificate> {
    const { key, n0, n, alpha, norm, onSamples, batchSize, signal } = settings;
    const { stopAt } = this;
    const numStages = this.stages.length;
    const keys = split(key, numStages).map((one) => certificateKeys(one));
    let drawn = 0;
    const sample = async (
      j: number,
      of: 'selection' | 'estimation',
      onForm?: (is: boolean) => void,
    ): Promise<number[]> => {
      const size = of === 'selection' ? n0 : n;
      const options = { batchSize, signal, n: size, key: keys[j]?.[of] as Key };
      const counts = await this.#stage(j).sampleCounts(x, withContext(options, { ...context, onForm }));
      drawn += size;
      onSamples?.({ index: 0, drawn, most: numStages * (n0 + n) });
      return counts;
    };
    const stages: StageVotes[] = [];
    for (const [j, { noise, inputRange }] of this.stages.entries()) {
      let inferenceForm = false;
      const selection = await sample(j, 'selection', (is) => void (inferenceForm = is));
      const assumptions = noiseAssumptions(noise, { inputRange, inferenceForm });
      stages.push({ noise: noiseRecord(noise), assumptions, selection, counts: null, radius: null });
      if (isAnswering(selection, { n0, stopAt })) break;
    }
    const last = stages.length - 1;
    const { selection } = stages[last] as StageVotes;
    const order = isAnswering(selection, { n0, stopAt }) ? [last, ...Array(last).keys()] : [];
    for (const j of order) {
      const counts = await sample(j, 'estimation');
      const label = j === last ? topClass(selection) : ABSTAIN;
      const { noise } = this.#stage(j);
      const radius = radiusOfStage({ counts, label, noise, n, stopAt, alpha, norm, dimension: x.size });
      stages[j] = { ...(stages[j] as StageVotes), counts, radius };
      if (radius === 0) break;
    }
    const shared = { key, domain: this.noise.domain, norm, dimension: x.size, alpha, stopAt, numStages, n0, n };
    return cascadeCertificate({ ...shared, stages });
  }

  #stage(j: number): SmoothedClassifier {
    return this.stages[j] as SmoothedClassifier;
  }

  #settings({ call, known }: CallContext, options: CascadeCertifyOptions): Settings {
    const settings = certifyOptions.parse(call, options, known);
    const { n, alpha } = settings;
    const norm = settings.norm ?? (this.noise.norms[0] as Norm);
    assertNormOfAll(call, { norm, noises: this.stages.map(({ noise }) => noise), parts: 'the stages' });
    if (clopperPearsonLowerBound(n, n, alpha).p > this.stopAt) return { ...settings, norm };
    const must = `must be large enough that unanimous votes prove more than stopAt = ${this.stopAt} at alpha = ${alpha}`;
    throw refusal(OptionError, { call, field: 'n', value: n }, must);
  }
}
