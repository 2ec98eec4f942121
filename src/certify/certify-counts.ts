import { OptionError } from '../errors.ts';
import type { Noise } from '../noise/types.ts';
import { parseCertifyCountsRequest } from '../options/counts-options.ts';
import { clopperPearsonLowerBound } from '../stats/clopper-pearson-lower-bound.ts';
import type { Norm } from '../types.ts';
import { assertNorm } from '../options/assert-norm.ts';
import { topClass } from './top-class.ts';
import { ABSTAIN, type Certificate } from './types.ts';

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
  const { countsSelection, counts, n, alpha, noise, norm, dimension } = parseCertifyCountsRequest(CALL, request);
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
