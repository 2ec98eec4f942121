import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import type { InputAttack } from '../../src/attacks/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { describeBackends } from '../helpers/backends.ts';
import { ddnTwin, normals, pgdTwin, tinyMlp, tinyMlpLogits, type TwinAttack } from './twins.ts';

const { inputs, units, classes, first, second } = tinyMlp;
const numNoise = 4;
const images = [3, 4, 5, 6].map((seed) => normals(seed, inputs).map((value) => 0.5 + 0.2 * value));
const noises = images.map((_, b) =>
  Array.from({ length: numNoise }, (_, m) => normals(100 + 10 * b + m, inputs).map((value) => value / 2)),
);
const source = new GaussianNoise({ sigma: 0.5 });
const clip = [-0.2, 1.5] as const;

const logits = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const hidden = tf.tanh(tf.matMul(tf.reshape(x, [-1, inputs]), tf.tensor2d(first, [inputs, units])));
    return tf.matMul(hidden, tf.tensor2d(second, [units, classes]));
  });

/** The class that most noisy copies of image b have without an attack. */
function vote(b: number): number {
  const counts = [0, 0, 0];
  for (const noise of noises[b]!) {
    const z = tinyMlpLogits(images[b]!.map((value, k) => value + noise[k]!));
    counts[z.indexOf(Math.max(...z))]! += 1;
  }
  return counts.indexOf(Math.max(...counts));
}
const labels = images.map((_, b) => vote(b));

async function expectTwin(
  attack: InputAttack,
  strength: number,
  twin: (given: TwinAttack) => readonly number[],
  steps: number,
): Promise<void> {
  const x = tf.tensor2d(images);
  const byNoise = Array.from({ length: numNoise }, (_, m) => noises.map((list) => list[m]!));
  const noise = tf.tensor3d(byNoise);
  const attacked = attack.perturb(targetOf(logits, source, clip), { x, labels, noise, key: createKey(0), strength });
  const found = (await attacked.array()) as number[][];
  tf.dispose([x, noise, attacked]);
  for (const [b, image] of images.entries()) {
    const expected = twin({ logits: tinyMlpLogits, x: image, label: labels[b]!, noises: noises[b]!, steps, clip });
    expected.forEach((value, k) => expect(found[b]![k], `image ${b}, coordinate ${k}`).toBeCloseTo(value, 4));
    expect(Math.max(...expected.map((value, k) => Math.abs(value - image[k]!))), `image ${b} moves`).toBeGreaterThan(
      0.01,
    );
  }
}

const pgdCases = (['l2', 'linf', 'l1'] as const).flatMap((norm) =>
  [false, true].flatMap((gradientFree) =>
    (['clip-then-shorten', 'shorten-then-clip'] as const).map((order) => ({ norm, gradientFree, order })),
  ),
);
const epsilons = { l2: 0.5, linf: 0.2, l1: 1.2 };

describeBackends('SmoothedPgd and its slow twin', () => {
  it.each(pgdCases)('$norm, gradient-free: $gradientFree, $order', async (options) => {
    const epsilon = epsilons[options.norm];
    const attack = new SmoothedPgd({ ...options, epsilon, steps: 3, stepSize: 0.6 * epsilon });
    await expectTwin(attack, 1, (given) => pgdTwin({ ...given, ...options, epsilon, stepSize: 0.6 * epsilon }), 3);
  });

  it.each(pgdCases.slice(0, 9).filter((_, i) => i % 4 === 0))('has $norm lengths times strength', async (options) => {
    const epsilon = epsilons[options.norm];
    const attack = new SmoothedPgd({ ...options, epsilon: 2 * epsilon, steps: 3 });
    await expectTwin(
      attack,
      0.5,
      (given) => pgdTwin({ ...given, ...options, epsilon, stepSize: (2 / 3) * epsilon }),
      3,
    );
  });
});

describeBackends('SmoothedDdn and its slow twin', () => {
  it.each([
    { levels: null, epsilon: 1.2 },
    { levels: 17, epsilon: 1.2 },
    { levels: null, epsilon: 0.3 },
    // Longer than the way to the farthest corner of the range, which bounds the length.
    { levels: null, epsilon: 9, initialNorm: 30 },
  ])('levels $levels, epsilon $epsilon', async ({ levels, epsilon, initialNorm = 0.8 }) => {
    const options = { epsilon, initialNorm, gamma: 0.2, levels };
    const attack = new SmoothedDdn({ ...options, steps: 8 });
    await expectTwin(attack, 1, (given) => ddnTwin({ ...given, ...options }), 8);
  });

  it('has epsilon and the initial norm times strength', async () => {
    const lengths = { epsilon: 0.2, initialNorm: 0.8 };
    const options = { gamma: 0.2, levels: null };
    const attack = new SmoothedDdn({ epsilon: 0.4, initialNorm: 1.6, ...options, steps: 8 });
    await expectTwin(attack, 0.5, (given) => ddnTwin({ ...given, ...lengths, ...options }), 8);
  });

  it('starts with the length epsilon', async () => {
    const options = { epsilon: 0.9, gamma: 0.05, levels: null };
    const attack = new SmoothedDdn({ epsilon: 0.9, levels: null, steps: 6 });
    await expectTwin(attack, 1, (given) => ddnTwin({ ...given, ...options, initialNorm: 0.9 }), 6);
  });
});
