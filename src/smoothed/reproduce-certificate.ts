import type * as tf from '@tensorflow/tfjs';
import type { CertificationRule, RuleResult, Tally } from '../certify/rule.ts';
import { ruleOf } from '../certify/rule-of.ts';
import { hasDeadline } from '../certify/stops.ts';
import type { Certificate } from '../certify/types.ts';
import { OptionError, refusal } from '../errors.ts';
import { ownData } from '../host/own-data.ts';
import { withContext } from '../options/call-context.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { ruleField, runFields } from './call-options.ts';
import { parseCertificate } from './certificate-fields.ts';
import type { DerandomizedClassifier } from './derandomized-classifier.ts';
import { isOfOneSample } from './certify-one-sample.ts';
import { isOfInferenceForm } from './form-assumption.ts';
import { type OutputReproduction, reproduceOutput, type ReproducibleCertifier } from './outputs/reproduce-output.ts';
import type { OutputRecord } from './outputs/types.ts';
import { softSettingsOf } from './soft-bound.ts';
import type { SmoothedClassifier } from './smoothed-classifier.ts';
import type { SoftSmoothedClassifier } from './soft-smoothed-classifier.ts';
import { isOutputRecord, type VerifyCertificateOptions } from './verify-certificate.ts';
import { assertSameNoise, isSameJson } from './verify-votes.ts';

