import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { GreedyPixelAttack } from '../../src/attacks/greedy-pixel-attack.ts';
import { GreedyTokenAttack } from '../../src/attacks/greedy-token-attack.ts';
import type { InputAttack } from '../../src/attacks/types.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { attackDataset, type AttackedRow } from '../../src/evaluate/attack-dataset.ts';
import { brokenCertificates } from '../../src/evaluate/attacked-metrics.ts';
import { type CertifiedRow, certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';

const key = createKey(5);

/** Class 1 where the values that a copy [B, 5, 6, 2] shows are bright on the whole. */
const bright: LogitsFn = (copies) =>
  tf.tidy(() => {
    const parts = tf.reshape(copies, [-1, 30, 2]);
    const [values, complements] = tf.split(parts, 2, 2) as [tf.Tensor, tf.Tensor];
    const score = tf.mul(3, tf.sum(tf.sub(values, complements), [1, 2]));
    return tf.stack([tf.neg(score), score], 1);
  });

/** Class 1 where more of the shown tokens are small. */
const small: LogitsFn = (copies) =>
  tf.tidy(() => {
    const shown = tf.cast(tf.greater(copies, 0), 'float32');
    const score = tf.sum(tf.mul(shown, tf.sub(tf.mul(2, tf.cast(tf.less(copies, 10), 'float32')), 0.9)), 1);
    return tf.stack([tf.neg(score), score], 1);
  });

interface Case {
  readonly name: string;
  readonly noise: AblationNoise;
  readonly classifier: LogitsFn;
  readonly values: Float32Array;
  readonly labels: readonly number[];
  readonly attack: InputAttack;
}

const IMAGES = 10;
const cases: readonly Case[] = [
  {
    name: 'pixels',
    noise: new AblationNoise({ inputShape: [5, 6, 1], keep: 4 }),
    classifier: bright,
    // Brighter and brighter images.
    values: Float32Array.from({ length: 30 * IMAGES }, (_, i) =>
      Math.min(1, ((i * 17) % 30) / 60 + Math.floor(i / 30) / 15 + 0.05),
    ),
    labels: Array.from({ length: IMAGES }, (_, i) => (i < 4 ? 0 : 1)),
    attack: new GreedyPixelAttack({ pixels: 1, numNoise: 32, trials: 3 }),
  },
  {
    name: 'tokens',
    noise: new AblationNoise({ inputShape: [20], keep: 3, positions: 'tokens', encoding: { fill: 0 } }),
    classifier: small,
    values: Float32Array.from({ length: 20 * IMAGES }, (_, i) => ((i * 7) % 20 < Math.floor(i / 20) * 2 ? 5 : 50)),
    labels: Array.from({ length: IMAGES }, (_, i) => (i < 4 ? 0 : 1)),
    attack: new GreedyTokenAttack({ tokens: 1, candidates: [3, 77], numNoise: 32, trials: 24 }),
  },
];

describe('attacks on ablation', () => {
  beforeAll(() => useBackend('cpu'));

  it.each(cases)('break no certificate, and break what is not certified: $name', async (row) => {
    const g = new SmoothedClassifier(row.classifier, { noise: row.noise, numClasses: 2 });
    const shape = [...row.noise.inputShape];
    const dataset = arrayDataset({ values: row.values, shape, labels: [...row.labels] });
    const certified: CertifiedRow[] = [];
    for await (const one of certifyDataset(g, dataset, { key, n0: 50, n: 400, alpha: 0.01 })) certified.push(one);
    const attacked: AttackedRow[] = [];
    const run = attackDataset(g, row.attack, dataset, { key, epsilons: [1, 3, 8], n: 300 });
    for await (const one of run) attacked.push(one);

    expect(attacked).toHaveLength(3 * IMAGES);
    for (const { norm, distance, epsilon } of attacked) {
      expect(norm).toBe('l0');
      expect(Number.isInteger(distance)).toBe(true);
      expect(distance).toBeLessThanOrEqual(epsilon!);
    }
    for (const epsilon of [1, 3, 8]) {
      const rows = attacked.filter((one) => one.epsilon === epsilon);
      expect(brokenCertificates(certified, rows)).toEqual([]);
    }
    // Attacks and certificates meet: some inputs are certified for changes that were tried, others are turned beyond.
    const within = attacked.filter(({ index, distance }) => distance > 0 && certified[index]!.radius >= distance);
    expect(within.length).toBeGreaterThan(5);
    expect(attacked.filter(({ broken }) => broken).length).toBeGreaterThan(3);
  });
});
