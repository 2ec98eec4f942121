import { ruleOf } from '../certify/rule-of.ts';
import type { CertificationRule } from '../certify/rule.ts';
import { topClass } from '../certify/top-class.ts';
import type { Certificate } from '../certify/types.ts';
import { OptionError } from '../errors.ts';
import type { DeterministicNoise, Noise } from '../noise/types.ts';
import { parseCertificate, parseVerifyCertificateOptions } from '../options/certificate-options.ts';
import { fromResult } from './certification-process.ts';
import { derandomizedCertificate } from './derandomized-certificate.ts';
import { ruleContext, ruleDraw } from './rule-context.ts';
import { softCertificate } from './soft-certificate.ts';

/** What {@link verifyCertificate} found. */
export interface Verification {
  /** True if nothing is wrong: the certificate follows from its own counts. */
  readonly valid: boolean;
  /** What is wrong, one sentence for each fault. */
  readonly faults: readonly string[];
  /** The radius that follows from the counts; 0 for abstention, and where the counts contradict each other. */
  readonly radius: number;
}

/** Options of {@link verifyCertificate}. */
export interface VerifyCertificateOptions {
  /**
   * The rule that decided, for a rule of one's own.
   * @defaultValue the rule that the certificate names
   */
  readonly rule?: CertificationRule;
}

type Claim = Pick<Certificate, 'label' | 'radius' | 'cAHat' | 'nA' | 'pABar' | 'qABar' | 'topK'>;

const CALL = 'verifyCertificate';
// Other engines may round logarithms otherwise in the last place; a claim may exceed what is derived by no more than that.
const TOLERANCE = 1e-12;

/**
 * Derives a stored certificate again from its own counts, without the classifier: does its radius follow from what it says?
 *
 * It checks that counts and sample sizes fit together, that the class is the one that the selection sample chose, and that the rule
 * and the noise give at least the stored bound and radius for these counts. It cannot see whether the counts are those of a
 * classifier: `reproduceCertificate` draws the samples again.
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
  certificate: Certificate,
  noise: Noise | DeterministicNoise,
  options: VerifyCertificateOptions = {},
): Verification {
  parseCertificate(CALL, certificate);
  assertSameNoise(CALL, certificate, noise);
  const { rule } = parseVerifyCertificateOptions(CALL, options);
  const faults = bookkeepingFaults(certificate);
  if (certificate.domain !== noise.domain) {
    faults.push(`domain is ${certificate.domain}, but ${noise.name} noise certifies ${noise.domain}`);
  }
  // Nothing follows from votes that cannot be.
  if (faults.length > 0) return { valid: false, faults, radius: 0 };
  const derived = derive(certificate, noise, rule);
  faults.push(...claimFaults(certificate, derived));
  return { valid: faults.length === 0, faults, radius: derived.radius };
}

/** Throws unless the certificate names this noise. @internal */
export function assertSameNoise(
  call: string,
  { noise: named }: Certificate,
  { name, parameters }: Noise | DeterministicNoise,
): void {
  const text = (record: Readonly<Record<string, number>>): string => JSON.stringify(Object.entries(record).sort());
  if (named.name === name && text(named.parameters) === text(parameters)) return;
  const show = (noiseName: string, record: object): string => `${noiseName} ${JSON.stringify(record)}`;
  throw new OptionError(
    `\`noise\` must be the one that the certificate names, ${show(named.name, named.parameters)}, got ${show(name, parameters)}`,
    { call, field: 'noise', value: name },
  );
}

function derive(
  certificate: Certificate,
  noise: Noise | DeterministicNoise,
  rule: CertificationRule | undefined,
): Claim {
  const { counts, norm, dimension, scores, key } = certificate;
  if ('copies' in noise) return derandomizedCertificate({ counts, noise, norm, dimension });
  if (key === null) {
    const text = `\`noise\` must be deterministic for a certificate without a key, got ${noise.name}`;
    throw new OptionError(text, { call: CALL, field: 'noise', value: noise.name });
  }
  if (certificate.smoothing === 'hard')
    return deriveByRule(certificate, noise, rule ?? ruleOf(certificate.rule), ruleDraw(key));
  const beta = Number(certificate.rule.parameters['beta']);
  return softCertificate({ ...certificate, key, noise, beta, scores: scores ?? { sum: 0, sumOfSquares: 0 } });
}

/** Shows the rule the moments on which the claim rests, then the end. */
function deriveByRule(certificate: Certificate, noise: Noise, rule: CertificationRule, draw: number): Claim {
  const { counts, countsSelection, nUsed, steps = [] } = certificate;
  const cAHat = topClass(countsSelection);
  const run = rule.begin(ruleContext({ ...certificate, noise }, { countsSelection, cAHat, draw }));
  for (const { nA, n } of steps) {
    run.check({ counts: counts.map((_, c) => (c === cAHat ? nA : 0)), used: n });
  }
  run.check({ counts, used: nUsed });
  return fromResult(run.result({ counts, used: nUsed }), counts);
}

/** Sizes and counts that contradict each other. */
function bookkeepingFaults(certificate: Certificate): string[] {
  const { counts, countsSelection, n0, n, nUsed, failures, nA, cAHat, steps = [], smoothing } = certificate;
  const faults: string[] = [];
  const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
  if (smoothing === 'hard') {
    if (sum(counts) + failures !== nUsed)
      faults.push(`counts sum to ${sum(counts)} with ${failures} failures, not to nUsed = ${nUsed}`);
    if (sum(countsSelection) > n0) faults.push(`countsSelection sum to ${sum(countsSelection)}, more than n0 = ${n0}`);
    if (counts[cAHat] !== nA) faults.push(`nA is ${nA}, but counts hold ${counts[cAHat]} for class ${cAHat}`);
  }
  if (nUsed > n) faults.push(`nUsed = ${nUsed} exceeds n = ${n}`);
  // A path of votes can pass through these moments: none is taken back.
  const path = [{ nA: 0, n: 0 }, ...steps, { nA, n: nUsed }];
  for (const [i, to] of path.entries()) {
    const from = path[i - 1];
    const fits = from === undefined || (to.nA >= from.nA && to.n >= from.n && to.nA - from.nA <= to.n - from.n);
    if (!fits && smoothing === 'hard') faults.push(`${to.nA} votes of ${to.n} cannot follow ${from.nA} of ${from.n}`);
  }
  return faults;
}

/** What is claimed beyond what follows. */
function claimFaults(stored: Certificate, derived: Claim): string[] {
  const faults: string[] = [];
  if (stored.radius > derived.radius * (1 + TOLERANCE))
    faults.push(`radius is ${stored.radius}, but ${derived.radius} follows`);
  if (stored.pABar > derived.pABar * (1 + TOLERANCE))
    faults.push(`pABar is ${stored.pABar}, but ${derived.pABar} follows`);
  if (stored.qABar < derived.qABar * (1 - TOLERANCE))
    faults.push(`qABar is ${stored.qABar}, but ${derived.qABar} follows`);
  if (stored.abstained !== !(stored.radius > 0))
    faults.push(`abstained is ${stored.abstained} with radius ${stored.radius}`);
  if (stored.label !== -1 && stored.label !== derived.cAHat)
    faults.push(`label is ${stored.label}, but ${derived.cAHat} follows`);
  if (stored.topK < derived.topK) faults.push(`topK is ${stored.topK}, but ${derived.topK} follows`);
  return faults;
}
