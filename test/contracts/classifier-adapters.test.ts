import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { denoised, standardizeInput } from '../../src/classifier/input-adapters.ts';
import { ensemble } from '../../src/classifier/ensemble.ts';
import { kConsensus } from '../../src/classifier/k-consensus.ts';
import { normalizeInput } from '../../src/classifier/normalize-input.ts';
import { reshapeInput } from '../../src/classifier/reshape-input.ts';
import { toLogitsFn } from '../../src/classifier/to-logits-fn.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { describeBackends, describeContract } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const CLASSES = 3;
const SHAPE = [2, 3] as const;
const mode = { training: false };

/** A linear classifier of inputs [B, 2, 3] whose weights tell the members apart. */
function member(seed: number): LogitsFn {
  const weights = Array.from({ length: 6 * CLASSES }, (_, i) => Math.sin(1 + i * (seed + 2)));
  return (x) => tf.tidy(() => tf.matMul(tf.reshape(x, [-1, 6]), tf.tensor2d(weights, [6, CLASSES])));
}

const members = [member(0), member(1), member(2), member(3)];
const blur = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.add(tf.mul(x, 0.5), tf.mul(tf.mean(x, [1, 2], true), 0.5)));

const adapters: readonly { readonly name: string; readonly f: LogitsFn; readonly hasGradient: boolean }[] = [
  { name: 'ensemble by logits', f: ensemble(members), hasGradient: true },
  { name: 'ensemble by weighted logits', f: ensemble(members, { weights: [1, 2, 3, 4] }), hasGradient: true },
  { name: 'ensemble by probabilities', f: ensemble(members, { average: 'probabilities' }), hasGradient: true },
  { name: 'ensemble by votes', f: ensemble(members, { average: 'votes' }), hasGradient: false },
  { name: 'k-consensus', f: kConsensus(members, { k: 2 }), hasGradient: true },
  { name: 'standardised input', f: standardizeInput(member(0)), hasGradient: true },
  { name: 'standardised and centred input', f: standardizeInput(member(0), { subtractMean: true }), hasGradient: true },
  { name: 'denoised', f: denoised(member(0), blur), hasGradient: true },
  {
    name: 'normalised input',
    f: normalizeInput(member(0), { mean: [0.1, 0.2, -0.1], std: [0.5, 1, 2] }),
    hasGradient: true,
  },
  {
    name: 'reshaped input',
    f: reshapeInput(member(0), { shape: [...SHAPE], inputShape: [6] }),
    hasGradient: true,
  },
];

const examples = (): tf.Tensor3D =>
  tf.tensor3d(
    Array.from({ length: 20 * 6 }, (_, i) => Math.sin(i * i)),
    [20, ...SHAPE],
  );

describeBackends('probabilities as logits', () => {
  it('are NaN where the probabilities are: never a vote', async () => {
    const f = toLogitsFn(() => tf.tensor2d([NaN, 0.5, 0.5, 0.25, 0.75, 0], [2, CLASSES]), { output: 'probabilities' });
    const logits = f(tf.zeros([2, 6]), mode);
    const values = Array.from(await logits.data());
    expect(values[0]).toBeNaN();
    expect(values.slice(1).every(Number.isFinite)).toBe(true);
    logits.dispose();
  });
});

describeContract('a classifier adapter', adapters, ({ f, hasGradient }) => {
  it('gives finite logits and leaves the input alone', async () => {
    const x = examples();
    await expectNoLeak(async () => {
      const logits = f(x, mode);
      expect(logits.shape).toEqual([20, CLASSES]);
      expect((await logits.data()).every(Number.isFinite)).toBe(true);
      logits.dispose();
    });
    expect(x.isDisposed).toBe(false);
    x.dispose();
  });

  it('decides each row on its own', async () => {
    const x = examples();
    const whole = f(x, mode);
    const rows = (await whole.array()) as number[][];
    for (const [begin, size] of [
      [0, 1],
      [7, 1],
      [19, 1],
      [5, 9],
    ] as const) {
      const part = tf.slice(x, [begin, 0, 0], [size, ...SHAPE]);
      const alone = f(part, mode);
      const found = (await alone.array()) as number[][];
      found.forEach((row, i) => row.forEach((value, c) => expect(value).toBeCloseTo(rows[begin + i]![c]!, 5)));
      tf.dispose([part, alone]);
    }
    tf.dispose([x, whole]);
  });

  it('is smoothed with the same counts for every batch size', async () => {
    const x = tf.tensor2d([0.1, 0.9, 0.4, 0.3, 0.7, 0.2], [...SHAPE]);
    const g = new SmoothedClassifier(f, { noise: new GaussianNoise({ sigma: 1 }), numClasses: CLASSES });
    await expectNoLeak(async () => {
      const [one, some, many] = await Promise.all(
        [1, 7, 60].map((batchSize) => g.sampleCounts(x, { key: createKey(3), n: 60, batchSize })),
      );
      expect(some).toEqual(one);
      expect(many).toEqual(one);
      expect(one!.filter((count) => count > 0).length, 'one class only would show nothing').toBeGreaterThan(1);
    });
    x.dispose();
  });

  it(hasGradient ? 'has the gradient of its logits' : 'refuses to be differentiated', async () => {
    const x = examples();
    const scalar = (batch: tf.Tensor): tf.Scalar =>
      tf.tidy(() => tf.sum(tf.mul(f(batch, mode), tf.tensor1d([1, -2, 0.5]))));
    if (!hasGradient) {
      // The tape is left without being played back here, which keeps tensors: no leak check.
      expect(() => tf.grad(scalar)(x)).toThrow('ensemble: `average` must be');
      x.dispose();
      return;
    }
    const step = 1e-2;
    const direction = tf.tidy(() => tf.cos(tf.range(0, 120)).reshape([20, ...SHAPE]));
    const values = tf.tidy(() => {
      const slope = tf.sum(tf.mul(tf.grad(scalar)(x), direction));
      const at = (t: number): tf.Scalar => scalar(tf.add(x, tf.mul(direction, t)));
      return tf.stack([slope, tf.div(tf.sub(at(step), at(-step)), 2 * step)]);
    });
    const [slope, difference] = await values.data();
    expect(slope).toBeCloseTo(difference!, 1);
    expect(Math.abs(slope!), 'a slope of 0 would show nothing').toBeGreaterThan(1);
    tf.dispose([x, direction, values]);
  });
});
