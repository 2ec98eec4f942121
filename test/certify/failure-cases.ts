import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { ladder } from '../../src/certify/ladder.ts';
import { oracleTest } from '../../src/certify/oracle-test.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import type { CertificationRule } from '../../src/certify/rule.ts';
import { stopAtGain, stopAtSamples, stopAtWidth } from '../../src/certify/stops.ts';
import { topK } from '../../src/certify/top-k.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { probabilityFor } from './simulate.ts';

/** A rule at one point: what the true class probabilities are, and whether the selection sample chooses the class. */
export interface FailureCase {
  readonly rule: CertificationRule;
  readonly probabilities: readonly number[];
  readonly selects?: boolean;
  /** Size of the selection sample, where it is not the usual one. */
  readonly n0?: number;
}

/** Class 0 with probability p, the rest for another class. */
const two = (p: number): readonly number[] => [p, 1 - p];
const uniform = (classes: number): readonly number[] => new Array<number>(classes).fill(1 / classes);

const at = (rule: CertificationRule, points: readonly (readonly number[])[]): FailureCase[] =>
  points.map((probabilities) => ({ rule, probabilities }));
const selecting = (rule: CertificationRule, points: readonly (readonly number[])[]): FailureCase[] =>
  points.map((probabilities) => ({ rule, probabilities, selects: true }));

/** Without a selection sample: the rule chooses the class. */
const choosing = (rule: CertificationRule, points: readonly (readonly number[])[]): FailureCase[] =>
  points.map((probabilities) => ({ rule, probabilities, n0: 0 }));

const beta = 0.05;
const p1 = probabilityFor(1);
const p2 = probabilityFor(2);
/** At the least probability of radius 1, slightly below and slightly above it. */
const aroundOne = [two(p1), two(p1 - 0.005), two(p1 + 0.005)];
const list = [0.25, 1, 1.25];

/** Mass on both sides of the radius 1, most of it far below: only the truncation keeps the claims of a fixed radius right. */
export const mixture = [
  { weight: 0.7, a: 30, b: 30 },
  { weight: 0.2, a: 60, b: 3 },
  { weight: 0.1, a: 0.5, b: 0.5 },
];

