import { withoutStops } from '../certify/anytime-radius.ts';
import type { CertificationRule } from '../certify/rule.ts';
import type { Certificate, EvidenceStep } from '../certify/types.ts';
import { topClass } from '../certify/vote-counts.ts';
import { CatrsError } from '../errors.ts';
import type { DeterministicNoise, Noise } from '../noise/types.ts';
import type { Key } from '../types.ts';
import type { CertificateKind } from './certificate-fields.ts';
import { contradictoryScores } from './contradictory-scores.ts';
import { derandomizedCertificate, grantedSettings, hardCertificate, softCertificate } from './certificates.ts';
import { ruleContext, ruleDraw } from './rule-context.ts';
import {
  allowsUnknownDimension,
  choosesFromVotes,
  isOfOneSample,
  oneSampleCertificate,
  takesOneSample,
} from './certify-one-sample.ts';
import type { Derivation } from './derivation.ts';
import { derivePlanned, isPlanned, isPlannedWithoutSelection } from './derive-planned.ts';
import { isOfInferenceForm } from './form-assumption.ts';
import { earlierEnd, isPossibleEnd } from './possible-ends.ts';
import { softSettingsOf } from './soft-bound.ts';

/** The rule: one that the caller gave, or the one of the record. @internal */
export interface DerivationRules {
  readonly rule: CertificationRule | undefined;
  readonly recordRule: CertificationRule | undefined;
}

/** Which kind a certificate is of. @internal */
export function kindOf(
  { smoothing }: Pick<Certificate, 'smoothing'>,
  noise: Noise | DeterministicNoise,
): CertificateKind {
  return isDeterministic(noise) ? 'deterministic' : smoothing;
}

/** Derives a certificate of a known form again from its votes or scores. @internal */
export function deriveCertificate(
  stored: Certificate,
  noise: Noise | DeterministicNoise,
  rules: DerivationRules,
): Derivation {
  const impossible = contradictions(stored, noise);
  if (impossible.length > 0) return { certificate: undefined, faults: impossible };
  try {
    return derive(stored, noise, rules);
  } catch (error) {
    if (!(error instanceof CatrsError)) throw error;
    return { certificate: undefined, faults: [error.message] };
  }
}

const isDeterministic = (noise: Noise | DeterministicNoise): noise is DeterministicNoise => 'copies' in noise;

/** A sampler that can fill arrays has no way to fail. */
const cannotFail = (noise: Noise): boolean => noise.fillCopies !== undefined;

function derive(stored: Certificate, noise: Noise | DeterministicNoise, rules: DerivationRules): Derivation {
  const { counts, norm, dimension } = stored;
  if (isDeterministic(noise)) {
    const inferenceForm = isOfInferenceForm(stored.assumptions);
    const threshold = thresholdOf(stored);
    return {
      certificate: derandomizedCertificate({ counts, threshold, noise, norm, dimension, inferenceForm }),
      faults: [],
    };
  }
  if (isOfOneSample(stored)) return deriveOneSample(stored, noise, rules);
  const { scores = { sum: 0, sumOfSquares: 0 }, rule } = stored;
  const key = stored.key as Key;
  if (stored.smoothing === 'hard')
    return isPlanned(rule) ? derivePlanned(stored, key, noise) : deriveByRule(stored, key, noise, rules);
  const settings = { ...softSettingsOf(rule), ...grantedSettings(stored) };
  return {
    certificate: softCertificate({ ...stored, key, noise, scores, ...settings }),
    faults: [],
  };
}

/** Counts that were drawn elsewhere are seen once, as a whole. */
function deriveOneSample(stored: Certificate, noise: Noise, { rule, recordRule }: DerivationRules): Derivation {
  const { counts, n, alpha, norm, dimension, cAHat, checkEvery } = stored;
  const shown = recordRule ?? rule;
  if (shown === undefined) throw new Error('a hard certificate has a rule');
  const given = choosesFromVotes(stored.rule) ? undefined : cAHat;
  const certificate = oneSampleCertificate({ counts, n, alpha, noise, norm, dimension, rule: shown, given });
  return { certificate: { ...certificate, checkEvery }, faults: [] };
}

