import type { Certificate } from '../../src/certify/types.ts';
import type { CertifiedOutcome, LoggedRow } from '../../src/evaluate/rows.ts';

/** A row for tests: correct with this radius unless something else is said. */
export function row(radius: number, change: Partial<CertifiedOutcome> = {}): CertifiedOutcome {
  return { index: 0, label: 1, predicted: 1, radius, correct: true, abstained: false, ...change };
}

export const wrongAnswer = (radius: number): CertifiedOutcome => row(radius, { predicted: 2, correct: false });
export const abstention: CertifiedOutcome = row(0, { predicted: -1, correct: false, abstained: true });

/** The certificate of a unanimous vote for class 1 of 10, n = 100 000, alpha = 0.001, sigma = 0.5. */
export function certificate(change: Partial<Certificate> = {}): Certificate {
  return {
    label: 1,
    abstained: false,
    reason: 'certified',
    stop: 'all-drawn',
    radius: 1.9057282816949572,
    norm: 'l2',
    topK: 1,
    pABar: 0.9999309248330094,
    qABar: 0.00006907516699062,
    bound: 'clopper-pearson',
    rule: { name: 'fixed-sample', parameters: { bound: 'clopper-pearson' } },
    cAHat: 1,
    nA: 100_000,
    n0: 100,
    n: 100_000,
    nUsed: 100_000,
    failures: 0,
    alpha: 0.001,
    countsSelection: [0, 98, 0, 2, 0, 0, 0, 0, 0, 0],
    counts: [0, 100_000, 0, 0, 0, 0, 0, 0, 0, 0],
    checkEvery: 100,
    key: [1, 4294967295],
    noise: { name: 'gaussian', parameters: { sigma: 0.5 } },
    domain: 'real',
    assumptions: ['real arithmetic'],
    smoothing: 'hard',
    dimension: 784,
    ...change,
  };
}

/** A row with its certificate; what a row says twice is taken from the row. */
export function loggedRow(change: Partial<LoggedRow> = {}): LoggedRow {
  const outcome = { ...row(1.9057282816949572, { index: 20 }), milliseconds: 373.426, ...change };
  const { predicted: label, radius, abstained } = outcome;
  return { ...outcome, certificate: certificate({ ...change.certificate, label, radius, abstained }) };
}
