import type * as tf from '@tensorflow/tfjs';
import { hasDeadline } from '../certify/has-deadline.ts';
import { ruleOf } from '../certify/rule-of.ts';
import type { Certificate } from '../certify/types.ts';
import { OptionError } from '../errors.ts';
import { parseCertificate, parseReproduceCertificateOptions } from '../options/certificate-options.ts';
import type { DerandomizedClassifier } from './derandomized-classifier.ts';
import type { SmoothedClassifier } from './smoothed-classifier.ts';
import type { SoftSmoothedClassifier } from './soft-smoothed-classifier.ts';
import { assertSameNoise, type VerifyCertificateOptions } from './verify-certificate.ts';

/** Options of {@link reproduceCertificate}. */
export interface ReproduceCertificateOptions extends Pick<VerifyCertificateOptions, 'rule'> {
  /**
   * Noisy copies per forward pass.
   * @defaultValue the batch size of the smoothed classifier
   */
  readonly batchSize?: number;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** What {@link reproduceCertificate} found. */
export interface Reproduction {
  /** True if the run gave the same class, radius and votes. */
  readonly same: boolean;
  /**
   * By how many votes the two runs differ, selection and estimation together: 0 on the same backend, single votes on another one. A
   * sequential rule that therefore stops elsewhere differs by the samples in between.
   */
  readonly votesThatDiffer: number;
  /** The certificate of the new run. */
  readonly certificate: Certificate;
}

const CALL = 'reproduceCertificate';

/**
 * Draws the samples of a stored certificate again, from its key, and compares: are these the votes of this classifier at this input?
 *
 * Where the rule had a deadline, the run is drawn up to the sample where it stopped.
 *
 * @param g - the smoothed classifier of the same kind (hard, soft or derandomized) with the same noise
 * @param x - the example that was certified, float32; not disposed
 * @throws OptionError if the kind or the noise is another one; else as `certify`
 * @example
 * ```ts
 * const { same, votesThatDiffer } = await reproduceCertificate(g, image, certificate);
 * ```
 */
export async function reproduceCertificate(
  g: SmoothedClassifier | SoftSmoothedClassifier | DerandomizedClassifier,
  x: tf.Tensor,
  certificate: Certificate,
  options: ReproduceCertificateOptions = {},
): Promise<Reproduction> {
  const parsed = parseReproduceCertificateOptions(CALL, options);
  parseCertificate(CALL, certificate);
  assertSameNoise(CALL, certificate, g.noise);
  assertSameKind(g, certificate);
  const again = await certifyAgain(g, x, certificate, parsed);
  const votesThatDiffer = differingVotes(again, certificate);
  const same = votesThatDiffer === 0 && again.label === certificate.label && again.radius === certificate.radius;
  return { same, votesThatDiffer, certificate: again };
}

function certifyAgain(
  g: SmoothedClassifier | SoftSmoothedClassifier | DerandomizedClassifier,
  x: tf.Tensor,
  { key, n0, n, alpha, norm, checkEvery, rule, nUsed }: Certificate,
  { rule: given, ...run }: ReproduceCertificateOptions,
): Promise<Certificate> {
  if ('counts' in g) return g.certify(x, { norm, ...run });
  if (key === null)
    throw new OptionError('`certificate` must hold a key for a random noise, got null', {
      call: CALL,
      field: 'certificate',
      value: key,
    });
  if ('beta' in g) return g.certify(x, { key, n0, n, alpha, norm, ...run });
  if (!hasDeadline(rule)) {
    return g.certify(x, { key, n0, n, alpha, norm, checkEvery, rule: given ?? ruleOf(rule), ...run });
  }
  const stops = [{ name: 'stop-at-samples', parameters: { samples: nUsed } }];
  const untilThere = ruleOf({ ...rule, parameters: { ...rule.parameters, stops } });
  return g.certify(x, { key, n0, n, alpha, norm, checkEvery, rule: untilThere, ...run });
}

function assertSameKind(
  g: SmoothedClassifier | SoftSmoothedClassifier | DerandomizedClassifier,
  { smoothing, rule }: Certificate,
): void {
  // Only soft smoothing has an inverse temperature; rules may have parameters of the same name.
  const kind = (of: string, beta: unknown): string =>
    of === 'soft' ? `soft smoothing with beta ${String(beta)}` : `${of} smoothing`;
  const named = kind(smoothing, rule.parameters['beta']);
  const got = kind(g.smoothing, 'beta' in g ? g.beta : undefined);
  if (got === named) return;
  throw new OptionError(
    `\`g\` must be the classifier that the certificate speaks of (${named}), got ${got} (they are different classifiers)`,
    { call: CALL, field: 'g', value: g.smoothing },
  );
}

/** Votes that moved between classes, or were drawn only once, over both samples; for soft smoothing 0 or 1: the sums of scores differ. */
function differingVotes(a: Certificate, b: Certificate): number {
  if (a.scores && b.scores) return a.scores.sum === b.scores.sum && a.cAHat === b.cAHat ? 0 : 1;
  const moved = (from: readonly number[], to: readonly number[]): number => {
    const classes = Math.max(from.length, to.length);
    const differences = Array.from({ length: classes }, (_, c) => (from[c] ?? 0) - (to[c] ?? 0));
    const more = differences.filter((d) => d > 0).reduce((sum, d) => sum + d, 0);
    const fewer = differences.filter((d) => d < 0).reduce((sum, d) => sum - d, 0);
    return Math.max(more, fewer);
  };
  return moved(a.counts, b.counts) + moved(a.countsSelection, b.countsSelection);
}
