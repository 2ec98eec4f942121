import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { denoised } from '../../src/classifier/input-adapters.ts';
import type { DenoiseFn, LogitsFn } from '../../src/classifier/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';

describeBackends('denoised', () => {
  it('runs the denoiser first, then the classifier, both in the same mode', async () => {
    const calls: string[] = [];
    const denoiser: DenoiseFn = (x, { training }) => (calls.push(`denoiser ${training}`), tf.add(x, 1));
    const classifier: LogitsFn = (x, { training }) => (calls.push(`classifier ${training}`), tf.mul(x, 2));
    const x = tf.tensor2d([1, 2], [1, 2]);
    await expectNoLeak(async () => {
      const out = denoised(classifier, denoiser)(x, { training: true });
      expect(Array.from(await out.data())).toEqual([4, 6]);
      out.dispose();
      denoised(classifier, denoiser)(x, { training: false }).dispose();
    });
    expect(calls).toEqual(['denoiser true', 'classifier true', 'denoiser false', 'classifier false']);
    x.dispose();
  });

  it('takes layers models, and may return the image as it is', async () => {
    const denoiser = tf.sequential({
      layers: [tf.layers.dense({ inputShape: [2], units: 2, kernelInitializer: 'identity' })],
    });
    const { logits } = linearClassifier([1, -1], 0);
    const x = tf.tensor2d([0.7, 0.2], [1, 2]);
    for (const denoise of [denoiser, (images: tf.Tensor) => images]) {
      const out = denoised(logits, denoise)(x, { training: false });
      expect((await out.data())[1]).toBeCloseTo(0.5, 5);
      out.dispose();
    }
    expect(x.isDisposed).toBe(false);
    x.dispose();
    denoiser.dispose();
  });

  it('of linear parts is linear: certified radii stay below the distance to the plane in input units', async () => {
    // w.(Dx) + b with D = [[0.75, 0.25], [0.25, 0.75]] is (Dw).x + b, since D is symmetric.
    const smooth: DenoiseFn = (x) => tf.tidy(() => tf.matMul(x, tf.tensor2d([0.75, 0.25, 0.25, 0.75], [2, 2])));
    const f = denoised(linearClassifier([2, -1], -0.3).logits, smooth);
    const whole = linearClassifier([1.25, -0.25], -0.3);
    const g = new SmoothedClassifier(f, { noise: new GaussianNoise({ sigma: 0.5 }), numClasses: 2 });
    const key = createKey(6);
    for (const [i, point] of [
      [0.9, 0.1],
      [0.1, 0.9],
      [0.7, 0.9],
    ].entries()) {
      const x = tf.tensor1d(point);
      // A radius above the distance has probability at most 1e-6 for each point.
      const certificate = await g.certify(x, { key: foldIn(key, i), n0: 50, n: 4000, alpha: 1e-6 });
      expect(certificate.label).toBe(whole.label(point));
      expect(certificate.radius).toBeLessThanOrEqual(whole.distance(point));
      expect(certificate.radius).toBeGreaterThan(0.3 * whole.distance(point));
      x.dispose();
    }
  });
});
