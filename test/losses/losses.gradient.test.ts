import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { ConsistencyLoss, type ConsistencyMode } from '../../src/losses/consistency-loss.ts';
import { CopiesLoss } from '../../src/losses/copies-loss.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { MacerLoss } from '../../src/losses/macer-loss.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { StabilityLoss } from '../../src/losses/stability-loss.ts';
import type { Prepared } from '../../src/losses/types.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { lossAndGradients } from './variable-gradients.ts';

const key = createKey(21);
const noise = new GaussianNoise({ sigma: 0.4 });
const attack = new NoisePgd({ epsilon: 0.3, steps: 2 });
const labels = [0, 1, 2, 1];
const images = Array.from({ length: 12 }, (_, i) => 0.5 + 0.5 * Math.sin(5 * i));
const firstLayer = Array.from({ length: 15 }, (_, i) => Math.sin(7 * i + 1));
const secondLayer = Array.from({ length: 15 }, (_, i) => 2 * Math.cos(3 * i));

/** 3 numbers to 5 hidden units (tanh: no kinks) to 3 logits. */
function smoothNetwork() {
  const variables = {
    first: tf.variable(tf.tensor2d(firstLayer, [3, 5])),
    second: tf.variable(tf.tensor2d(secondLayer, [5, 3])),
  };
  const classifier = (x: tf.Tensor): tf.Tensor2D =>
    tf.tidy(() => tf.matMul(tf.tanh(tf.matMul(x as tf.Tensor2D, variables.first)), variables.second));
  return { variables, classifier };
}

type Network = ReturnType<typeof smoothNetwork>;

/**
 * Largest difference between the gradients of a loss and central differences, over all weights, in units of the largest entry.
 *
 * float32 losses of order 1 carry 1e-7, so a step of 0.01 gives 1e-5, and its curvature 1e-4.
 */
async function gradientError({ variables }: Network, prepared: Prepared): Promise<number> {
  const step = 0.01;
  const found = lossAndGradients(() => prepared.value(), variables);
  let worst = 0;
  let largest = 0;
  const value = async (): Promise<number> => {
    const scalar = prepared.value();
    const [number] = await scalar.data();
    scalar.dispose();
    return number!;
  };
  for (const [name, variable] of Object.entries(variables)) {
    const gradient = await found.gradients[name]!.data();
    const weights = Float32Array.from(await variable.data());
    const assign = (values: Float32Array): void =>
      tf.tidy(() => void variable.assign(tf.tensor(values, variable.shape)));
    for (let i = 0; i < weights.length; i++) {
      const moved = (by: number): Float32Array => weights.map((w, j) => (j === i ? w + by : w));
      assign(moved(step));
      const above = await value();
      assign(moved(-step));
      const below = await value();
      worst = Math.max(worst, Math.abs((above - below) / (2 * step) - gradient[i]!));
      largest = Math.max(largest, Math.abs(gradient[i]!));
    }
    assign(weights);
  }
  tf.dispose([found.loss, found.gradients]);
  return worst / largest;
}

