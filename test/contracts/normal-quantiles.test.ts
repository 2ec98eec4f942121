import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { normalQuantile } from '../../src/stats/normal.ts';
import { normalQuantiles } from '../../src/tensors/normal-quantile.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

/** Probabilities of float32: a grid, both tails down to the last numbers, and close to 1/2. */
const probabilities = [
  ...Array.from({ length: 1999 }, (_, i) => (i + 1) / 2000),
  ...Array.from({ length: 340 }, (_, i) => 10 ** (-1 - i / 50)),
  ...Array.from({ length: 340 }, (_, i) => 1 - 10 ** (-1 - i / 50)),
  ...Array.from({ length: 300 }, (_, i) => i * 2 ** -25),
  ...Array.from({ length: 300 }, (_, i) => 1 - i * 2 ** -24),
  ...Array.from({ length: 300 }, (_, i) => 0.5 + (i - 150) * 1e-6),
].map(Math.fround);
/** u = 2p − 1 as it rounds in float32: what the function sees of p. */
const centred = probabilities.map((p) => Math.fround(2 * p - 1));
/** The quantile at the float32 u, in float64. */
const exact = centred.map((u) => normalQuantile({ p: (1 + u) / 2, q: (1 - u) / 2 }));

describeBackends('normal quantiles of tensors', () => {
  it('are those of float64 at the float32 2p − 1, to 1.2e-6 and relatively to 4e-7', async () => {
    const p = tf.tensor1d(probabilities);
    const z = normalQuantiles(p);
    const found = await z.data();
    let absolute = 0;
    let relative = 0;
    exact.forEach((expected, i) => {
      if (!Number.isFinite(expected)) return;
      const error = Math.abs(found[i]! - expected);
      absolute = Math.max(absolute, error);
      relative = Math.max(relative, expected === 0 ? error : error / Math.abs(expected));
    });
    // Measured: 1.1e-6 and 3.1e-7.
    expect(absolute).toBeLessThan(1.2e-6);
    expect(relative).toBeLessThan(4e-7);
    tf.dispose([p, z]);
  });

  it('are infinite exactly where the float32 2p − 1 is ±1, and NaN outside [0, 1]', async () => {
    const p = tf.tensor1d(probabilities);
    const z = normalQuantiles(p);
    const found = await z.data();
    const wrong = centred.filter((u, i) =>
      Math.abs(u) === 1 ? found[i] !== u * Infinity : !Number.isFinite(found[i]),
    );
    expect(wrong).toEqual([]);
    expect(centred.filter((u) => Math.abs(u) === 1).length).toBeGreaterThan(2);
    const ends = tf.tensor1d([0, 1, 1e-8, 2e-8, 1 - 2 ** -24, 0.5]);
    const atEnds = normalQuantiles(ends);
    const [zero, one, tiny, small, last, half] = await atEnds.data();
    expect([zero, one, tiny, half]).toEqual([-Infinity, Infinity, -Infinity, 0]);
    expect(small).toBeCloseTo(normalQuantile({ p: 2 ** -25, q: 1 - 2 ** -25 }), 4);
    expect(last).toBeCloseTo(normalQuantile({ p: 1 - 2 ** -24, q: 2 ** -24 }), 4);
    const outside = tf.tensor1d([-0.1, 1.1, Number.NaN]);
    const nothing = normalQuantiles(outside);
    expect(Array.from(await nothing.data())).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    tf.dispose([p, z, ends, atEnds, outside, nothing]);
  });

  it('have the gradient √(2π) exp(z²/2), to 1e-5', async () => {
    const finite = probabilities.filter((_, i) => Math.abs(centred[i]!) < 1);
    const p = tf.tensor1d(finite);
    const gradient = tf.grad((q) => tf.sum(tf.mul(normalQuantiles(q), -3)))(p);
    const found = await gradient.data();
    let worst = 0;
    exact.filter(Number.isFinite).forEach((z, i) => {
      const expected = -3 * Math.sqrt(2 * Math.PI) * Math.exp((z * z) / 2);
      worst = Math.max(worst, Math.abs(found[i]! / expected - 1));
    });
    expect(worst).toBeLessThan(1e-5); // measured: 5.2e-6, at z of 5
    tf.dispose([p, gradient]);
  });

  it('keep the shape and leave nothing behind', () =>
    expectNoLeak(() => {
      const p = tf.fill<tf.Rank.R3>([2, 3, 1], 0.25);
      const z = normalQuantiles(p);
      expect(z.shape).toEqual([2, 3, 1]);
      const gradient = tf.grad((q) => tf.sum(normalQuantiles(q)))(p);
      tf.dispose([p, z, gradient]);
    }));
});
