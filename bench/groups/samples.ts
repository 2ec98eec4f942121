import { main } from '../../examples/adaptive-sampling.ts';
import { hardestRow } from '../hardest-row.ts';
import { significant } from '../statistics.ts';
import type { BenchSettings, GroupResult } from '../targets.ts';

/** Samples of an adaptive decision on the published distributions of class probabilities. No timing: the figures depend on a key alone. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  const rows = (await main({ fast: quick })).map(({ sigma, radius, costs }) => {
    const { default: adaptive, oracle, fixed } = costs;
    if (adaptive === undefined || oracle === undefined || fixed === undefined) throw new Error('a rule is missing');
    return {
      sigma,
      radius,
      samples: significant(adaptive.samples),
      fewer: significant(fixed.samples / adaptive.samples),
      'oracle fewer': significant(fixed.samples / oracle.samples),
      'against the oracle': significant(adaptive.samples / oracle.samples),
      'certified, share': significant(adaptive.certified),
      'certified by the fixed n, share': significant(fixed.certified),
      wrong: Object.values(costs).reduce((sum, { wrong }) => sum + wrong, 0),
    };
  });
  const worst = rows.reduce((a, b) => (b.fewer < a.fewer ? b : a));
  return {
    targets: {
      P2: {
        value: worst.fewer,
        limit: worst['oracle fewer'],
        limitBecause: 'the oracle test, which is told the probability of the class, in the same row',
        conditions: {
          'within 15 % of the oracle in every row': rows.every((row) => row['against the oracle'] <= 1.15),
          'the hardest row is the one that `decide` measures':
            quick || (worst.sigma === hardestRow.sigma && worst.radius === hardestRow.radius),
          'no false certificate': rows.every(({ wrong }) => wrong === 0),
        },
        details: { best: Math.max(...rows.map(({ fewer }) => fewer)), rows },
      },
    },
  };
}
