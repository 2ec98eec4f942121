import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import type { Certificate } from '../../src/certify/types.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import type { TypedClassifier } from '../../src/classifier/types.ts';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { AllAblations } from '../../src/noise/all-ablations.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import { createKey } from '../../src/random/key.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const key = createKey(7);
const noise = new AblationNoise({ inputShape: [4, 5, 2], keep: 4, encoding: 'mask' });

/** Class 1 where the shown values of copies [4, 5, 3] are large, on tensors. */
const bright = (copies: tf.Tensor): tf.Tensor2D =>
  tf.tidy(() => {
    const sums = tf.sum(tf.slice(tf.reshape(copies, [-1, 20, 3]), [0, 0, 0], [-1, 20, 2]), [1, 2]);
    return tf.stack([tf.mul(4, tf.onesLike(sums)), tf.mul(sums, 1.2)], 1) as tf.Tensor2D;
  });

/** The same on typed arrays. */
const typed: TypedClassifier = {
  numClasses: 2,
  classify: (inputs, { batch }) => {
    const logits = new Float32Array(2 * batch);
    for (let row = 0; row < batch; row++) {
      let sum = 0;
      for (let at = 60 * row; at < 60 * (row + 1); at += 3) sum += inputs[at]! + inputs[at + 1]!;
      logits.set([4, 1.2 * sum], 2 * row);
    }
    return logits;
  },
};

/** Numbers a multiple of 1/64 apart: sums are exact in any order. */
const image = Float32Array.from({ length: 40 }, (_, i) => ((i * 29) % 61) / 64 + 0.25).map((v) => Math.min(1, v));

describeBackends('certificates of ablation', () => {
  it('are the same for every size of batches, by tensors and by typed arrays, and verify', () =>
    expectNoLeak(async () => {
      const x = tf.tensor(image, [4, 5, 2]);
      for (const rule of [undefined, topTwo(), fixedRadius({ radius: [0, 1, 2] })]) {
        const certificates: Certificate[] = [];
        for (const classifier of [bright, typed]) {
          for (const batchSize of [1, 7, 200]) {
            const g = new SmoothedClassifier(classifier, { noise, numClasses: 2, batchSize });
            certificates.push(await g.certify(x, { key, n0: 20, n: 150, alpha: 0.01, ...(rule && { rule }) }));
          }
        }
        const [first] = certificates;
        expect(first).toMatchObject({ abstained: false, label: 1, norm: 'l0', noise: { name: 'ablation' } });
        expect(first!.radius).toBeGreaterThanOrEqual(0);
        for (const c of certificates) {
          expect({ label: c.label, radius: c.radius, nA: c.nA, nUsed: c.nUsed }).toEqual({
            label: first!.label,
            radius: first!.radius,
            nA: first!.nA,
            nUsed: first!.nUsed,
          });
          expect(verifyCertificate(c, noise)).toEqual({ valid: true, faults: [], radius: c.radius });
          const read = JSON.parse(JSON.stringify(c)) as Certificate;
          expect(verifyCertificate(read, noiseOf(read.noise)).valid).toBe(true);
        }
      }
      x.dispose();
    }));

  it('are refused with a radius more, and for a noise that keeps another number', () =>
    expectNoLeak(async () => {
      const x = tf.tensor(image, [4, 5, 2]);
      const g = new SmoothedClassifier(typed, { noise });
      const c = await g.certify(x, { key, n0: 20, n: 150, alpha: 0.01 });
      x.dispose();
      expect(verifyCertificate({ ...c, radius: c.radius + 1 }, noise).valid).toBe(false);
      for (const keep of [3, 5]) {
        const other = new AblationNoise({ inputShape: [4, 5, 2], keep, encoding: 'mask' });
        expect(() => verifyCertificate(c, other)).toThrow(/`noise` must be/);
      }
      const fill = new AblationNoise({ inputShape: [4, 5, 2], keep: 4, encoding: { fill: 0 } });
      expect(() => verifyCertificate(c, fill)).toThrow(/`noise` must be/);
    }));

  it('abstain where the class is not proven, and not where it is and no change is', async () => {
    const x = tf.tensor(image, [4, 5, 2]);
    // The mean of shown values at which the class is nearly even: scaled down.
    const reasons = new Set<string>();
    for (const scale of Array.from({ length: 40 }, (_, i) => 1 - i / 50)) {
      const darker = tf.mul(x, scale);
      const g = new SmoothedClassifier(bright, { noise, numClasses: 2 });
      const c = await g.certify(darker, { key, n0: 20, n: 150, alpha: 0.01 });
      darker.dispose();
      expect(c.abstained).toBe(!(c.pABar > 0.5));
      expect(c.radius).toBe(c.abstained ? 0 : noise.radius({ p: c.pABar, q: c.qABar }, { norm: 'l0' }));
      reasons.add(`${c.abstained} ${c.radius}`);
    }
    x.dispose();
    expect([...reasons].some((reason) => reason === 'false 0')).toBe(true);
    expect([...reasons].some((reason) => reason === 'true 0')).toBe(true);
  });

  it('of all ablations need no key, never abstain and verify', () =>
    expectNoLeak(async () => {
      const all = new AllAblations({ inputShape: [4, 5, 2], keep: 2, encoding: 'mask' });
      const dim = (copies: tf.Tensor): tf.Tensor2D => bright(tf.mul(copies, 2));
      const g = new DerandomizedClassifier(dim, { noise: all, numClasses: 2, batchSize: 64 });
      const x = tf.tensor(image, [4, 5, 2]);
      const c = await g.certify(x);
      x.dispose();
      expect(c).toMatchObject({ abstained: false, label: 1, norm: 'l0', n: 190, alpha: 0 });
      expect(c.radius).toBe(all.radius(c.counts, c.label, { norm: 'l0' }));
      expect(verifyCertificate(c, all)).toEqual({ valid: true, faults: [], radius: c.radius });
      expect(verifyCertificate({ ...c, radius: c.radius + 1 }, all).valid).toBe(false);
    }));
});
