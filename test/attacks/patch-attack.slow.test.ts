import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PatchAttack } from '../../src/attacks/patch-attack.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { attackDataset } from '../../src/evaluate/attack-dataset.ts';
import type { AttackedRow } from '../../src/evaluate/attack-dataset.ts';
import { brokenCertificates } from '../../src/evaluate/attacked-metrics.ts';
import { type CertifiedRow, certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { attackToLog } from '../../src/node/attack-to-log.ts';
import { BandAblation } from '../../src/noise/band-ablation.ts';
import { createKey } from '../../src/random/key.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { DIGIT_SHAPE, loadDigits } from '../../examples/load-digits.ts';
import { useBackend } from '../helpers/backends.ts';
import { useFolder } from '../node/run.ts';

const { path } = useFolder();
const noise = new BandAblation({ inputShape: DIGIT_SHAPE, keep: 'columns', size: 4 });
const key = createKey(11);
let model: tf.LayersModel;

/** Digits, every copy of one of them as a row: a small network that sees columns of 4. */
beforeAll(async () => {
  await useBackend('wasm');
  model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [28, 28, 2], filters: 8, kernelSize: 5, strides: 2, activation: 'relu', kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) }), // prettier-ignore
      tf.layers.flatten(),
      tf.layers.dense({ units: 10, kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }),
    ],
  });
  const train = await loadDigits({ perClass: 60 });
  const x = tf.tensor(train.values, [600, ...DIGIT_SHAPE]);
  const targets = tf.oneHot(tf.tensor1d(train.labels, 'int32'), 10);
  const optimizer = tf.train.adam(3e-3);
  for (let step = 0; step < 300; step++) {
    const begin = (step * 40) % 600;
    tf.tidy(() => {
      const copies = tf.concat(
        tf.unstack(tf.slice(x, begin, 40)).map((image, b) => noise.perturb(image, { start: (step * 7 + b * 5) % 28, count: 1 })),
      ); // prettier-ignore
      const wanted = tf.slice(targets, begin, 40);
      optimizer.minimize(() => {
        const logits = model.apply(copies, { training: true }) as tf.Tensor;
        return tf.neg(tf.mean(tf.sum(tf.mul(wanted, tf.logSoftmax(logits)), 1)));
      });
    });
  }
  optimizer.dispose();
  tf.dispose([x, targets]);
});
afterAll(() => model.dispose());

it('patches break answers on digits, and no certificate', async () => {
  const held = await loadDigits({ from: 700, perClass: 2 });
  const digits = arrayDataset({ values: held.values, labels: held.labels, shape: DIGIT_SHAPE });
  for (const votes of ['argmax', { threshold: 0.3 }] as const) {
    const g = new DerandomizedClassifier(model, { noise, votes });
    const certified: CertifiedRow[] = [];
    for await (const row of certifyDataset(g, digits, {})) certified.push(row);
    const right = certified.filter(({ correct }) => correct);
    expect(right.length).toBeGreaterThan(10);
    const sides = certified.map(({ radius }) => radius);
    expect(Math.max(...sides)).toBeGreaterThanOrEqual(2);

    for (const attack of [
      new PatchAttack({ side: 3, places: 3, steps: 2 }),
      new PatchAttack({ side: 3, places: 12, steps: 1, gradientFree: true }),
    ]) {
      const attacked: AttackedRow<{ label: number; abstained: boolean }>[] = [];
      for await (const row of attackDataset(g, attack, digits, { key, epsilons: [1, 2, 7], clean: true }))
        attacked.push(row);
      expect(attacked).toHaveLength(3 * 20);
      expect(attacked.every(({ epsilon, distance, norm }) => norm === 'patch' && distance <= epsilon!)).toBe(true);
      expect(brokenCertificates(certified, attacked)).toEqual([]);
      // The attack is worth something: it turns answers that no certificate covers.
      const turned = attacked.filter(({ predicted, clean }) => predicted !== clean?.label);
      expect(turned.length).toBeGreaterThan(5);
      for (const row of turned) expect(row.distance).toBeGreaterThan(certified[row.index]!.radius);
    }
  }
});

it('attacks into a log, which names the votes', async () => {
  const held = await loadDigits({ from: 700, perClass: 1 });
  const digits = arrayDataset({ values: held.values, labels: held.labels, shape: DIGIT_SHAPE });
  const attack = new PatchAttack({ side: 4, places: 2, steps: 1 });
  const g = new DerandomizedClassifier(model, { noise, votes: { threshold: 0.3 } });
  const run = (classifier: DerandomizedClassifier) =>
    attackToLog(classifier, attack, digits, { key, file: path('attacked.tsv'), select: { max: 4 } });
  const { rows } = await run(g);
  expect(rows).toHaveLength(4);
  expect(rows.every(({ epsilon, norm }) => epsilon === 4 && norm === 'patch')).toBe(true);
  expect(await run(g)).toMatchObject({ resumed: 4 });
  await expect(run(new DerandomizedClassifier(model, { noise }))).rejects.toMatchObject({ name: 'OptionError', field: 'rule' }); // prettier-ignore
});
