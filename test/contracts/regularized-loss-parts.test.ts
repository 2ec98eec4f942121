import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import type { InputAttackRequest } from '../../src/attacks/types.ts';
import { ConsistencyLoss, consistencyTerm } from '../../src/losses/consistency-loss.ts';
import { macerClassification, macerRobustness } from '../../src/losses/macer-terms.ts';
import { MacerLoss } from '../../src/losses/macer-loss.ts';
import { StabilityLoss, stabilityTerm } from '../../src/losses/stability-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import {
  consistencyTwin,
  crossEntropy,
  macerClassificationTwin,
  macerRobustnessTwin,
  stabilityTwin,
} from '../losses/twins.ts';

const key = createKey(31);
const noise = new GaussianNoise({ sigma: 0.6 });
const labels = [0, 2, 1, 1, 0];
const images = Array.from({ length: 20 }, (_, i) => 0.5 + 0.5 * Math.sin(5 * i + 2));
const weights = [0.9, -1.2, 0.4, -0.3, 0.8, 1.1, 1.5, -0.7, 0.2, -1, 0.6, 0.9];
/** 4 numbers to 3 logits, with a bend. */
const classifier = (x: tf.Tensor): tf.Tensor2D =>
  tf.tidy(() => tf.mul(tf.sin(tf.matMul(tf.reshape(x, [-1, 4]), tf.tensor2d(weights, [4, 3]))), 2));

type Logits = number[][][];

/** Logits [M][B][C] of the images plus noise, each copy asked alone. */
async function logitsOf(x: tf.Tensor, e: tf.Tensor): Promise<Logits> {
  const logits = tf.tidy(() => tf.stack(tf.unstack(e).map((copy) => classifier(tf.add(x, copy)))));
  const arrays = (await logits.array()) as Logits;
  logits.dispose();
  return arrays;
}

async function expectRows(tensor: tf.Tensor, rows: readonly number[], name: string): Promise<void> {
  const found = await tensor.data();
  expect(tensor.shape).toEqual([rows.length]);
  rows.forEach((entry, b) => expect(found[b], `${name}[${b}]`).toBeCloseTo(entry, 4));
}
const mean = (rows: readonly number[]): number => rows.reduce((a, b) => a + b, 0) / rows.length;

