import type { CertificationRule } from '../certify/rule.ts';
import { ruleOf } from '../certify/rule-of.ts';
import type { Certificate } from '../certify/types.ts';
import { OptionError, refusal } from '../errors.ts';
import type { DeterministicNoise, Noise, NoiseParameters, NoiseRecord } from '../noise/types.ts';
import { countsChanges, isProof } from '../options/counting-norms.ts';
import { isOfOneSample } from './certify-one-sample.ts';
import { certificateFields, type CertificateKind, type Hold, parseCertificate } from './certificate-fields.ts';
import { deriveCertificate, kindOf } from './derive-certificate.ts';

/** What `verifyCertificate` found. */
export interface Verification {
  /** True if nothing is wrong: the certificate follows from its own counts. */
  readonly valid: boolean;
  /** What is wrong, one sentence for each fault. */
  readonly faults: readonly string[];
  /** The radius that follows from the counts; 0 for abstention, and where the counts contradict each other. */
  readonly radius: number;
}

/** What is known beside a certificate of votes. */
interface VerificationContext {
  /** A rule of one's own. */
  readonly rule?: CertificationRule | undefined;
  /** Number of coordinates of the input. */
  readonly dimension?: number | undefined;
  /** Number of classes of the classifier. */
  readonly numClasses?: number | undefined;
  /** The rule of the record, made before. */
  readonly known?: CertificationRule;
  /** Whether the noise was made from the record. */
  readonly isRecordedNoise?: boolean;
}

const CALL = 'verifyCertificate';
// Other engines may round logarithms otherwise in the last place; a claim may exceed what is derived by no more than that.
const TOLERANCE = 1e-12;

/** `verifyCertificate` of one label, with options that are checked, and a rule that may have been made before. @internal */
export function verifyVotes(
  certificate: Certificate,
  noise: Noise | DeterministicNoise,
  { rule, known, isRecordedNoise, dimension, numClasses }: VerificationContext,
): Verification {
  parseCertificate(CALL, certificate);
  if (isRecordedNoise !== true) assertSameNoise(CALL, certificate, noise);
  const kind = kindOf(certificate, noise);
  if (certificate.key === null && kind !== 'deterministic' && !isOfOneSample(certificate)) {
    const details = { call: CALL, field: 'noise', value: noise.name, got: noise.name };
    throw refusal(OptionError, details, 'must be deterministic for a certificate without a key');
  }
  const recordRule = kind === 'hard' && rule === undefined ? (known ?? ruleOf(certificate.rule)) : undefined;
  const faults = Object.keys(certificate)
    .filter((name) => !Object.hasOwn(certificateFields, name) && certificate[name as keyof Certificate] !== undefined)
    .map((name) => `${name} is no field of a certificate`);
  if (dimension !== undefined && certificate.dimension !== dimension)
    faults.push(`dimension is ${certificate.dimension}, but ${dimension} of the input`);
  const classes = certificate.counts.length;
  if (numClasses !== undefined && kind !== 'soft' && classes !== numClasses)
    faults.push(`counts have ${classes} classes, but the classifier ${numClasses}`);
  if (numClasses !== undefined && certificate.cAHat >= numClasses)
    faults.push(`cAHat is ${certificate.cAHat}, but there are ${numClasses} classes`);

  if (
    kind === 'hard' &&
    rule !== undefined &&
    !isSameJson(certificate.rule, asJson({ name: rule.name, parameters: rule.parameters }))
  )
    faults.push(`rule is ${showField(certificate.rule)}, but ${rule.name} ${showField(rule.parameters)} is given`);

  const derivation = deriveCertificate(certificate, noise, { rule, recordRule });
  faults.push(...derivation.faults);
  if (derivation.certificate) faults.push(...fieldFaults(certificate, derivation.certificate, kind));
  return { valid: faults.length === 0, faults, radius: derivation.certificate?.radius ?? 0 };
}

/** Throws unless the certificate names this noise. @internal */
export function assertSameNoise(
  call: string,
  { noise: named }: Pick<Certificate, 'noise'>,
  { name, parameters }: NoiseRecord,
): void {
  const text = (record: NoiseParameters): string => JSON.stringify(Object.entries(record).sort());
  if (named.name === name && text(named.parameters) === text(parameters)) return;
  const show = (noiseName: string, record: object): string => `${noiseName} ${JSON.stringify(record, shortened)}`;
  const details = { call, field: 'noise', value: name, got: show(name, parameters) };
  throw refusal(
    OptionError,
    details,
    `must be the one that the certificate names, ${show(named.name, named.parameters)}`,
  );
}

/** Long lists, of a scale for each of many coordinates, with their first numbers. */
function shortened(_: string, value: unknown): unknown {
  return Array.isArray(value) && value.length > 8
    ? [...(value.slice(0, 8) as readonly unknown[]), `${value.length} in all`]
    : value;
}

/** What is said beyond what follows, or otherwise. */
function fieldFaults(stored: Certificate, derived: Certificate, kind: CertificateKind): string[] {
  const faults: string[] = [];
  for (const name of fieldNames) {
    const [said, follows] = [stored[name], derived[name]];
    if (holds[certificateFields[name][kind]](said, follows)) continue;
    faults.push(`${name} is ${showField(said)}, but ${showField(follows)} follows`);
  }
  if (stored.abstained ? stored.radius > 0 : !isProof(stored.radius, stored.norm))
    faults.push(`abstained is ${stored.abstained} with radius ${stored.radius}`);
  if (countsChanges(stored.norm) && !Number.isInteger(stored.radius))
    faults.push(`radius is ${stored.radius}, but ${stored.norm} counts changes`);
  const proven = stored.steps?.at(-1)?.radius ?? Infinity;
  if (stored.radius > proven * (1 + TOLERANCE))
    faults.push(`radius is ${stored.radius}, but the last step proves ${proven}`);
  return faults;
}

const fieldNames = Object.keys(certificateFields) as (keyof Certificate)[];

/** Whether a field says no more than what follows. */
const holds: Readonly<Record<Hold, (said: unknown, follows: unknown) => boolean>> = {
  said: () => true,
  follows: (said, follows) => isSameJson(said, follows),
  'at most': (said, follows) => isUpTo(said, follows, (a, b) => a <= b * (1 + TOLERANCE)),
  'at least': (said, follows) => isUpTo(said, follows, (a, b) => a >= b * (1 - TOLERANCE)),
  'steps at most': (said, follows) =>
    isSameJson(said, follows, (name, a, b) => (name === 'radius' ? holds['at most'](a, b) : undefined)),
};

function isUpTo(said: unknown, follows: unknown, compare: (said: number, follows: number) => boolean): boolean {
  if (typeof said === 'number' && typeof follows === 'number') return compare(said, follows);
  return said === undefined && follows === undefined;
}

const asJson = (value: object): unknown => JSON.parse(JSON.stringify(value));

function showField(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
}

type Fields = Readonly<Record<string, unknown>>;

/** Whether two JSON values are equal, whatever the order of names; `isHeld` decides on entries for which it gives more than undefined. @internal */
export function isSameJson(
  a: unknown,
  b: unknown,
  isHeld: (name: string, a: unknown, b: unknown) => boolean | undefined = () => undefined,
): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [one, other] = [a as Fields, b as Fields];
  const names = Object.keys(other);
  return (
    Object.keys(one).length === names.length &&
    names.every((name) => isHeld(name, one[name], other[name]) ?? isSameJson(one[name], other[name], isHeld))
  );
}
