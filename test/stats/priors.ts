import type { BetaPrior } from '../../src/stats/beta-mixture.ts';

export const JEFFREYS: readonly BetaPrior[] = [{ weight: 1, a: 0.5, b: 0.5 }];

/** What a selection sample of 100 with 99 votes suggests, beside Jeffreys' prior. */
export const SELECTION: readonly BetaPrior[] = [
  { weight: 0.8, a: 25.25, b: 0.75 },
  { weight: 0.2, a: 0.5, b: 0.5 },
];

/** Far from where the votes will be. */
export const FAR: readonly BetaPrior[] = [{ weight: 1, a: 2, b: 300.7 }];

/** Jeffreys, from a selection sample, near 1, three kinds at once, and the far one. */
export const PRIORS: readonly (readonly BetaPrior[])[] = [
  JEFFREYS,
  SELECTION,
  [{ weight: 1, a: 1, b: 0.1 }],
  [
    { weight: 0.7, a: 90.5, b: 10.5 },
    { weight: 0.2, a: 0.5, b: 0.5 },
    { weight: 0.1, a: 0.05, b: 0.3 },
  ],
  FAR,
];
