import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { bottomKCrossEntropy, sampleK, voteFrequency, worstCaseKl } from '../../src/losses/confidence-aware-terms.ts';
import { OptionError } from '../../src/errors.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { GaussianLoss, noisyCrossEntropy } from '../../src/losses/gaussian-loss.ts';
import { macerClassification, macerRobustness } from '../../src/losses/macer-terms.ts';
import { correctMask, mixTargets, mixupKl } from '../../src/losses/smooth-mix-terms.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import type { Labels } from '../../src/tensors/labels.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { catRsTwin, crossEntropy, gaussianTwin, kl, meanSoftmaxTwin, smoothMixTwin } from '../losses/twins.ts';

const key = createKey(9);
const noise = new GaussianNoise({ sigma: 0.7 });

/** 4 numbers to 3 logits, with a bend, so that copies of one image vote differently. */
const weights = [0.9, -1.2, 0.4, -0.3, 0.8, 1.1, 1.5, -0.7, 0.2, -1, 0.6, 0.9];
const classifier = (x: tf.Tensor): tf.Tensor2D =>
  tf.tidy(() => tf.mul(tf.sin(tf.matMul(tf.reshape(x, [-1, 4]), tf.tensor2d(weights, [4, 3]))), 3));
const images = [0.1, 0.9, 0.4, 0.3, 0.8, 0.2, 0.6, 0.5, 0, 1, 0.5, 0.7, 0.35, 0.45, 0.9, 0.05, 0.6, 0.6, 0.1, 0.2];
const labels = [0, 2, 1, 1, 0];
const targets = [
  [1, 0, 0],
  [0.2, 0.3, 0.5],
  [0, 0.9, 0.1],
  [0.25, 0.5, 0.25],
  [0.8, 0.2, 0],
];

type Logits = number[][][];
const asArrays = async (tensor: tf.Tensor): Promise<unknown> => tensor.array();

/** Logits [M][B][C] of images plus noise, each copy asked alone. */
async function logitsOf(e: tf.Tensor, inputs: readonly number[] = images): Promise<Logits> {
  const logits = tf.tidy(() => {
    const x = tf.tensor2d([...inputs], [5, 4]);
    return tf.stack(tf.unstack(e).map((copy) => classifier(tf.add(x, copy))));
  });
  const arrays = (await asArrays(logits)) as Logits;
  logits.dispose();
  return arrays;
}