describe('gradients with respect to the weights are central differences', () => {
  beforeAll(() => useBackend('cpu'));

  it('of GaussianLoss', async () => {
    const network = smoothNetwork();
    const loss = new GaussianLoss(network.classifier, { noise, numNoise: 2 });
    const x = tf.tensor2d(images, [4, 3]);
    using prepared = loss.prepare({ x, labels, key });
    expect(await gradientError(network, prepared)).toBeLessThan(1e-3);
    tf.dispose([x, network.variables]);
  });

  it.each([
    { name: 'drawn', copied: new SplittingNoise({ halfWidth: 0.4 }) },
    { name: 'enumerated', copied: new DeterministicSplittingNoise({ halfWidth: 0.4, key }) },
  ])('of CopiesLoss, $name copies', async ({ copied }) => {
    const network = smoothNetwork();
    const loss = new CopiesLoss(network.classifier, { noise: copied, numNoise: 3 });
    const x = tf.tensor2d(images, [4, 3]);
    using prepared = loss.prepare({ x, labels, key });
    expect(await gradientError(network, prepared)).toBeLessThan(1e-3);
    tf.dispose([x, network.variables]);
  });

  it('of StabilityLoss, through the clean prediction as well', async () => {
    const network = smoothNetwork();
    const loss = new StabilityLoss(network.classifier, { noise, lambda: 2, numNoise: 2 });
    const x = tf.tensor2d(images, [4, 3]);
    using prepared = loss.prepare({ x, labels, key });
    expect(await gradientError(network, prepared)).toBeLessThan(1e-3);
    tf.dispose([x, network.variables]);
  });

  it.each<ConsistencyMode>(['default', 'xent', 'kl', 'mse'])(
    'of ConsistencyLoss, mode %s, through the mean prediction as well',
    async (mode) => {
      const network = smoothNetwork();
      const loss = new ConsistencyLoss(network.classifier, { noise, lambda: 5, numNoise: 3, mode });
      const x = tf.tensor2d(images, [4, 3]);
      using prepared = loss.prepare({ x, labels, key });
      expect(await gradientError(network, prepared)).toBeLessThan(1e-3);
      tf.dispose([x, network.variables]);
    },
  );

  // Who counts is a constant of the tape; no image here is close to changing it.
  it.each([
    { beta: 1, gamma: 8, counted: [true, true, true, false] },
    { beta: 2, gamma: 1, counted: [true, false, true, false] },
  ])('of MacerLoss, beta $beta, gamma $gamma', async ({ beta, gamma, counted }) => {
    const network = smoothNetwork();
    const loss = new MacerLoss(network.classifier, { noise, lambda: 3, numNoise: 3, beta, gamma });
    const x = tf.tensor2d(images, [4, 3]);
    using prepared = loss.prepare({ x, labels: [2, 1, 2, 0], key });
    const terms = prepared.terms();
    expect(Array.from(await terms.robustness.data(), (entry) => entry > 0)).toEqual(counted);
    expect(await gradientError(network, prepared)).toBeLessThan(1e-3);
    tf.dispose([x, { ...terms }, network.variables]);
  });

  // The attacked images are given: of the attack nothing is on the tape.
  it('of SmoothAdvLoss', async () => {
    const network = smoothNetwork();
    const notRun = { perturb: () => expect.fail('the attack must not run where its result is given') };
    const loss = new SmoothAdvLoss(network.classifier, { noise, attack: notRun, numNoise: 2 });
    const x = tf.tensor2d(images, [4, 3]);
    const xAdv = tf.tensor2d([...images].reverse(), [4, 3]);
    using prepared = loss.prepare({ x, labels, key, xAdv });
    expect(await gradientError(network, prepared)).toBeLessThan(1e-3);
    tf.dispose([x, xAdv, network.variables]);
  });

  // The mask is a constant of the tape; no prediction here is close to changing its class.
  it.each([{ eta: 1 }, { eta: 5 }])('of SmoothMixLoss, eta $eta, through the targets as well', async ({ eta }) => {
    const network = smoothNetwork();
    const notRun = { perturb: () => expect.fail('the attack must not run where its result is given') };
    const loss = new SmoothMixLoss(network.classifier, { noise, attack: notRun, eta, numNoise: 2 });
    const x = tf.tensor2d(images, [4, 3]);
    const ends = { clean: tf.tensor2d([...images].reverse(), [4, 3]), adversary: tf.zeros([4, 3]) };
    using prepared = loss.prepare({ x, labels: [2, 1, 2, 0], key, ...ends });
    prepared.value().dispose();
    expect(new Set((await prepared.perImage()).mask), 'right and wrong images').toEqual(new Set([0, 1]));
    expect(await gradientError(network, prepared)).toBeLessThan(1e-3);
    tf.dispose([x, ends, network.variables]);
  });

  // K and the soft targets are given: as constants of the tape they may jump under a finite step.
  it.each([
    { k: [3, 3, 3, 3], lambda: 1 },
    { k: [1, 2, 3, 3], lambda: 2 },
    { k: [1, 1, 2, 2], lambda: 0.5 },
  ])('of ConfidenceAwareLoss, K $k, lambda $lambda', async ({ k, lambda }) => {
    const network = smoothNetwork();
    const loss = new ConfidenceAwareLoss(network.classifier, { noise, attack, lambda, numNoise: 3 });
    const x = tf.tensor2d(images, [4, 3]);
    const given = {
      k: tf.tensor1d(k),
      softTargets: tf.tensor2d([1, 0, 0, 0.2, 0.5, 0.3, 0.1, 0, 0.9, 0.3, 0.3, 0.4], [4, 3]),
    };
    using prepared = loss.prepare({ x, labels, key, ...given });
    expect(await gradientError(network, prepared)).toBeLessThan(1e-3);
    tf.dispose([x, given, network.variables]);
  });

  it('of ConfidenceAwareLoss are those of constant soft targets where the soft targets are the default', async () => {
    const network = smoothNetwork();
    const loss = new ConfidenceAwareLoss(network.classifier, { noise, attack, lambda: 2, numNoise: 3 });
    const x = tf.tensor2d(images, [4, 3]);
    const k = tf.tensor1d([3, 3, 3, 3]);
    using byDefault = loss.prepare({ x, labels, k, key });
    const { noise: e, noiseAdv } = byDefault;
    const softTargets = tf.tidy(() => {
      const rows = tf.unstack(e).map((copy) => tf.softmax(network.classifier(tf.add(x, copy))));
      return tf.mean(tf.stack(rows), 0);
    });
    using explicit = loss.prepare({ x, labels, k, key, softTargets, noise: e, noiseAdv: noiseAdv! });
    const found = lossAndGradients(() => byDefault.value(), network.variables);
    const expected = lossAndGradients(() => explicit.value(), network.variables);
    for (const name of ['first', 'second'] as const) {
      const gradient = await found.gradients[name]!.data();
      (await expected.gradients[name]!.data()).forEach((entry, i) => expect(gradient[i]).toBeCloseTo(entry, 5));
    }
    tf.dispose([x, k, softTargets, found, expected, network.variables]);
  });
});
