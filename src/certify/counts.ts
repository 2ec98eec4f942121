import { OptionError, refusal } from '../errors.ts';
import { assertNorm } from '../noise/requests.ts';
import type { Noise } from '../noise/types.ts';
import { countsChanges, isProof, nothingProven } from '../options/counting-norms.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { binomialTest } from '../stats/binomial.ts';
import { clopperPearsonLowerBound } from '../stats/clopper-pearson.ts';
import type { Norm } from '../types.ts';
import { ABSTAIN, type Certificate, type Prediction } from './types.ts';
import { missingVotes, topClass } from './vote-counts.ts';

const counts: fields.Field<readonly number[]> = fields.field<readonly number[]>(
  'must be a list of votes per class, whole numbers of at least 0 for at least 2 classes',
  (v) => Array.isArray(v) && v.length >= 2 && v.every((count) => Number.isSafeInteger(count) && count >= 0),
);

/** What {@link certifyCounts} decides on. */
export interface CertifyCountsRequest {
  /** Votes per class of the selection sample. */
  readonly countsSelection: readonly number[];
  /** Votes per class of the estimation sample, drawn independently of the selection sample. */
  readonly counts: readonly number[];
  /** Size of the estimation sample that was planned; samples not drawn count as misses. */
  readonly n: number;
  /** Allowed probability that the certificate is wrong, in (0, 1/2). */
  readonly alpha: number;
  /** Gives the radius of a bound; another norm than those that it certifies is refused. */
  readonly noise: Pick<Noise, 'radius'> & Partial<Pick<Noise, 'norms'>>;
  /** Norm of the radius. */
  readonly norm: Norm;
  /** Number of coordinates of the input. */
  readonly dimension: number;
}

const certifyCountsRequest = optionsOf<CertifyCountsRequest>()({
  countsSelection: counts,
  counts,
  n: fields.positiveInteger,
  alpha: fields.certifyAlpha,
  noise: fields.object<CertifyCountsRequest['noise']>(
    'must be a noise (for example new GaussianNoise({ sigma: 0.25 }))',
    ['radius'],
  ),
  norm: fields.norm,
  dimension: fields.positiveInteger,
});

/** The part of a {@link Certificate} that follows from the counts alone. */
export type CountsCertificate = Pick<
  Certificate,
  'label' | 'abstained' | 'reason' | 'radius' | 'pABar' | 'qABar' | 'cAHat' | 'nA' | 'nUsed'
>;

/**
 * CERTIFY as a function of the counts: class and radius, or abstention.
 *
 * cAHat is the most voted class of the selection sample (lowest index among equals); pABar the one-sided Clopper-Pearson lower
 * bound at level 1 − alpha of its share in the estimation sample; it certifies where pABar > 1/2. With probability at least
 * 1 − alpha over the draws it abstains or g(x + δ) = cAHat for all ‖δ‖ < radius, or for all changes of at most the radius in a norm that counts them.
 *
 * @throws OptionError for a missing or unknown name, a value outside its domain, or counts that do not fit together
 * @see Cohen, Rosenfeld, Kolter, ICML 2019, CERTIFY (section 3.2.2) and Proposition 2; locuslab/smoothing, core.py
 * @example
 * ```ts
 * const noise = new GaussianNoise({ sigma: 0.5 });
 * const votes = { countsSelection: [1, 9], counts: [10, 990], n: 1000 };
 * certifyCounts({ ...votes, alpha: 0.001, noise, norm: 'l2', dimension: 784 }); // class 1 within 0.9890...
 * ```
 */