/** Options of {@link reproduceCertificate}. */
export interface ReproduceCertificateOptions extends Pick<VerifyCertificateOptions, 'rule'> {
  /**
   * Noisy copies per forward pass.
   * @defaultValue the batch size of the smoothed classifier
   */
  readonly batchSize?: number | undefined;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

const reproduceCertificateOptions = optionsOf<ReproduceCertificateOptions>()({
  rule: fields.optional(ruleField),
  ...runFields,
});

const outputReproduceOptions = optionsOf<Omit<ReproduceCertificateOptions, 'rule'>>()(runFields);

/** What {@link reproduceCertificate} found. */
export interface Reproduction {
  /** True if the run gave the same votes and the same certificate (up to the stop, where the rule had a deadline). */
  readonly same: boolean;
  /**
   * By how many votes the two runs differ, over the selection sample and the estimation samples that the certificate rests on: 0 on the same
   * backend, single votes on another one. A sequential rule that therefore stops elsewhere is compared at the samples and the steps
   * of the stored certificate, so that nothing is counted but other votes.
   */
  readonly votesThatDiffer: number;
  /** The certificate of the new run. */
  readonly certificate: Certificate;
}

const CALL = 'reproduceCertificate';

/** Draws the samples of a stored certificate of another output than one label again, from its key, and compares. */
export async function reproduceCertificate<C extends OutputRecord>(
  g: ReproducibleCertifier,
  x: tf.Tensor,
  certificate: C,
  options?: Omit<ReproduceCertificateOptions, 'rule'>,
): Promise<OutputReproduction<C>>;
/**
 * Draws the samples of a stored certificate again, from its key, and compares: are these the votes of this classifier at this input?
 *
 * A stored certificate that `verifyCertificate` finds valid for the dimension and the classes of this classifier, and from which the run differs by v
 * votes, claims no more than the votes of the run give once v of them are cast otherwise: votes are compared at every moment on which it rests. Where the rule had a deadline, the run is drawn up to the sample where it stopped.
 *
 * A certificate of another output than one label is made anew with its own settings and compared field by field; it can be the same only on the same engine.
 *
 * @param g - the smoothed classifier of the same kind (hard, soft or derandomized) with the same noise, or what made the certificate of another output
 * @param x - the example that was certified, float32; not disposed
 * @throws OptionError if the kind or the noise is another one, if the key is secret or a deadline ended the sampling; else as `certify`
 * @example
 * ```ts
 * const { same, votesThatDiffer } = await reproduceCertificate(g, image, certificate);
 * ```
 */
export async function reproduceCertificate(
  g: SmoothedClassifier | SoftSmoothedClassifier | DerandomizedClassifier,
  x: tf.Tensor,
  certificate: Certificate,
  options?: ReproduceCertificateOptions,
): Promise<Reproduction>;
export async function reproduceCertificate(
  g: SmoothedClassifier | SoftSmoothedClassifier | DerandomizedClassifier | ReproducibleCertifier,
  x: tf.Tensor,
  certificate: Certificate | OutputRecord,
  options: ReproduceCertificateOptions = {},
): Promise<Reproduction | OutputReproduction> {
  if (isOutputRecord(certificate)) {
    const parsed = outputReproduceOptions.parse(CALL, options);
    return reproduceOutput(CALL, g as ReproducibleCertifier, x, { certificate, run: parsed });
  }
  return reproduceVotes(g as SmoothedClassifier, x, certificate, options);
}

async function reproduceVotes(
  g: SmoothedClassifier | SoftSmoothedClassifier | DerandomizedClassifier,
  x: tf.Tensor,
  certificate: Certificate,
  options: ReproduceCertificateOptions,
): Promise<Reproduction> {
  const parsed = reproduceCertificateOptions.parse(CALL, options);
  parseCertificate(CALL, certificate);
  const stored = ownData(certificate);
  assertSameNoise(CALL, certificate, g.noise);
  assertSameKind(g, certificate);
  const { again, tallies } = await certifyAgain(g, x, stored, parsed);
  const votesThatDiffer = differingVotes(again, stored, tallies);
  return { same: votesThatDiffer === 0 && isSameCertificate(again, stored), votesThatDiffer, certificate: again };
}

/** A run, and its votes at the moments on which the stored certificate rests. */
interface Again {
  readonly again: Certificate;
  readonly tallies?: ReadonlyMap<number, readonly number[]>;
}

async function certifyAgain(
  g: SmoothedClassifier | SoftSmoothedClassifier | DerandomizedClassifier,
  x: tf.Tensor,
  stored: Certificate,
  { rule: given, ...run }: ReproduceCertificateOptions,
): Promise<Again> {
  // By the models themselves, if they voted then.
  const asThen = <Options extends object>(options: Options): Options =>
    withContext(options, { inferenceForm: isOfInferenceForm(stored.assumptions) });
  const { key, n0, n, alpha, norm, checkEvery, rule, nUsed } = stored;
  const keepVotes = stored.votes?.length ?? 0;
  if ('counts' in g) return { again: await g.certify(x, asThen({ norm, ...run })) };
  if (key === null)
    throw refusal(
      OptionError,
      {
        call: CALL,
        field: 'certificate',
        value: key,
        ...(isOfOneSample(stored) && { way: 'its counts were drawn elsewhere' }),
      },
      'must hold a key for a random noise',
    );
  if ('beta' in g) {
    const { bound, thresholds } = softSettingsOf(rule);
    return { again: await g.certify(x, asThen({ key, n0, n, alpha, norm, bound, thresholds, ...run })) };
  }
  const stops = [{ name: 'stop-at-samples', parameters: { samples: nUsed } }];
  const decides = hasDeadline(rule)
    ? ruleOf({ ...rule, parameters: { ...rule.parameters, stops } })
    : (given ?? ruleOf(rule));
  const recording = recordingRule(decides, stored);
  const drawn = await g.certify(
    x,
    asThen({ key, n0, n, alpha, norm, checkEvery, keepVotes, rule: recording.rule, ...run }),
  );
  const { counts, used, stop } = recording.end();
  const failures = counts.reduce((left, count) => left - count, used);
  const end = { counts, nUsed: used, stop, failures, nA: counts[drawn.cAHat] ?? 0 };
  return { again: { ...drawn, ...end }, tallies: recording.tallies };
}

/** All fields, but for what a deadline decides and for what the same run was given another rule for. */
function isSameCertificate(again: Certificate, stored: Certificate): boolean {
  const but = hasDeadline(stored.rule) ? { rule: stored.rule, stop: stored.stop } : {};
  return isSameJson(JSON.parse(JSON.stringify({ ...again, ...but })), JSON.parse(JSON.stringify(stored)));
}

function assertSameKind(
  g: SmoothedClassifier | SoftSmoothedClassifier | DerandomizedClassifier,
  { smoothing, rule }: Certificate,
): void {
  // Only soft smoothing has an inverse temperature; rules may have parameters of the same name.
  const kind = (of: string, beta: unknown, threshold: unknown): string => {
    if (of === 'soft') return `soft smoothing with beta ${String(beta)}`;
    return `${of} smoothing${threshold === undefined ? '' : ` with threshold ${JSON.stringify(threshold)}`}`;
  };
  const isEnumerated = rule.name === 'enumeration'; // rules of one's own may have a threshold too
  const named = kind(smoothing, rule.parameters['beta'], isEnumerated ? rule.parameters['threshold'] : undefined);
  const got = kind(
    g.smoothing,
    'beta' in g ? g.beta : undefined,
    'rule' in g ? g.rule.parameters['threshold'] : undefined,
  );
  if (got === named) return;
  const details = { call: CALL, field: 'g', value: g.smoothing, got, way: 'they are different classifiers' };
  throw refusal(OptionError, details, `must be the classifier that the certificate speaks of (${named})`);
}

/**
 * Votes that moved between classes, or were drawn only once, over both samples; for soft smoothing 0 or 1: the sums of scores differ. A step
 * that the certificate rests on differs by its votes for the class.
 */
function differingVotes(again: Certificate, stored: Certificate, tallies?: Again['tallies']): number {
  if (again.scores && stored.scores)
    return isSameJson(again.scores, stored.scores) && again.cAHat === stored.cAHat ? 0 : 1;
  const { counts, countsSelection, steps = [], nUsed, cAHat } = stored;
  const selection = movedVotes(again.countsSelection, countsSelection);
  if (tallies === undefined) return selection + movedVotes(again.counts, counts);
  // At a number of samples where no check was, nothing was counted: all are other votes.
  const atSteps = steps.map(({ n, nA }) => Math.abs((tallies.get(n)?.[cAHat] ?? Infinity) - nA));
  const atEnd = movedVotes(tallies.get(nUsed) ?? [], counts);
  const kept = stored.votes?.filter((vote, i) => again.votes?.[i] !== vote).length ?? 0;
  return selection + Math.max(atEnd, kept, ...atSteps.map((votes) => Math.min(votes, nUsed)));
}

function movedVotes(from: readonly number[], to: readonly number[]): number {
  const classes = Math.max(from.length, to.length);
  const differences = Array.from({ length: classes }, (_, c) => (from[c] ?? 0) - (to[c] ?? 0));
  const more = differences.filter((d) => d > 0).reduce((sum, d) => sum + d, 0);
  const fewer = differences.filter((d) => d < 0).reduce((sum, d) => sum - d, 0);
  return Math.max(more, fewer);
}

/** Where a rule ended. */
interface RuleEnd extends Tally {
  readonly stop: string;
  readonly result: RuleResult;
}

/** A rule that keeps the votes at the moments on which a stored certificate rests. */
interface RecordingRule {
  /** Decides as the rule does, and draws on until the last of these moments. */
  readonly rule: CertificationRule;
  /** Votes per class by the number of samples. */
  readonly tallies: ReadonlyMap<number, readonly number[]>;
  /** Where the rule itself ended. */
  readonly end: () => RuleEnd;
}

function recordingRule(rule: CertificationRule, { nUsed, steps = [] }: Certificate): RecordingRule {
  const moments = new Set([nUsed, ...steps.map(({ n }) => n)]);
  const tallies = new Map<number, readonly number[]>();
  let ended: RuleEnd | undefined;
  const end = (): RuleEnd => {
    if (ended === undefined) throw new Error('the rule is asked at n at the latest');
    return ended;
  };
  const recording: CertificationRule = {
    name: rule.name,
    parameters: rule.parameters,
    ...(rule.choosesClass !== undefined && { choosesClass: rule.choosesClass }),
    begin: (context) => {
      const run = rule.begin(context);
      return {
        check: ({ counts, used }) => {
          const tally = { counts: [...counts], used };
          if (moments.has(used)) tallies.set(used, tally.counts);
          if (ended === undefined) {
            const stop = run.check(tally) ?? (used === context.n ? 'all-drawn' : undefined);
            if (stop !== undefined) ended = { ...tally, stop, result: run.result(tally) };
          }
          return used < nUsed ? undefined : ended?.stop;
        },
        result: () => end().result,
      };
    },
  };
  return { rule: recording, tallies, end };
}
