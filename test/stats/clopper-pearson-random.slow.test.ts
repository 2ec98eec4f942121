import { expect, it } from 'vitest';
import { randomizedClopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { faults, faultsOf } from './clopper-pearson-checks.ts';
import { type Big, chooseUpTo, compare, exactly, exactTail, type Given } from './exact-binomial-tail.ts';
import { uniformStream, type UniformStream } from './uniform-stream.ts';

const MOST = 200_000;
let choose: (n: number, k: number) => Big;

/** (k, n, α): n log-uniform up to 2e5, k of every kind, α log-uniform from 1e-30 to 0.4. */
function point(stream: UniformStream): { k: number; n: number; alpha: number; coefficient: Big } {
  choose ??= chooseUpTo(MOST);
  const n = Math.floor(stream.logUniform(1, MOST + 1));
  const off = Math.min(n - 1, Math.floor(stream.logUniform(1, 100)) - 1);
  const k = stream.pick([stream.integer(1, n), n - off, n, 1 + off, Math.min(n, Math.round(n / 2) + off)]);
  return { k, n, alpha: stream.logUniform(1e-30, 0.4), coefficient: choose(n, k) };
}

it('clopperPearsonLowerBound is never above the exact bound: 10 000 random points, n up to 2e5', () => {
  const stream = uniformStream(1);
  const found: string[] = [];
  for (let i = 0; i < 10_000; i++) {
    const { k, n, alpha, coefficient } = point(stream);
    found.push(...faults(k, n, alpha, coefficient));
  }
  expect(found).toEqual([]);
});

it('randomizedClopperPearsonLowerBound is never above the exact bound: 3000 random points', () => {
  const stream = uniformStream(2);
  const found: string[] = [];
  for (let i = 0; i < 3000; i++) {
    const { k, n, alpha, coefficient } = point(stream);
    const draw = stream.pick([stream.uniform(1e-8, 1), stream.logUniform(1e-12, 1)]);
    const weight = Math.min(1, Math.max(draw, 2 * alpha));
    const side = (given: Given): number => compare(exactTail(k, n, given, coefficient, weight), exactly(alpha));
    const bound = randomizedClopperPearsonLowerBound(k, n, alpha, draw);
    found.push(...faultsOf(bound, side).map((fault) => `(${k}, ${n}, ${alpha}, ${draw}) ${fault}`));
  }
  expect(found).toEqual([]);
});