/** Every rule at its null and near it. A fixed sample has its null at every p, since a larger radius than that of p is wrong. */
export const cases: readonly FailureCase[] = [
  ...at(fixedSample(), [two(0.5), two(0.495), two(0.505), two(0.7), two(0.95)]),
  ...selecting(fixedSample(), [two(0.5), [0.4, 0.4, 0.2], [0.51, 0.49]]),
  ...at(fixedSample({ bound: 'randomized-clopper-pearson' }), [two(0.5), two(0.505), two(0.95), two(0.999)]),
  ...at(topTwo(), [
    [0.4, 0.4, 0.2],
    [0.39, 0.4, 0.21],
    [0.41, 0.4, 0.19],
    two(0.5),
    [0.6, 0.1, 0.1, 0.1, 0.1],
    two(0.95),
  ]),
  ...selecting(topTwo(), [[0.4, 0.4, 0.2], uniform(5)]),
  ...at(topTwo({ alphaShare: 0.9 }), [[0.4, 0.4, 0.2]]),
  ...at(topK({ k: 2 }), [
    [0.3, 0.3, 0.3, 0.1],
    [0.29, 0.3, 0.3, 0.11],
    [0.31, 0.3, 0.3, 0.09],
    [0.6, 0.2, 0.1, 0.1],
  ]),
  ...selecting(topK({ k: 2 }), [[0.3, 0.3, 0.3, 0.1]]),
  ...selecting(topK({ k: 2, labelFrom: 'estimation' }), [[0.3, 0.3, 0.3, 0.1], uniform(10)]),
  ...at(fixedRadius({ radius: 1, beta, finalShare: 0 }), aroundOne),
  ...at(fixedRadius({ radius: 0.01, beta, finalShare: 0 }), [two(0.5), two(probabilityFor(0.01))]),
  ...at(fixedRadius({ radius: 2, beta, finalShare: 0 }), [two(p2)]),
  ...selecting(fixedRadius({ radius: 0.01, beta, finalShare: 0 }), [two(0.5), [0.45, 0.45, 0.1]]),
  ...selecting(fixedRadius({ radius: 1, beta, finalShare: 0 }), [two(p1)]),
  ...at(fixedRadius({ radius: 1, beta, prior: 'jeffreys', finalShare: 0 }), aroundOne),
  ...at(fixedRadius({ radius: 1, beta, prior: 'jeffreys', evidence: 'betting', finalShare: 0 }), aroundOne),
  ...at(fixedRadius({ radius: 1, beta }), aroundOne),
  ...at(fixedRadius({ radius: 1, beta, finalShare: 0.5 }), aroundOne),
  ...at(fixedRadius({ radius: 1, beta, prior: mixture, finalShare: 0 }), [...aroundOne, two(0.5)]),
  ...at(fixedRadius({ radius: list, beta, prior: mixture }), aroundOne),
  ...at(fixedRadius({ radius: list, beta, finalShare: 0 }), [
    two(probabilityFor(0.25)),
    two(probabilityFor(0.25) + 0.02),
    ...aroundOne,
  ]),
  // A stop cannot make it worse than drawing all: the largest bound of all checks counts.
  ...at(anytimeRadius({ stops: [stopAtSamples({ samples: 1e6 })] }), [two(0.5), two(0.505), two(p1), two(0.99)]),
  ...at(anytimeRadius({ stops: [stopAtSamples({ samples: 1e6 })], prior: 'selection' }), [
    two(0.5),
    two(p1),
    two(0.99),
  ]),
  ...at(anytimeRadius({ stops: [stopAtSamples({ samples: 1e6 })], prior: 'jeffreys' }), [two(0.5), two(p1), two(0.99)]),
  ...at(anytimeRadius({ stops: [stopAtSamples({ samples: 1e6 })], prior: mixture }), [two(0.5), two(p1), two(0.99)]),
  ...selecting(anytimeRadius({ stops: [stopAtWidth({ width: 0.5 }), stopAtGain({ gain: 0.02, over: 100 })] }), [
    two(0.5),
    two(p1),
  ]),
  ...at(ladder({ radius: 1, sizes: [100, 200, 400], beta }), aroundOne),
  ...at(oracleTest({ radius: 1, probability: 0.87, beta }), [...aroundOne, two(0.87)]),
  ...at(oracleTest({ radius: 1, probability: 0.99, beta }), aroundOne),
  ...at(plannedRadius({ radius: 1 }), [...aroundOne, two(p1 - 1e-6)]),
  ...at(plannedRadius({ radius: 1, worth: 1 }), [two(p1 - 1e-6)]),
  ...at(plannedRadius({ radius: 0.01 }), [two(0.5), two(probabilityFor(0.01) - 1e-6)]),
  ...selecting(plannedRadius({ radius: 0.01 }), [two(0.5), [0.45, 0.45, 0.1]]),
  ...at(plannedRadius({ radius: list }), [
    two(probabilityFor(0.25) - 1e-6),
    two(probabilityFor(0.25) + 0.02),
    ...aroundOne,
  ]),
  ...choosing(plannedRadius({ radius: 0.01 }), [two(0.5), two(probabilityFor(0.01) - 1e-6), [0.5, 0.25, 0.25]]),
  ...choosing(plannedRadius({ radius: 1 }), [two(p1 - 1e-6), [0.5, 0.5], [p1 - 1e-6, (1 - p1) / 2, (1 - p1) / 2]]),
];

/** What must fail: the Clopper-Pearson bound of a fixed sample, looked at again and again, and the best of it taken. */
export const peeking: CertificationRule = {
  name: 'peeking',
  parameters: {},
  begin({ alpha, radius, cAHat }) {
    let best = { p: 0, q: 1 };
    return {
      check({ counts, used }) {
        const bound = clopperPearsonLowerBound(counts[cAHat] ?? 0, used, alpha);
        if (bound.p > best.p) best = bound;
        return undefined;
      },
      result: () => {
        const proven = best.p > 0.5 ? radius(best) : 0;
        const reason = proven > 0 ? 'certified' : 'low-confidence';
        return { cAHat, radius: proven, reason, lower: best, bound: 'clopper-pearson' };
      },
    };
  },
};
