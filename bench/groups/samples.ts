import { classProbabilities, main } from '../../examples/adaptive-sampling.ts';
import { hardestRow } from '../hardest-row.ts';
import { plannedCost } from '../planned-samples.ts';
import { significant } from '../statistics.ts';
import type { BenchSettings, GroupResult } from '../targets.ts';

const N = 100_000;
const ALPHA = 0.001;
/** Shares of independent votes on the same images differ by chance. */
const CHANCE = 0.005;

/** Samples of a decision about one radius on the published distributions of class probabilities. No timing: the figures depend on a key alone. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  const rows: Row[] = [];
  for (const { sigma, radius, costs } of await main({ fast: quick })) {
    const { default: adaptive, oracle, fixed } = costs;
    if (adaptive === undefined || oracle === undefined || fixed === undefined) throw new Error('a rule is missing');
    const probabilities = await classProbabilities(sigma, quick ? 100 : 10);
    const streams = quick ? 1 : 16; // the mean of 4 is known to 4 % only
    const planned = plannedCost(sigma, radius, probabilities, streams);
    rows.push({
      sigma,
      radius,
      samples: significant(planned.samples),
      fewer: significant(N / planned.samples),
      'fewer by fixedRadius': significant(N / adaptive.samples),
      'fewer by the oracle': significant(N / oracle.samples),
      'certified, share': significant(planned.certified),
      'certified by fixedRadius, share': significant(adaptive.certified),
      'certified by the fixed n, share': significant(fixed.certified),
      'wrong, share': planned.wrong / (streams * probabilities.length),
    });
  }
  const worst = rows.reduce((a, b) => (b.fewer < a.fewer ? b : a));
  return {
    targets: {
      P2: {
        value: worst.fewer,
        limit: worst['fewer by the oracle'],
        limitBecause: 'the oracle test of Wald, which is told the probability of the class, in the same row',
        conditions: {
          'certified share as that of fixedRadius, or more': rows.every(
            (row) => row['certified, share'] >= row['certified by fixedRadius, share'] - CHANCE,
          ),
          'the hardest row is the one that `decide` measures':
            quick || (worst.sigma === hardestRow.sigma && worst.radius === hardestRow.radius),
          'false certificates at most alpha': rows.every((row) => row['wrong, share'] <= ALPHA),
        },
        details: { best: Math.max(...rows.map(({ fewer }) => fewer)), rows },
      },
    },
  };
}

interface Row {
  readonly sigma: number;
  readonly radius: number;
  readonly samples: number;
  readonly fewer: number;
  readonly 'fewer by fixedRadius': number;
  readonly 'fewer by the oracle': number;
  readonly 'certified, share': number;
  readonly 'certified by fixedRadius, share': number;
  readonly 'certified by the fixed n, share': number;
  readonly 'wrong, share': number;
}
