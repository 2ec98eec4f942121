import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { Sgd, type SgdOptions } from '../../src/recipes/sgd.ts';
import { describeBackends } from '../helpers/backends.ts';
import { readFixture, toTensor, type FixtureArray } from '../helpers/fixtures.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';
import { crossEntropyGradient, plainWeights, sgdTwin } from '../recipes/tiny-cnn-twin.ts';

interface Fixture {
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
}
const { model, inputs } = await readFixture<Fixture>('tinycnn.json');
const labels = [0, 1, 2, 0, 1, 2];
const published = { learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4, dampening: 0, nesterov: false };

const settings = [
  ['published', published],
  ['plain', { ...published, momentum: 0, weightDecay: 0 }],
  ['strong decay', { ...published, weightDecay: 0.5 }],
  ['dampening', { ...published, dampening: 0.3 }],
  ['nesterov', { ...published, nesterov: true, weightDecay: 0.05 }],
  ['no momentum, decay', { ...published, momentum: 0, weightDecay: 0.1 }],
] as const;

describeBackends('Sgd', () => {
  it.each(settings)('moves one weight as the formula does: %s', async (_, options) => {
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1.5, -0.5])));
    const sgd = new Sgd(options);
    // f = sum(w^2 * 3/2 + t * w) in step t: gradient 3w + t.
    const gradients = [0, 1, 2, 3].map((t) => (value: number) => 3 * value + t);
    for (const t of gradients.keys()) {
      const f = (): tf.Scalar => tf.sum(tf.add(tf.mul(1.5, tf.square(w)), tf.mul(t, w))) as tf.Scalar;
      sgd.minimize(f, false, [w]);
    }
    const values = await w.data();
    [1.5, -0.5].forEach((start, i) => expect(values[i]).toBeCloseTo(sgdTwin(start, gradients, options), 5));
    tf.dispose(w);
    sgd.dispose();
  });

  it.each(settings)('trains the tiny network like its double-precision twin for ten steps: %s', async (_, options) => {
    const variables = tinyCnnVariables(model);
    const list = Object.values(variables);
    const x = toTensor(inputs);
    const loss = new GaussianLoss(tinyCnn(variables), { noise: new GaussianNoise({ sigma: 1 }) });
    const sgd = new Sgd(options);
    const weights = plainWeights(model);
    const names = Object.keys(weights) as (keyof typeof weights)[];
    const buffers = plainWeights(model);
    const noise = tf.zeros([1, ...x.shape]);
    for (let step = 0; step < 10; step++) {
      using prepared = loss.prepare({ x, labels, key: createKey(0), noise });
      const cost = sgd.minimize(() => prepared.value(), true, list)!;
      const twin = crossEntropyGradient(weights, inputs, labels);
      expect(Math.abs((await cost.data())[0]! - twin.loss)).toBeLessThan(2e-6);
      cost.dispose();
      for (const name of names)
        weights[name] = weights[name].map((w, i) => {
          let d = twin.gradient[name][i]! + options.weightDecay * w;
          if (options.momentum !== 0) {
            const buffer = step === 0 ? d : options.momentum * buffers[name][i]! + (1 - options.dampening) * d;
            buffers[name][i] = buffer;
            d = options.nesterov ? d + options.momentum * buffer : buffer;
          }
          return w - options.learningRate * d;
        });
    }
    let largest = 0;
    for (const name of names) {
      const values = await variables[name].data();
      weights[name].forEach((w, i) => (largest = Math.max(largest, Math.abs(values[i]! - w))));
    }
    // Measured: at most 3.1e-7 on cpu, 2.5e-7 on wasm, 2.0e-7 on webgpu (SwiftShader).
    expect(largest, 'largest difference of a weight').toBeLessThan(1e-6);
    tf.dispose([variables, x, noise]);
    sgd.dispose();
  });

  describe('keeps its momentum', () => {
    const data = async (variables: readonly tf.Variable[]): Promise<number[][]> =>
      Promise.all(variables.map(async (variable) => [...(await variable.data())]));

    it('in getWeights and setWeights: the steps go on with the same bits', async () => {
      const x = toTensor(inputs);
      const noise = new GaussianNoise({ sigma: 0.5 });
      const train = (sgd: Sgd, variables: ReturnType<typeof tinyCnnVariables>, from: number, to: number): void => {
        const loss = new GaussianLoss(tinyCnn(variables), { noise });
        for (let step = from; step < to; step++) {
          using prepared = loss.prepare({ x, labels, key: foldIn(createKey(7), step) });
          sgd.minimize(() => prepared.value(), false, Object.values(variables));
        }
      };
      await expectNoLeak(async () => {
        const [first, second] = [tinyCnnVariables(model), tinyCnnVariables(model)];
        const [whole, half, rest] = [new Sgd(published), new Sgd(published), new Sgd(published)];
        train(whole, first, 0, 4);
        train(half, second, 0, 2);
        const weights = await half.getWeights();
        expect(weights.map(({ name }) => name)).toEqual(['iter', ...[0, 1, 2, 3].map((p) => `momentum/${p}`)]);
        await rest.setWeights(weights);
        weights[0]!.tensor.dispose();
        half.dispose();
        train(rest, second, 2, 4);
        expect([rest.iterations, whole.iterations]).toEqual([4, 4]);
        expect(await data(Object.values(second))).toEqual(await data(Object.values(first)));
        tf.dispose([first, second]);
        whole.dispose();
        rest.dispose();
      });
      x.dispose();
    });

    it('and frees it', () =>
      expectNoLeak(async () => {
        const w = tf.tidy(() => tf.variable(tf.tensor1d([1])));
        const sgd = new Sgd(published);
        const cost = sgd.minimize(() => tf.sum(tf.square(w)) as tf.Scalar, true, [w])!;
        expect((await cost.data())[0]).toBe(1);
        tf.dispose([w, cost]);
        sgd.dispose();
      }));
  });

  it('takes a new step size between steps, and decays only what it is told to', async () => {
    const [a, b] = tf.tidy(() => [tf.variable(tf.tensor1d([1])), tf.variable(tf.tensor2d([[1]]))] as const);
    const options: SgdOptions = { learningRate: 1, weightDecay: 0.5, decays: (variable) => variable.rank > 1 };
    const sgd = new Sgd(options);
    sgd.learningRate = 0.5;
    const f = (): tf.Scalar => tf.add(tf.sum(a), tf.sum(b)) as tf.Scalar;
    sgd.minimize(f, false, [a, b]);
    expect([(await a.data())[0], (await b.data())[0]]).toEqual([0.5, 0.25]);
    expect(sgd.getConfig()).toEqual({ ...published, learningRate: 0.5, momentum: 0, weightDecay: 0.5 });
    tf.dispose([a, b]);
    sgd.dispose();
  });
});
