import type { ProbabilityBound } from '../types.ts';

/** What a certificate says of a probability: its bound, or a certificate that holds one. */
export type CoveredBy =
  | ProbabilityBound
  | {
      /** Lower bound on the probability of the class. */
      readonly pABar: number;
      /** 1 − pABar, rounded up. */
      readonly qABar: number;
    };

/** The bound of a certificate, or the bound itself. @internal */
export function boundOf(of: CoveredBy): ProbabilityBound {
  return 'pABar' in of ? { p: of.pABar, q: of.qABar } : of;
}
