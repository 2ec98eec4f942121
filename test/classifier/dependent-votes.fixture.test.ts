import { describe, expect, it } from 'vitest';
import { kConsensus, type TypedClassifier } from 'catrs';
import { clopperPearsonLowerBound, clopperPearsonUpperBound, normalQuantile } from 'catrs/stats';
import golden from '../fixtures/families/extended-votes.json' with { type: 'json' };

/** P(Binomial(n, p) = k). */
function binomial(n: number, k: number, p: number): number {
  let log = k * Math.log(p) + (n - k) * Math.log1p(-p);
  for (let i = 1; i <= k; i++) log += Math.log((n - k + i) / i);
  return Math.exp(log);
}

const relative = (value: number, exact: number): number => Math.abs(value - exact) / exact;

describe('votes that are not worth a rule', () => {
  it.each(golden.pairsAsVotes)('antithetic pairs are no two votes: n = $n, p = $p', ({ n, alpha, p, failure }) => {
    // A classifier that is even in the noise: both votes of a pair are equal.
    let found = 0;
    for (let h = 0; h <= n / 2; h++)
      if (clopperPearsonLowerBound(2 * h, n, alpha).p > p) found += binomial(n / 2, h, p);
    expect(relative(found, failure)).toBeLessThan(1e-9);
    expect(found).toBeGreaterThan(2 * alpha);
  });

  it.each(golden.cheapModel)('through one member less is certified for the same calls: $members members', (row) => {
    const { k, n, alpha, losses, m, alphaZeta, sigma, n2, kDirect } = row;
    const cheap = clopperPearsonLowerBound(k, n, alpha).p - clopperPearsonUpperBound(losses, m, alphaZeta).p;
    const direct = clopperPearsonLowerBound(kDirect, n2, alpha + alphaZeta);
    const [through, own] = [sigma * normalQuantile({ p: cheap, q: 1 - cheap }), sigma * normalQuantile(direct)];
    expect(relative(through, Number(row.radius))).toBeLessThan(1e-8);
    expect(relative(own, Number(row.direct))).toBeLessThan(1e-8);
    expect(through).toBeLessThan(own);
  });
});

describe('k-consensus of typed members', () => {
  /** A member with a fixed label for every row, which counts its rows. */
  const fixed = (label: number, numClasses: number): TypedClassifier & { rows: number } => ({
    rows: 0,
    classify(_, { batch }) {
      this.rows += batch;
      return Float32Array.from({ length: batch * numClasses }, (__, i) => (i % numClasses === label ? 1 : 0));
    },
  });

  it.each(golden.kConsensus)(
    'asks $calls of the members: labels $labels, k = $k',
    async ({ labels, k, label, calls }) => {
      const numClasses = Math.max(...labels) + 1;
      const members = labels.map((one) => fixed(one, numClasses));
      const f = kConsensus(
        members.map((member) => ({ classify: (inputs, batch) => member.classify(inputs, batch) })),
        { k },
      );
      const logits = await f.classify(new Float32Array(1), { batch: 1, shape: [1] });
      expect(logits.indexOf(Math.max(...logits))).toBe(label);
      expect(members.reduce((sum, { rows }) => sum + rows, 0)).toBe(calls);
    },
  );
});
