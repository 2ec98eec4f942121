import { OptionError } from '../errors.ts';
import type { Noise } from '../noise/types.ts';
import { assertNorm } from '../noise/requests.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { binomialTest } from '../stats/binomial.ts';
import { clopperPearsonLowerBound } from '../stats/clopper-pearson.ts';
import type { Norm } from '../types.ts';
import { ABSTAIN, type Certificate, type Prediction } from './types.ts';
import { topClass } from './vote-counts.ts';

const counts: fields.Field<readonly number[]> = fields.field<readonly number[]>(
  'must be a list of votes per class, whole numbers of at least 0 for at least 2 classes',
  (v) => Array.isArray(v) && v.length >= 2 && v.every((count) => Number.isSafeInteger(count) && count >= 0),
);

// 1 is admitted here: it makes the test never abstain, as in the reference.
const alpha: fields.Field<number> = fields.field<number>(
  'must be in (0, 1]',
  (v) => typeof v === 'number' && v > 0 && v <= 1,
);

interface PredictCountsRequest {
  readonly counts: readonly number[];
  readonly alpha: number;
  readonly missing: number;
}

const predictCountsRequest = optionsOf<PredictCountsRequest>()({
  counts,
  alpha,
  missing: fields.field<number>(
    'must be a number of samples, a whole number of at least 0',
    (v) => Number.isSafeInteger(v) && (v as number) >= 0,
  ),
});

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

const CALL = 'certifyCounts';

/**
 * CERTIFY as a function of the counts: class and radius, or abstention.
 *
 * cAHat is the most voted class of the selection sample (lowest index among equals); pABar the one-sided Clopper-Pearson lower
 * bound at level 1 − alpha of its share in the estimation sample; it certifies where pABar > 1/2. With probability at least
 * 1 − alpha over the draws it abstains or g(x + δ) = cAHat for all ‖δ‖ < radius.
 *
 * @throws OptionError for a missing or unknown name, a value outside its domain, or counts that do not fit together
 * @see Cohen, Rosenfeld, Kolter, ICML 2019, CERTIFY (section 3.2.2) and Proposition 2; locuslab/smoothing, core.py
 */
export function certifyCounts(request: CertifyCountsRequest): CountsCertificate {
  const { countsSelection, counts, n, alpha, noise, norm, dimension } = certifyCountsRequest.parse(CALL, request);
  const cAHat = topClass(countsSelection);
  const nA = counts[cAHat] ?? 0;
  const nUsed = counts.reduce((sum, count) => sum + count, 0);
  assertFit(countsSelection.length, counts.length, nUsed, n);
  assertNorm(CALL, norm, noise.norms);
  const bound = clopperPearsonLowerBound(nA, n, alpha);
  const radius = bound.p > 0.5 ? noise.radius(bound, { norm, dimension }) : 0;
  const abstained = !(radius > 0);
  return {
    label: abstained ? ABSTAIN : cAHat,
    abstained,
    reason: !abstained ? 'certified' : nUsed < n ? 'out-of-reach' : 'low-confidence',
    radius: abstained ? 0 : radius,
    pABar: bound.p,
    qABar: bound.q,
    cAHat,
    nA,
    nUsed,
  };
}

function assertFit(selectionClasses: number, classes: number, nUsed: number, n: number): void {
  if (selectionClasses !== classes) {
    throw new OptionError(
      `\`countsSelection\` must have as many classes as \`counts\` (${classes}), got ${selectionClasses}`,
      {
        call: CALL,
        field: 'countsSelection',
        value: selectionClasses,
      },
    );
  }
  if (nUsed > n) {
    throw new OptionError(`\`counts\` must have a sum of at most n = ${n}, got ${nUsed}`, {
      call: CALL,
      field: 'counts',
      value: nUsed,
    });
  }
}

/**
 * PREDICT as a function of the counts: the most voted class, or abstention if the race is too close.
 *
 * n₁ ≥ n₂ are the two largest counts; it abstains if the two-sided exact binomial test of n₁ out of n₁ + n₂ at 1/2 has a p-value
 * above alpha. With probability at least 1 − alpha over the draws it abstains or returns the class of the smoothed classifier.
 *
 * Votes that are missing may have been for any class. It answers only where every way to give them out would give the same answer: they go
 * to the runner-up, n₂ + missing, which is the way with the largest p-value; and if that reaches n₁ it abstains, with p-value 1.
 *
 * @param missing - samples that could not be drawn, which voted for no class
 * @throws OptionError for counts that are no votes, alpha outside (0, 1] or a `missing` that is no count
 * @see Cohen, Rosenfeld, Kolter, ICML 2019, PREDICT and Proposition 1; Hung, Fithian, "Rank verification", 2016
 */
export function predictCounts(
  counts: readonly number[],
  alpha: number,
  missing = 0,
): Pick<Prediction, 'label' | 'abstained' | 'pValue' | 'top'> {
  predictCountsRequest.parse('predictCounts', { counts, alpha, missing });
  // Among equals the highest index comes first, as in the reference; a tie never passes the test.
  const order = counts.map((_, c) => c).sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || b - a);
  const [top = 0, second = 0] = order;
  const [most, rival] = [counts[top] ?? 0, (counts[second] ?? 0) + missing];
  const isOpen = missing > 0 && rival >= most;
  const pValue = isOpen ? 1 : binomialTest(most, rival);
  const abstained = isOpen || pValue > alpha;
  return { label: abstained ? ABSTAIN : top, abstained, pValue, top };
}