describeBackends('losses with a regulariser, against plain loops', () => {
  it.each([
    { numNoise: 1, lambda: 2 },
    { numNoise: 3, lambda: 0.5 },
  ])('StabilityLoss, %o', async ({ numNoise, lambda }) => {
    const loss = new StabilityLoss(classifier, { noise, lambda, numNoise });
    const x = tf.tensor2d(images, [5, 4]);
    const prepared = loss.prepare({ x, labels, key });
    const [clean] = await logitsOf(x, tf.zeros([1, 5, 4]));
    const entropy = clean!.map((row, b) => crossEntropy(row, labels[b]!));
    const stability = stabilityTwin(clean!, await logitsOf(x, prepared.noise));
    const terms = prepared.terms();
    await expectRows(terms.crossEntropy, entropy, 'crossEntropy');
    await expectRows(
      terms.stability,
      stability.map((entry) => lambda * entry),
      'stability',
    );
    const value = prepared.value();
    expect((await value.data())[0]).toBeCloseTo(mean(entropy) + lambda * mean(stability), 4);
    prepared.dispose();
    tf.dispose([x, value, { ...terms }]);
  });

  it.each(['default', 'xent', 'kl', 'mse'] as const)('ConsistencyLoss, mode %s', async (mode) => {
    for (const numNoise of [2, 3]) {
      const weight = { mode, lambda: 3, eta: 0.7 };
      const loss = new ConsistencyLoss(classifier, { noise, numNoise, ...weight });
      const x = tf.tensor2d(images, [5, 4]);
      const prepared = loss.prepare({ x, labels, key });
      const logits = await logitsOf(x, prepared.noise);
      const consistency = consistencyTwin(logits, weight);
      const entropy = labels.map((y, b) => mean(logits.map((copies) => crossEntropy(copies[b]!, y))));
      const terms = prepared.terms();
      await expectRows(terms.crossEntropy, entropy, 'crossEntropy');
      await expectRows(terms.consistency, consistency, 'consistency');
      const value = prepared.value();
      expect((await value.data())[0]).toBeCloseTo(mean(entropy) + mean(consistency), 4);
      prepared.dispose();
      tf.dispose([x, value, { ...terms }]);
    }
  });

  it('ConsistencyLoss asks its attack under the noise of the loss, with a strength by epoch and a key of its own', async () => {
    const asked: { strength: number | undefined; key: string }[] = [];
    const seen: tf.Tensor[] = [];
    const attack = {
      perturb: (_: unknown, request: InputAttackRequest): tf.Tensor => {
        asked.push({ strength: request.strength, key: JSON.stringify(request.key) });
        seen.push(tf.keep(request.noise!.clone()));
        return tf.sub(1, request.x);
      },
    };
    const loss = new ConsistencyLoss(classifier, { noise, lambda: 1, attack, warmupEpochs: 4 });
    const x = tf.tensor2d(images, [5, 4]);
    const flipped = tf.sub(1, x);
    for (const epoch of [0, 2, 9]) {
      const prepared = loss.prepare({ x, labels, key, epoch });
      expect(await prepared.x.data()).toEqual(await flipped.data());
      expect(await prepared.noise.data()).toEqual(await seen.at(-1)!.data());
      const logits = await logitsOf(flipped, prepared.noise);
      const terms = prepared.terms();
      const weight = { mode: 'default', lambda: 1, eta: 0.5 } as const;
      await expectRows(terms.consistency, consistencyTwin(logits, weight), 'consistency');
      prepared.dispose();
      tf.dispose({ ...terms });
    }
    expect(asked.map(({ strength }) => strength)).toEqual([0.25, 0.75, 1]);
    expect(new Set(asked.map((one) => one.key)).size).toBe(1);
    expect(asked[0]!.key).not.toBe(JSON.stringify(key));
    tf.dispose([x, flipped, seen]);
  });

  it.each([
    { lambda: 12, gamma: 8, beta: 16 },
    { lambda: 3, gamma: 1, beta: 4 },
    { lambda: 1, gamma: 8, beta: 1 },
  ])('MacerLoss, %o', async ({ lambda, gamma, beta }) => {
    const loss = new MacerLoss(classifier, { noise, lambda, gamma, beta, numNoise: 6 });
    const x = tf.tensor2d(images, [5, 4]);
    const prepared = loss.prepare({ x, labels, key });
    const logits = await logitsOf(x, prepared.noise);
    const classification = macerClassificationTwin(logits, labels);
    const robustness = macerRobustnessTwin(logits, labels, { sigma: 0.6, gamma, beta });
    expect(robustness.filter((entry) => entry > 0).length, 'images that count').toBeGreaterThan(0);
    const terms = prepared.terms();
    await expectRows(terms.classification, classification, 'classification');
    await expectRows(
      terms.robustness,
      robustness.map((entry) => lambda * entry),
      'robustness',
    );
    const value = prepared.value();
    expect((await value.data())[0]).toBeCloseTo(mean(classification) + lambda * mean(robustness), 3);
    prepared.dispose();
    tf.dispose([x, value, { ...terms }]);
  });

  it('MacerLoss leaves the robustness out in the epochs below deferredEpochs', async () => {
    const now = new MacerLoss(classifier, { noise, lambda: 5, numNoise: 4 });
    const later = new MacerLoss(classifier, { noise, lambda: 5, numNoise: 4, deferredEpochs: 51 });
    const never = new MacerLoss(classifier, { noise, lambda: 0, numNoise: 4 });
    const x = tf.tensor2d(images, [5, 4]);
    const valueOf = async (loss: MacerLoss, epoch: number): Promise<number> => {
      const prepared = loss.prepare({ x, labels, key, epoch });
      const value = prepared.value();
      const [number] = await value.data();
      prepared.dispose();
      value.dispose();
      return number!;
    };
    expect(await valueOf(later, 0)).toBe(await valueOf(never, 0));
    expect(await valueOf(later, 50)).toBe(await valueOf(never, 0));
    expect(await valueOf(later, 51)).toBe(await valueOf(now, 0));
    expect(await valueOf(now, 0)).toBeGreaterThan(await valueOf(never, 0));
    x.dispose();
  });

  it('StabilityLoss asks about the clean images first, and apart from the noisy ones', () => {
    const asked: number[] = [];
    const counting = (x: tf.Tensor): tf.Tensor2D => (asked.push(x.shape[0]!), classifier(x));
    const loss = new StabilityLoss(counting, { noise, lambda: 1, numNoise: 3 });
    const x = tf.tensor2d(images, [5, 4]);
    const prepared = loss.prepare({ x, labels, key });
    prepared.value().dispose();
    expect(asked).toEqual([5, 15]);
    prepared.dispose();
    x.dispose();
  });

  it('draw their noise from the key itself', async () => {
    const x = tf.tensor2d(images, [5, 4]);
    const direct = noise.sampleBatch({ key: foldIn(key, 1), numNoise: 2, shape: x.shape });
    const made = [
      new StabilityLoss(classifier, { noise, lambda: 1, numNoise: 2 }),
      new ConsistencyLoss(classifier, { noise, lambda: 1 }),
      new MacerLoss(classifier, { noise, lambda: 1, numNoise: 2 }),
    ];
    for (const loss of made) {
      const prepared = loss.prepare({ x, labels, key: foldIn(key, 1) });
      expect(await prepared.noise.data()).toEqual(await direct.data());
      prepared.dispose();
    }
    tf.dispose([x, direct]);
  });

  it('macerRobustness counts infinite quantiles and wrong images as 0, with gradient 0 and no NaN', async () => {
    // sure of class 0, wrong, a tie of the two largest, in reach
    const rows = [40, 0, 0, 0, 1, 0, 1, 1, 0, 0.1, 0, 0];
    const z = tf.tensor3d([...rows, ...rows], [2, 4, 3]);
    const y = tf.tensor1d([0, 0, 0, 0], 'int32');
    const robustness = macerRobustness(z, y, { sigma: 0.5 });
    const found = await robustness.data();
    expect([found[0], found[1]]).toEqual([0, 0]);
    expect(found[2]).toBeCloseTo((0.5 / 2) * 8, 5);
    const reach = Array.from({ length: 2 }, () => [0, 3, 6, 9].map((at) => rows.slice(at, at + 3)));
    const twin = macerRobustnessTwin(reach, [0, 0, 0, 0], { sigma: 0.5, beta: 16, gamma: 8 });
    expect(found[3]).toBeCloseTo(twin[3]!, 4);
    const gradient = tf.grad((logits) => tf.sum(macerRobustness(logits as tf.Tensor3D, y, { sigma: 0.5 })))(z);
    const slopes = (await gradient.array()) as Logits;
    for (const copies of slopes) {
      expect(copies.flat().every(Number.isFinite)).toBe(true);
      expect([...copies[0]!, ...copies[1]!].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
      expect(copies[3]![0]).toBeLessThan(0);
    }
    tf.dispose([z, y, robustness, gradient]);
  });

  it('NaN logits give NaN in every part, never a quiet 0', async () => {
    const z = tf.tensor3d([1, 0, 0, Number.NaN, 1, 0, 2, 0, 0, 0, 1, 0], [2, 2, 3]);
    const clean = tf.tensor2d([1, 0, 0, 0, 1, 0], [2, 3]);
    const y = tf.tensor1d([0, 1], 'int32');
    const parts = {
      robustness: macerRobustness(z, y, { sigma: 0.5, beta: 1 }),
      classification: macerClassification(z, y),
      stability: stabilityTerm(clean, z),
      consistency: consistencyTerm(z, { lambda: 1 }),
      mse: consistencyTerm(z, { lambda: 1, mode: 'mse' }),
    };
    for (const [name, part] of Object.entries(parts)) {
      const [first, second] = await part.data();
      expect(first, name).toBeGreaterThan(0);
      expect(second, name).toBeNaN();
    }
    tf.dispose([z, clean, y, parts]);
  });

  it('stay finite for extreme logits', async () => {
    const z = tf.tensor3d([200, -200, 0, -200, 200, 0, -200, 200, 0, -200, 200, 0], [2, 2, 3]);
    const y = tf.tensor1d([0, 0], 'int32');
    const objective = (logits: tf.Tensor): tf.Tensor => {
      const noisy = logits as tf.Tensor3D;
      const [clean] = tf.unstack(noisy) as [tf.Tensor2D];
      const parts = [
        stabilityTerm(clean, noisy),
        consistencyTerm(noisy, { lambda: 1 }),
        macerClassification(noisy, y),
        macerRobustness(noisy, y, { sigma: 1 }),
      ];
      return tf.sum(tf.stack(parts));
    };
    const total = objective(z);
    const gradient = tf.grad(objective)(z);
    expect((await total.data()).every(Number.isFinite)).toBe(true);
    expect((await gradient.data()).every(Number.isFinite)).toBe(true);
    tf.dispose([z, y, total, gradient]);
  });

  it('leave no tensor but their result', () =>
    expectNoLeak(() => {
      const z = tf.tensor3d([1, 0, 0, 3, 1, 0, 2, 0, 0, 0, 1, 0], [2, 2, 3]);
      const clean = tf.tensor2d([1, 0, 0, 0, 1, 0], [2, 3]);
      const y = tf.tensor1d([0, 1], 'int32');
      const results = [
        macerRobustness(z, y, { sigma: 0.5 }),
        macerClassification(z, y),
        stabilityTerm(clean, z),
        consistencyTerm(z, { lambda: 1 }),
        tf.grad((logits) => tf.sum(macerRobustness(logits as tf.Tensor3D, y, { sigma: 0.5 })))(z),
      ];
      tf.dispose([z, clean, y, results]);
    }));
});