export function certifyCounts(request: CertifyCountsRequest): CountsCertificate {
  const call = 'certifyCounts';
  const { countsSelection, counts, n, alpha, noise, norm, dimension } = certifyCountsRequest.parse(call, request);
  const cAHat = topClass(countsSelection);
  const nA = counts[cAHat] ?? 0;
  const nUsed = n - missingVotes({ counts }, n);
  if (countsSelection.length !== counts.length) {
    const details = { call, field: 'countsSelection', value: countsSelection.length };
    throw refusal(OptionError, details, `must have as many classes as \`counts\` (${counts.length})`);
  }
  assertVotes(call, nUsed, n);
  assertNorm(call, norm, noise.norms);
  const bound = clopperPearsonLowerBound(nA, n, alpha);
  const radius = bound.p > 0.5 ? noise.radius(bound, { norm, dimension }) : nothingProven(norm);
  const abstained = !isProof(radius, norm);
  return {
    label: abstained ? ABSTAIN : cAHat,
    abstained,
    reason: !abstained ? 'certified' : nUsed < n ? 'out-of-reach' : 'low-confidence',
    radius: abstained ? 0 : countsChanges(norm) ? Math.floor(radius) : radius,
    pABar: bound.p,
    qABar: bound.q,
    cAHat,
    nA,
    nUsed,
  };
}

/** What {@link predictCounts} decides on. */
export interface PredictCountsRequest {
  /** Votes per class. */
  readonly counts: readonly number[];
  /** Number of samples; above the sum of the counts where some could not be drawn and voted for no class. */
  readonly n: number;
  /** Allowed probability that the class is not that of the smoothed classifier, in (0, 1]. */
  readonly alpha: number;
}

// 1 is admitted: it makes the test never abstain, as in the reference.
const predictCountsRequest = optionsOf<PredictCountsRequest>()({
  counts,
  n: fields.nonNegativeInteger,
  alpha: fields.field<number>('must be in (0, 1]', (v) => typeof v === 'number' && v > 0 && v <= 1),
});

/** The part of a {@link Prediction} that follows from the counts alone. */
export type CountsPrediction = Pick<Prediction, 'label' | 'abstained' | 'pValue' | 'top'>;

/**
 * PREDICT as a function of the counts: the most voted class, or abstention if the race is too close.
 *
 * n₁ ≥ n₂ are the two largest counts; it abstains if the two-sided exact binomial test of n₁ out of n₁ + n₂ at 1/2 has a p-value
 * above alpha. With probability at least 1 − alpha over the draws it abstains or returns the class of the smoothed classifier.
 *
 * Votes that are missing, n less the sum of the counts, may have been for any class. It answers only where every way to give them out would
 * give the same answer: they go to the runner-up, n₂ + missing, which is the way with the largest p-value; and if that reaches n₁ it
 * abstains, with p-value 1.
 *
 * @throws OptionError for a missing or unknown name, a value outside its domain, or more votes than samples
 * @see Cohen, Rosenfeld, Kolter, ICML 2019, PREDICT and Proposition 1; Hung, Fithian, "Rank verification", 2016
 * @example
 * ```ts
 * predictCounts({ counts: [90, 10], n: 100, alpha: 0.001 }); // { label: 0, abstained: false, pValue: 3.06e-17, top: 0 }
 * ```
 */
export function predictCounts(request: PredictCountsRequest): CountsPrediction {
  const call = 'predictCounts';
  const { counts, n, alpha } = predictCountsRequest.parse(call, request);
  const missing = missingVotes({ counts }, n);
  assertVotes(call, n - missing, n);
  // Among equals the highest index comes first, as in the reference; a tie never passes the test.
  const order = counts.map((_, c) => c).sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || b - a);
  const [top = 0, second = 0] = order;
  const [most, rival] = [counts[top] ?? 0, (counts[second] ?? 0) + missing];
  const isOpen = missing > 0 && rival >= most;
  const pValue = isOpen ? 1 : binomialTest(most, rival);
  const abstained = isOpen || pValue > alpha;
  return { label: abstained ? ABSTAIN : top, abstained, pValue, top };
}

function assertVotes(call: string, votes: number, n: number): void {
  if (votes <= n) return;
  throw refusal(OptionError, { call, field: 'counts', value: votes }, `must have a sum of at most n = ${n}`);
}