describeBackends('the parts of the losses, against plain loops', () => {
  const someLogits = (): tf.Tensor3D =>
    tf.tensor3d(
      Array.from({ length: 24 }, (_, i) => Math.sin(3 * i * i)),
      [4, 2, 3],
    );

  it('GaussianLoss', async () => {
    const loss = new GaussianLoss(classifier, { noise, numNoise: 3 });
    const x = tf.tensor2d(images, [5, 4]);
    const prepared = loss.prepare({ x, labels, key });
    const value = prepared.value();
    expect((await value.data())[0]).toBeCloseTo(gaussianTwin(await logitsOf(prepared.noise), labels), 5);
    prepared.dispose();
    tf.dispose([x, value]);
  });

  it.each([
    { confidenceMask: false, lambda: 0.5, given: ['softTargets'] },
    { confidenceMask: true, lambda: 2, given: ['softTargets'] },
    { confidenceMask: false, lambda: 1, given: [] },
    { confidenceMask: true, lambda: 1, given: [] },
    { confidenceMask: false, lambda: 1, given: ['softTargets', 'k', 'noise', 'noiseAdv'] },
  ])('ConfidenceAwareLoss, %o', async ({ confidenceMask, lambda, given }) => {
    const shifted = { perturb: (_: unknown, { noise: e }: { noise: tf.Tensor }) => tf.add(tf.mul(e, -1), 0.1) };
    const loss = new ConfidenceAwareLoss(classifier, { noise, attack: shifted, lambda, confidenceMask });
    const x = tf.tensor2d(images, [5, 4]);
    const k = [4, 1, 2, 4, 3];
    const all = {
      softTargets: tf.tensor2d(targets),
      k: tf.tensor1d(k),
      noise: tf.tidy(() => noise.sampleBatch({ key: createKey(1), numNoise: 4, shape: [5, 4] })),
      noiseAdv: tf.tidy(() => noise.sampleBatch({ key: createKey(2), numNoise: 4, shape: [5, 4] })),
    };
    const chosen = Object.fromEntries(Object.entries(all).filter(([name]) => given.includes(name)));
    const prepared = loss.prepare({ x, labels, key, ...chosen });
    if (given.includes('noise')) expect(await prepared.noise.data()).toEqual(await all.noise.data());
    if (given.includes('noiseAdv')) expect(await prepared.noiseAdv!.data()).toEqual(await all.noiseAdv.data());
    const logits = await logitsOf(prepared.noise);
    const expected = catRsTwin({
      logits,
      logitsAdv: await logitsOf(prepared.noiseAdv!),
      labels,
      softTargets: given.includes('softTargets') ? targets : meanSoftmaxTwin(logits),
      uniforms: (await asArrays(prepared.uniforms)) as number[][],
      lambda,
      confidenceMask,
      ...(given.includes('k') && { k }),
    });
    const value = prepared.value();
    expect((await value.data())[0]).toBeCloseTo(expected.total, 5);
    const { terms, ...numbers } = await prepared.perImage();
    const found = { ...numbers, ...terms };
    const weighted = { ...expected, high: expected.high.map((entry, b) => lambda * expected.mask[b]! * entry) };
    for (const part of ['low', 'high', 'mask', 'k'] as const) {
      weighted[part].forEach((entry, b) => expect(found[part][b], `${part}[${b}]`).toBeCloseTo(entry, 5));
    }
    prepared.dispose();
    tf.dispose([x, value, all]);
  });

  it('SmoothAdvLoss', async () => {
    const shift = { perturb: (_: unknown, { x: images }: { x: tf.Tensor }) => tf.sub(1, images) };
    const loss = new SmoothAdvLoss(classifier, { noise, attack: shift, numNoise: 3 });
    const x = tf.tensor2d(images, [5, 4]);
    const prepared = loss.prepare({ x, labels, key });
    const value = prepared.value();
    const moved = images.map((entry) => 1 - entry);
    expect((await value.data())[0]).toBeCloseTo(gaussianTwin(await logitsOf(prepared.noise, moved), labels), 5);
    expect(await prepared.x.data()).toEqual(await x.data());
    prepared.dispose();
    tf.dispose([x, value]);
  });

  it.each([
    { eta: 5, warmupEpochs: 0, given: [] },
    { eta: 0, warmupEpochs: 0, given: [] },
    { eta: 2, warmupEpochs: 4, given: ['mixing', 'noise'] },
    { eta: 1, warmupEpochs: 0, given: ['clean', 'adversary'] },
  ])('SmoothMixLoss, %o', async ({ eta, warmupEpochs, given }) => {
    const ends = {
      clean: images.map((entry) => entry * 0.9),
      adversary: images.map((entry) => 1 - entry ** 2),
    };
    const asTensors = () => ({
      clean: tf.tensor2d(ends.clean, [5, 4]),
      adversary: tf.tensor2d(ends.adversary, [5, 4]),
    });
    const nothing = { dispose: () => {}, [Symbol.dispose]: () => {} };
    const attack = { perturb: () => ({ ...asTensors(), ...nothing }) };
    const loss = new SmoothMixLoss(classifier, {
      noise,
      attack,
      eta,
      warmupEpochs,
      numNoise: given.includes('noise') ? 4 : 2,
    });
    const x = tf.tensor2d(images, [5, 4]);
    const all = {
      ...asTensors(),
      mixing: tf.tensor1d([0, 0.5, 0.25, 0.1, 1]),
      noise: tf.tidy(() => noise.sampleBatch({ key: createKey(1), numNoise: 4, shape: [5, 4] })),
    };
    const chosen = Object.fromEntries(Object.entries(all).filter(([name]) => given.includes(name)));
    const prepared = loss.prepare({ x, labels, key, epoch: 1, ...chosen });
    for (const name of given as (keyof typeof all)[]) {
      expect(await prepared[name].data(), name).toEqual(await all[name].data());
    }
    const mixing = Array.from(await prepared.mixing.data());
    const mixed = images.map((_, i) => {
      const share = mixing[Math.floor(i / 4)]!;
      return (1 - share) * ends.clean[i]! + share * ends.adversary[i]!;
    });
    const expected = smoothMixTwin({
      logits: await logitsOf(prepared.noise, ends.clean),
      logitsMixed: await logitsOf(prepared.noise, mixed),
      labels,
      mixing,
      weight: warmupEpochs === 0 ? eta : (eta * 2) / warmupEpochs,
    });
    const value = prepared.value();
    expect((await value.data())[0]).toBeCloseTo(expected.total, 5);
    const { terms, ...numbers } = await prepared.perImage();
    const found = { ...numbers, ...terms };
    const weight = warmupEpochs === 0 ? eta : (eta * 2) / warmupEpochs;
    const weighted = { ...expected, mixup: expected.mixup.map((entry, b) => weight * expected.mask[b]! * entry) };
    for (const part of ['crossEntropy', 'mixup', 'mask'] as const) {
      weighted[part].forEach((entry, b) => expect(found[part][b], `${part}[${b}]`).toBeCloseTo(entry, 5));
    }
    expect(new Set(expected.mask), 'right and wrong images').toEqual(new Set([0, 1]));
    prepared.dispose();
    tf.dispose([x, value, all]);
  });

  it('mixTargets, mixupKl and correctMask', async () => {
    const z = someLogits();
    const zMixed = tf.tidy(() => tf.mul(z, -0.5)) as tf.Tensor3D;
    const y = tf.tensor1d([2, 0], 'int32');
    const share = tf.tensor1d([0.4, 0]);
    const expected = smoothMixTwin({
      logits: (await z.array()) as Logits,
      logitsMixed: (await zMixed.array()) as Logits,
      labels: [2, 0],
      mixing: [0.4, 0],
      weight: 1,
    });
    const parts = [mixTargets(z, share), mixupKl(zMixed, mixTargets(z, share)), correctMask(z, y)];
    const wanted = [expected.targets.flat(), expected.mixup, expected.mask];
    for (const [i, part] of parts.entries()) {
      (await part.data()).forEach((entry, at) => expect(entry).toBeCloseTo(wanted[i]![at]!, 5));
    }
    tf.dispose([z, zMixed, y, share, parts]);
  });

  it('correctMask takes the lowest class of equal probabilities', async () => {
    const z = tf.zeros([2, 3, 3]) as tf.Tensor3D;
    const y = tf.tensor1d([0, 1, 2], 'int32');
    const mask = correctMask(z, y);
    expect(Array.from(await mask.data())).toEqual([1, 0, 0]);
    tf.dispose([z, y, mask]);
  });

  it('mixupKl and its gradient through the targets stay finite where softmax underflows to 0', async () => {
    const z = tf.tensor3d([200, -200, 0, -200, 200, 0], [1, 2, 3]);
    const share = tf.tensor1d([0, 0.5]);
    const objective = (logits: tf.Tensor): tf.Scalar => {
      const targets = mixTargets(logits as tf.Tensor3D, share);
      return tf.sum(mixupKl(tf.neg(logits) as tf.Tensor3D, targets));
    };
    const { value, grad } = tf.valueAndGrad(objective)(z);
    const [number] = await value.data();
    // Image 0: KL of a one-hot target to logits 400 apart. Image 1: targets 1/6, 1/6, 2/3 to logits 200, -200, 0.
    const second = (1 / 6) * Math.log(1 / 6) * 2 + (2 / 3) * Math.log(2 / 3) + (1 / 6) * 0 + (2 / 3) * 400 + 200 / 6;
    expect(number! / (400 + second)).toBeCloseTo(1, 5);
    expect((await grad.data()).every(Number.isFinite)).toBe(true);
    tf.dispose([z, share, value, grad]);
  });

  it('bottomKCrossEntropy, for every K', async () => {
    const z = someLogits();
    const rows = (await z.array()) as Logits;
    const y = tf.tensor1d([2, 0], 'int32');
    for (const count of [1, 2, 3, 4]) {
      const k = tf.tensor1d([count, 5 - count]);
      const low = bottomKCrossEntropy(z, y, k);
      const found = await low.data();
      for (const [b, label] of [2, 0].entries()) {
        const sorted = rows.map((copies) => crossEntropy(copies[b]!, label)).sort((a, c) => a - c);
        const least = b === 0 ? count : 5 - count;
        expect(found[b]).toBeCloseTo(sorted.slice(0, least).reduce((a, c) => a + c) / 4, 5);
      }
      tf.dispose([k, low]);
    }
    tf.dispose([z, y]);
  });

  it('bottomKCrossEntropy takes the earlier copies among equal ones, exactly K of them', async () => {
    const z = tf.tidy(() => tf.tile(tf.tensor3d([1, 2, 3], [1, 1, 3]), [4, 1, 1]) as tf.Tensor3D);
    const y = tf.tensor1d([0], 'int32');
    const k = tf.tensor1d([2]);
    const gradient = tf.grad((logits) => tf.sum(bottomKCrossEntropy(logits as tf.Tensor3D, y, k)))(z);
    const touched = ((await gradient.array()) as Logits).map((copies) => copies[0]!.some((entry) => entry !== 0));
    expect(touched).toEqual([true, true, false, false]);
    tf.dispose([z, y, k, gradient]);
  });

  it('worstCaseKl, and its gradient in the first of equal copies only', async () => {
    const z = someLogits();
    const t = tf.tensor2d([1, 0, 0, 0.2, 0.3, 0.5], [2, 3]);
    const rows = (await z.array()) as Logits;
    const worst = worstCaseKl(z, t);
    const found = await worst.data();
    [
      [1, 0, 0],
      [0.2, 0.3, 0.5],
    ].forEach((target, b) => {
      expect(found[b]).toBeCloseTo(Math.max(...rows.map((copies) => kl(target, copies[b]!))), 5);
    });
    const tied = tf.tidy(() => tf.tile(tf.tensor3d([1, 2, 3], [1, 1, 3]), [3, 2, 1]) as tf.Tensor3D);
    const gradient = tf.grad((logits) => tf.sum(worstCaseKl(logits as tf.Tensor3D, t)))(tied);
    const touched = ((await gradient.array()) as Logits).map((copies) => copies[0]!.some((entry) => entry !== 0));
    expect(touched).toEqual([true, false, false]);
    tf.dispose([z, t, worst, tied, gradient]);
  });

  it('worstCaseKl and the cross entropy stay finite for extreme logits and one-hot targets', async () => {
    const z = tf.tensor3d([200, -200, 0, -200, 200, 0], [1, 2, 3]);
    const t = tf.tensor2d([0, 1, 0, 0, 1, 0], [2, 3]);
    const y = tf.tensor1d([1, 1], 'int32');
    const worst = worstCaseKl(z, t);
    const k = tf.tensor1d([1, 1]);
    const low = bottomKCrossEntropy(z, y, k);
    // Adding 0 makes one zero of two.
    expect(Array.from(await worst.data(), (value) => value + 0)).toEqual([400, 0]);
    expect(Array.from(await low.data(), (value) => value + 0)).toEqual([400, 0]);
    tf.dispose([z, t, y, worst, k, low]);
  });

  it('voteFrequency counts the lowest class among equal logits', async () => {
    const z = tf.tensor3d([1, 1, 0, 0, 2, 2, 3, 0, 0, 5, 5, 5], [2, 2, 3]);
    const y = tf.tensor1d([0, 1], 'int32');
    const share = voteFrequency(z, y);
    expect(Array.from(await share.data())).toEqual([1, 0.5]);
    tf.dispose([z, y, share]);
  });

  it('sampleK is at least 1 and at most M, at p 0 and 1 for certain', async () => {
    const p = tf.tensor1d([0, 1, 0.5]);
    const u = tf.tensor2d([0, 0, 0, 0.999, 0.99, 0, 0.4, 0.5, 0.6], [3, 3]);
    const k = sampleK(p, u);
    expect(Array.from(await k.data())).toEqual([1, 3, 1]);
    tf.dispose([p, u, k]);
  });

  it('take labels as a tensor, a list or a typed array, also on the tape', () =>
    expectNoLeak(async () => {
      const z = someLogits();
      const k = tf.tensor1d([2, 3]);
      const tensor = tf.tensor1d([2, 0], 'int32');
      const parts: Readonly<Record<string, (y: Labels) => tf.Tensor>> = {
        noisyCrossEntropy: (y) => noisyCrossEntropy(z, y),
        bottomKCrossEntropy: (y) => bottomKCrossEntropy(z, y, k),
        voteFrequency: (y) => voteFrequency(z, y),
        correctMask: (y) => correctMask(z, y),
        macerClassification: (y) => macerClassification(z, y),
        macerRobustness: (y) => macerRobustness(z, y, { sigma: 0.5, beta: 1 }),
      };
      for (const [name, part] of Object.entries(parts)) {
        const found = [tensor, [2, 0], Int32Array.of(2, 0), Uint8Array.of(2, 0)].map(part);
        const [expected, ...others] = await Promise.all(found.map((one) => one.data()));
        for (const other of others) expect(other, name).toEqual(expected);
        tf.dispose(found);
        const refuse = (y: Labels, text: string): Promise<void> =>
          expectError(() => part(y), OptionError, `${name}: \`labels\` must ${text}`);
        await refuse([2, 3], 'be below the number of classes (3), got 3');
        await refuse([2, -1], 'be integers of at least 0, got -1');
        await refuse([2], 'hold one label per image (2), got 1');
      }
      const gradient = tf.grad((logits) => tf.sum(noisyCrossEntropy(logits as tf.Tensor3D, [2, 0])));
      const same = tf.grad((logits) => tf.sum(noisyCrossEntropy(logits as tf.Tensor3D, tensor)));
      const slopes = [gradient(z), same(z)];
      expect(await slopes[0]!.data()).toEqual(await slopes[1]!.data());
      tf.dispose([z, k, tensor, slopes]);
    }));

  it('leave no tensor but their result, and nothing on the tape where they are constants', () =>
    expectNoLeak(async () => {
      const z = someLogits();
      const y = tf.tensor1d([2, 0], 'int32');
      const k = tf.tensor1d([1, 3]);
      const u = tf.zeros([2, 4]) as tf.Tensor2D;
      const gradient = tf.grad((logits) => {
        const share = voteFrequency(logits as tf.Tensor3D, y);
        const count = sampleK(share, u);
        return tf.add(tf.sum(tf.mul(share, count)), tf.sum(bottomKCrossEntropy(logits as tf.Tensor3D, y, k)));
      })(z);
      const alone = tf.grad((logits) => tf.sum(bottomKCrossEntropy(logits as tf.Tensor3D, y, k)))(z);
      const unsigned = (values: ArrayLike<number>): number[] => Array.from(values, (value) => value + 0); // −0 is 0
      expect(unsigned(await gradient.data())).toEqual(unsigned(await alone.data()));
      tf.dispose([z, y, k, u, gradient, alone]);
    }));
});
