import type { CertificationRule } from '../certify/rule.ts';
import type { Certificate } from '../certify/types.ts';
import type { DeterministicNoise, Noise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { ruleField } from './call-options.ts';
import { calibrationFaults } from './conformal/calibration-faults.ts';
import type { RobustSetsRecord } from './conformal/robust-sets-record.ts';
import type { OutputRecord } from './outputs/types.ts';
import { kindOfOutput, verifyOutput } from './outputs/verify-output.ts';
import { assertSameNoise, type Verification, verifyVotes } from './verify-votes.ts';

/** Options of {@link verifyCertificate}. */
export interface VerifyCertificateOptions {
  /**
   * The rule that decided, for a rule of one's own.
   * @defaultValue the rule that the certificate names
   */
  readonly rule?: CertificationRule | undefined;
  /**
   * Number of coordinates of the input that was certified. ℓ∞ radii depend on it, and a certificate alone cannot tell whether its own is true.
   * @defaultValue what the certificate says
   */
  readonly dimension?: number | undefined;
  /**
   * Number of classes of the classifier. Top-k radii depend on it, and a certificate alone cannot tell whether it left out classes without
   * votes.
   * @defaultValue what the certificate says
   */
  readonly numClasses?: number | undefined;
  /**
   * Of a conformal set: the JSON of the sets that made it. Its threshold is then held against their calibration scores, which a certificate does not hold.
   * @defaultValue the threshold is taken from the certificate
   */
  readonly sets?: RobustSetsRecord | undefined;
  /**
   * Of a certificate that holds others: the noises of one's own that they name (`noises` of a `RoutedClassifier` or an `AgreedClassifier`).
   * @defaultValue those of catrs are made from their records
   */
  readonly noises?: readonly (Noise | DeterministicNoise)[] | undefined;
}

const verifyCertificateOptions = optionsOf<VerifyCertificateOptions>()({
  rule: fields.optional(ruleField),
  dimension: fields.optional(fields.positiveInteger),
  numClasses: fields.optional(fields.classCount),
  sets: fields.optional(fields.object<RobustSetsRecord>('must be the JSON of conformal sets')),
  noises: fields.optional(
    fields.field<readonly (Noise | DeterministicNoise)[]>('must be a list of noises', (v) => Array.isArray(v)),
  ),
});

const CALL = 'verifyCertificate';
/**
 * Derives a stored certificate again from its own counts, without the classifier: does all that it says follow?
 *
 * It shows the votes to the rule again, at the moments on which the certificate rests, and holds every field against what comes of it: the
 * radius, the bounds and the norm, class, reason and stop, and whether counts, moments and sample sizes can belong to one run. A certificate
 * may claim less than what follows, never more. It cannot see whether the counts are those of a classifier: `reproduceCertificate` draws
 * the samples again. Which field is held against what is a table of the guide.
 *
 * Certificates of other outputs than one label (those with a `task`) are held against what follows from their own evidence in the same way.
 *
 * @param certificate - as `certify` returned it, or as a log gives it back
 * @param noise - the noise that it names
 * @throws OptionError if a field of the certificate is missing or no such thing can be, or if `noise` is not the noise that it names
 * @example
 * ```ts
 * const { valid, faults } = verifyCertificate(certificate, new GaussianNoise({ sigma: 0.25 }));
 * ```
 */
export function verifyCertificate(
  certificate: Certificate | OutputRecord,
  noise: Noise | DeterministicNoise,
  options: VerifyCertificateOptions = {},
): Verification {
  const given = verifyCertificateOptions.parse(CALL, options);
  if (isOutputRecord(certificate)) return verifyOfOutput(certificate, noise, given);
  return verifyVotes(certificate, noise, given);
}

/** Whether a certificate is not of one label. @internal */
export function isOutputRecord(certificate: Certificate | OutputRecord): certificate is OutputRecord {
  return typeof certificate === 'object' && (certificate as object | null) !== null && 'task' in certificate;
}

/** {@link verifyCertificate} for certificates that are not of one label. */
function verifyOfOutput(
  certificate: OutputRecord,
  noise: Noise | DeterministicNoise,
  { dimension, sets, noises }: VerifyCertificateOptions,
): Verification {
  kindOfOutput(CALL, certificate).parse(CALL, certificate);
  kindOfOutput(CALL, certificate).parse(CALL, certificate); // its noise, too, may be anything
  assertSameNoise(CALL, certificate, noise);
  const { faults, radius } = verifyOutput(CALL, certificate, noise as Noise, noises);
  const more =
    dimension === undefined || certificate.dimension === dimension
      ? []
      : [`dimension is ${certificate.dimension}, but ${dimension} of the input`];
  if (sets !== undefined) more.push(...calibrationFaults(CALL, certificate, sets, noise as Noise));
  return { valid: faults.length + more.length === 0, faults: [...faults, ...more], radius };
}