/** Shows the rule the moments on which the claim rests, then the end. */
function deriveByRule(stored: Certificate, key: Key, noise: Noise, { rule, recordRule }: DerivationRules): Derivation {
  const { counts, countsSelection, nUsed, n0, n, alpha, checkEvery, norm, dimension, steps = [], stop } = stored;
  const cAHat = topClass(countsSelection);
  const anytime = recordRule?.name === 'anytime-radius' ? withoutStops(recordRule) : undefined;
  const shown = rule ?? anytime?.rule ?? recordRule;
  if (shown === undefined) throw new Error('a hard certificate has a rule');
  const plan = { n0, n, alpha, checkEvery, noise, norm, dimension, ...grantedSettings(stored) };
  const context = ruleContext(plan, { countsSelection, cAHat, draw: ruleDraw(key) });
  const begin = (): ReturnType<CertificationRule['begin']> => shown.begin(context);
  const run = begin();
  const faults: string[] = [];
  for (const moment of momentsBefore(steps, nUsed)) {
    const ended = run.check({ counts: counts.map((_, c) => (c === cAHat ? moment.nA : 0)), used: moment.n });
    if (ended !== undefined && rule === undefined)
      faults.push(`the rule ends at ${moment.n} samples, before nUsed = ${nUsed}`);
  }
  const ended = run.check({ counts, used: nUsed });
  const result = run.result({ counts, used: nUsed });
  const votes = { counts, countsSelection, nUsed };
  const certificate = hardCertificate({ ...plan, ...votes, key, rule: stored.rule, result, stop });
  // The stops of a rule of one's own may look at anything.
  if (rule !== undefined || recordRule === undefined) return { certificate, faults };

  const replay = { stored, recordRule, begin, state: anytime?.last };
  const end = ended ?? (nUsed === n ? 'all-drawn' : undefined);
  if (!isPossibleEnd(replay, result, end)) {
    faults.push(`stop is ${stop}, which cannot be at ${nUsed} samples${end === undefined ? '' : ` (${end} follows)`}`);
  }
  const earlier = earlierEnd(replay, result);
  if (earlier !== undefined) faults.push(earlier);
  return { certificate, faults };
}

/** The moments of the steps before the end, each once. */
function momentsBefore(steps: readonly EvidenceStep[], nUsed: number): readonly EvidenceStep[] {
  return steps.filter((step, i) => step.n < nUsed && step.n !== steps[i - 1]?.n);
}

/** What cannot be true together, whatever the classifier. */
function contradictions(stored: Certificate, noise: Noise | DeterministicNoise): string[] {
  const { norm, n, nUsed, dimension } = stored;
  const isWhole = isOfOneSample(stored);
  const faults: string[] = [];
  if (!noise.norms.includes(norm)) {
    faults.push(`norm is ${norm}, but ${noise.name} noise certifies only ${noise.norms.join(', ')}`);
  }
  if (nUsed > n) faults.push(`nUsed = ${nUsed} exceeds n = ${n}`);
  if (dimension === 0 && !(isWhole && allowsUnknownDimension(noise, norm)))
    faults.push(`dimension is not known, but ${norm} radii of ${noise.name} noise need it`);
  if (isDeterministic(noise)) return [...faults, ...contradictoryCopies(stored, noise)];
  if (isWhole) faults.push(...contradictorySample(stored));
  else if (stored.n0 < 1 && !isPlannedWithoutSelection(stored))
    faults.push(`n0 is ${stored.n0}, but at least one sample chooses the class`);
  if (!(stored.alpha > 0)) faults.push(`alpha is ${stored.alpha}, but only a deterministic noise has none`);
  return [
    ...faults,
    ...(stored.smoothing === 'hard'
      ? contradictoryVotes(stored, noise)
      : contradictoryScores(stored, { noise, cannotFail: cannotFail(noise) })),
  ];
}

/** What cannot be true of counts that were drawn elsewhere. */
function contradictorySample({ rule, smoothing, n, nUsed }: Certificate): string[] {
  const faults: string[] = [];
  if (smoothing !== 'hard') faults.push(`smoothing is ${smoothing}, but counts are of hard votes`);
  if (!takesOneSample(rule))
    faults.push(
      `rule is ${rule.name}, but counts that were drawn elsewhere need fixed-sample with clopper-pearson, or top-k`,
    );
  if (nUsed !== n) faults.push(`nUsed is ${nUsed}, but counts that were drawn elsewhere are all of n = ${n}`);
  return faults;
}

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

/** The share of its scores from which on a copy votes for a class, where the certificate names one. */
function thresholdOf({ rule }: Certificate): number | undefined {
  const { threshold } = rule.parameters;
  return typeof threshold === 'number' ? threshold : undefined;
}

