import type { CertificationRule, RuleContext } from '../../src/certify/rule.ts';
import { contextOf, probabilityRadius } from './play.ts';

/** What to compute. */
export interface Crossing {
  readonly rule: CertificationRule;
  /** True class probability. The radius of a probability is the probability itself, so a fixed radius p0 is null for p ≤ p0. */
  readonly p: number;
  readonly n: number;
  readonly alpha: number;
  /** The numbers of samples at which the rule looks; absent: it sees every vote. */
  readonly looks?: readonly number[];
  /** What is feared: a radius of at least `p`, or that a radius is declined. */
  readonly fear?: 'certified' | 'declined';
  readonly context?: Partial<RuleContext>;
}

/**
 * Probability that a rule comes to a feared conclusion within n samples: exact, by carrying the distribution of the count of votes from
 * sample to sample and taking out what crosses. What ends the other way is not taken out, so the result is an upper bound on the
 * probability of a wrong conclusion. For rules that decide by the votes of one moment alone, whatever was before.
 */
export function crossingProbability({ rule, p, n, alpha, looks, fear = 'certified', context }: Crossing): number {
  const concludes = (h: number, used: number): boolean => {
    const run = rule.begin(contextOf({ n, alpha, radius: probabilityRadius, ...context }));
    const tally = { counts: [used - h, h], used };
    run.check(tally);
    const { reason, radius } = run.result(tally);
    return fear === 'certified' ? radius >= p * (1 - 1e-12) : reason === 'declined';
  };
  // The border in h: from it on (up to it) the rule concludes. It moves little from one look to the next.
  const step = fear === 'certified' ? 1 : -1;
  let border = fear === 'certified' ? 0 : -1;
  let chances = new Float64Array(n + 1);
  chances[0] = 1;
  let crossed = 0;
  for (let used = 1; used <= n; used++) {
    const next = new Float64Array(n + 1);
    for (let h = 0; h <= used; h++) next[h] = chances[h]! * (1 - p) + (h > 0 ? chances[h - 1]! * p : 0);
    chances = next;
    if (looks !== undefined && !looks.includes(used)) continue;
    const inside = (h: number): boolean => h >= 0 && h <= used;
    while (inside(border) && !concludes(border, used)) border += step;
    while (inside(border - step) && concludes(border - step, used)) border -= step;
    for (let h = border; inside(h); h += step) {
      crossed += chances[h]!;
      chances[h] = 0;
    }
  }
  return crossed;
}
