import type { CertifiedOutcome } from '../../src/evaluate/certified-outcome.ts';
import type { LoggedOutcome } from '../../src/evaluate/certification-log.ts';

/** A row for tests: correct with this radius unless something else is said. */
export function row(radius: number, change: Partial<CertifiedOutcome> = {}): CertifiedOutcome {
  return { index: 0, label: 1, predicted: 1, radius, correct: true, abstained: false, ...change };
}

export const wrongAnswer = (radius: number): CertifiedOutcome => row(radius, { predicted: 2, correct: false });
export const abstention: CertifiedOutcome = row(0, { predicted: -1, correct: false, abstained: true });

/** A row with its certificate. */
export function loggedRow(change: Partial<LoggedOutcome> = {}): LoggedOutcome {
  return {
    ...row(1.9057282816949572, { index: 20 }),
    milliseconds: 373.426,
    certificate: {
      norm: 'l2',
      cAHat: 1,
      nA: 100_000,
      n0: 100,
      n: 100_000,
      nUsed: 100_000,
      alpha: 0.001,
      pABar: 0.99993092463,
      qABar: 6.907516897868e-5,
      checkEvery: 100,
      noise: { name: 'gaussian', parameters: { sigma: 0.5 } },
      key: [1, 4294967295],
    },
    ...change,
  };
}
