import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKey,
  foldIn,
  GaussianNoise,
  type RegressionCertificate,
  SmoothedRegressor,
  verifyCertificate,
} from 'catrs';
import type { StreamExample } from '../../../src/smoothed/types.ts';
import { useBackend } from '../../helpers/backends.ts';
import { thrownBy } from '../../helpers/errors.ts';
import { expectNoLeak } from '../../helpers/leaks.ts';

const sigma = 0.25;
const noise = new GaussianNoise({ sigma });
const key = createKey(7);

/** Outputs x₀ − x₁ and ½x₀ + 2x₁. */
const linear = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => tf.matMul(x as tf.Tensor2D, tf.tensor2d([1, 0.5, -1, 2], [2, 2])));

describe('SmoothedRegressor', () => {
  let x: tf.Tensor1D;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor1d([0.3, 0.6]);
  });
  afterAll(() => x.dispose());

  const g = new SmoothedRegressor(linear, { noise, outputs: 2 });
  const calls: readonly (readonly [string, (batchSize: number) => Promise<RegressionCertificate>])[] = [
    ['certify', (batchSize) => g.certify(x, { key, n: 700, radius: [0.1, 0.2], batchSize })],
    [
      'certify with looks',
      (batchSize) => g.certify(x, { key, n: 700, radius: 0.1, looks: [150, 301, 700], batchSize }),
    ],
    ['certify at any time', (batchSize) => g.certify(x, { key, n: 700, radius: 0.1, stop: { width: 1.5 }, batchSize })],
    [
      'certify on a grid',
      (batchSize) => g.certify(x, { key, n: 700, radius: 0.1, grid: { low: -3, high: 3, bins: 64 }, batchSize }),
    ],
    ['certifyInterval', (batchSize) => g.certifyInterval(x, { key, n: 700, low: [-2, null], high: [2, 3], batchSize })],
    [
      'certifyInterval at any time',
      (batchSize) =>
        g.certifyInterval(x, { key, n: 700, low: [-2, null], high: [2, 3], stop: { radius: 0.3 }, batchSize }),
    ],
    ['predict', (batchSize) => g.predict(x, { key, n: 700, batchSize })],
  ];
  describe.each(calls)('%s', (_, run) => {
    it('gives the same whatever the batch size, in plain JSON that follows from itself, and leaves no tensor', () =>
      expectNoLeak(async () => {
        const certificate = await run(1000);
        for (const batchSize of [7, 33]) expect(await run(batchSize)).toEqual(certificate);
        const stored = JSON.parse(JSON.stringify(certificate)) as RegressionCertificate;
        expect(stored).toEqual(certificate);
        expect(verifyCertificate(stored, noise)).toEqual({ valid: true, faults: [], radius: certificate.radius });
      }));
  });

  it('gives in a stream what it gives for each example', () =>
    expectNoLeak(async () => {
      const inputs = [[0.3, 0.6], [0.9, 0.1], [0.5, 0.5]]; // prettier-ignore
      const options = { key, n: 400, radius: 0.1, batchSize: 150 };
      const examples = (async function* (): AsyncGenerator<StreamExample> {
        for (const [index, input] of inputs.entries()) {
          const one = tf.tensor1d(input);
          yield await Promise.resolve({ x: one, index });
          one.dispose();
        }
      })();
      let index = 0;
      for await (const { certificate } of g.certifyStream(examples, options)) {
        const one = tf.tensor1d(inputs[index] ?? []);
        expect(certificate).toEqual(await g.certify(one, { ...options, key: foldIn(key, index++) }));
        one.dispose();
      }
      expect(index).toBe(inputs.length);
    }));

  it('stops at an abort, tells how far it is, and leaves no tensor', () =>
    expectNoLeak(async () => {
      const controller = new AbortController();
      const told: number[] = [];
      const onSamples = ({ drawn, most }: { drawn: number; most: number }): void => {
        told.push(drawn);
        expect(most).toBe(1000);
        if (drawn >= 300) controller.abort(new Error('enough'));
      };
      const run = () =>
        g.certify(x, { key, n: 1000, radius: 0.1, batchSize: 100, onSamples, signal: controller.signal });
      expect((await thrownBy(run)) as Error).toHaveProperty('message', 'enough');
      expect(told).toEqual([100, 200, 300]);
    }));
});