function contradictoryCopies(stored: Certificate, { copies }: DeterministicNoise): string[] {
  const { counts, rule } = stored;
  const faults = counts.length < 2 ? [`counts have ${counts.length} classes, but there are at least 2`] : [];
  const threshold = thresholdOf(stored);
  if (threshold === undefined) {
    if (sum(counts) !== copies) faults.push(`counts sum to ${sum(counts)}, but there are ${copies} copies`);
    return faults;
  }
  if (!(threshold > 0 && threshold < 1))
    faults.push(`rule has threshold ${JSON.stringify(rule.parameters['threshold'])}, but it is in (0, 1)`);
  const most = Math.max(...counts);
  if (most > copies) faults.push(`counts have ${most} votes for one class, but there are ${copies} copies`);
  // The scores of a copy sum to 1.
  const votes = copies * Math.floor((1 / threshold) * (1 + 1e-12));
  if (sum(counts) > votes)
    faults.push(`counts sum to ${sum(counts)}, but ${copies} copies have at most ${votes} votes`);
  return faults;
}

function contradictoryVotes(stored: Certificate, noise: Noise): string[] {
  const { counts, countsSelection, n0, n, nUsed, failures, nA, cAHat, steps = [], checkEvery } = stored;
  const faults: string[] = [];
  if (counts.length < 2) faults.push(`counts have ${counts.length} classes, but there are at least 2`);
  if (countsSelection.length !== counts.length)
    faults.push(`countsSelection have ${countsSelection.length} classes, but counts ${counts.length}`);
  if (sum(counts) + failures !== nUsed)
    faults.push(`counts sum to ${sum(counts)} with ${failures} failures, not to nUsed = ${nUsed}`);
  if (sum(countsSelection) > n0) faults.push(`countsSelection sum to ${sum(countsSelection)}, more than n0 = ${n0}`);
  if (cannotFail(noise) && !isOfOneSample(stored)) {
    if (sum(countsSelection) < n0)
      faults.push(
        `countsSelection sum to ${sum(countsSelection)}, not to n0 = ${n0}, and ${noise.name} noise has no failures`,
      );
    if (failures > 0) faults.push(`failures is ${failures}, but ${noise.name} noise has none`);
  }
  if (counts[cAHat] !== nA) faults.push(`nA is ${nA}, but counts hold ${counts[cAHat]} for class ${cAHat}`);
  const isCheck = (samples: number): boolean => samples === n || (samples > 0 && samples % checkEvery === 0);
  if (!isCheck(nUsed))
    faults.push(`nUsed is ${nUsed}, but stops are tested at multiples of ${checkEvery} and at n = ${n}`);
  for (const step of steps) {
    if (!isCheck(step.n))
      faults.push(`a step is at ${step.n} samples, but the rule looks at multiples of ${checkEvery} and at n = ${n}`);
  }
  faults.push(...contradictoryKeptVotes(stored, noise));
  // A path of votes can pass through these moments: none is taken back.
  const path = [{ nA: 0, n: 0 }, ...steps, { nA, n: nUsed }];
  for (const [i, to] of path.entries()) {
    const from = path[i - 1];
    const fits = from === undefined || (to.nA >= from.nA && to.n >= from.n && to.nA - from.nA <= to.n - from.n);
    if (!fits) faults.push(`${to.nA} votes of ${to.n} cannot follow ${from.nA} of ${from.n}`);
  }
  return faults;
}

/** What is wrong with the votes that were kept one by one: they are those of the first samples. */
function contradictoryKeptVotes(
  { votes, counts, nUsed, failures, cAHat, steps = [] }: Certificate,
  noise: Noise,
): string[] {
  if (votes === undefined) return [];
  if (votes.length === 0 || votes.length > nUsed) return [`votes are ${votes.length}, of nUsed = ${nUsed} samples`];
  const kept = counts.map((_, c) => votes.filter((vote) => vote === c).length);
  const none = votes.filter((vote) => vote === -1).length;
  const faults: string[] = [];
  if (sum(kept) + none !== votes.length) faults.push(`votes hold classes beyond the ${counts.length} of counts`);
  const isMore = kept.some((count, c) => count > (counts[c] ?? 0)) || none > failures;
  if (isMore) faults.push(`votes hold ${kept.join(', ')} and ${none} failures, more than counts`);
  if (none > 0 && cannotFail(noise)) faults.push(`votes hold failures, but ${noise.name} noise has none`);
  const at = steps.find(({ n, nA }) => n <= votes.length && votes.slice(0, n).filter((v) => v === cAHat).length !== nA);
  if (at !== undefined) faults.push(`votes do not hold ${at.nA} for class ${cAHat} among the first ${at.n}`);
  return faults;
}
