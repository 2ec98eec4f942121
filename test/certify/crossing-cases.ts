import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { ladder } from '../../src/certify/ladder.ts';
import { oracleTest } from '../../src/certify/oracle-test.ts';
import { stopAtSamples } from '../../src/certify/stops.ts';
import type { Crossing } from './crossing-probability.ts';

const stops = [stopAtSamples({ samples: 1e9 })];

/** Every sequential rule at its null, the class probability p, where a radius of p must not be claimed. */
export function nullCases(p: number, n: number): Record<string, Pick<Crossing, 'rule' | 'looks' | 'context'>> {
  const votes = Math.round(100 * p);
  const context = { countsSelection: [100 - votes, votes], cAHat: 1 };
  const sizes = [n / 80, n / 8, n];
  return {
    'truncated, selection prior': { rule: fixedRadius({ radius: p, finalShare: 0 }), context },
    'truncated, Jeffreys prior': { rule: fixedRadius({ radius: p, prior: 'jeffreys', finalShare: 0 }) },
    'with a final test': { rule: fixedRadius({ radius: p, finalShare: 0.2 }), context },
    'betting, Jeffreys prior': {
      rule: fixedRadius({ radius: p, prior: 'jeffreys', evidence: 'betting', finalShare: 0 }),
    },
    'anytime, mass near one': { rule: anytimeRadius({ stops }) },
    'anytime, Jeffreys prior': { rule: anytimeRadius({ stops, prior: 'jeffreys' }) },
    'anytime, selection prior': { rule: anytimeRadius({ stops, prior: 'selection' }), context },
    ladder: { rule: ladder({ radius: p, sizes }), looks: sizes },
    oracle: { rule: oracleTest({ radius: p, probability: (3 + p) / 4 }) },
  };
}
