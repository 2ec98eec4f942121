import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { InputAttack } from '../../src/attacks/types.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { attackDataset, type AttackedRow } from '../../src/evaluate/attack-dataset.ts';
import { brokenCertificates } from '../../src/evaluate/attacked-metrics.ts';
import { type CertifiedRow, certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import type { Noise } from '../../src/noise/types.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

const key = createKey(11);

/** An attack that replaces the values of one example. */
const replacing = (change: (values: Float32Array) => Float32Array): InputAttack => ({
  perturb: (_, { x }) => tf.tensor(change(x.dataSync() as Float32Array), x.shape),
});

/** Class 1 where more than half of the values are ones. */
const majority: LogitsFn = (x) =>
  tf.tidy(() => {
    const share = tf.sub(tf.mean(tf.cast(tf.equal(x, 1), 'float32'), 1, true), 0.5);
    return tf.concat([tf.neg(share), share], 1);
  });

/** Class 1 where a token 7 is left. */
const hasSeven: LogitsFn = (x) =>
  tf.tidy(() => {
    const found = tf.any(tf.equal(x, 7), 1, true);
    const score = tf.sub(tf.cast(found, 'float32'), 0.5);
    return tf.concat([tf.neg(score), score], 1);
  });

const bits = new BitFlipNoise({ addition: 0.1, deletion: 0.1 });
const deletion = new DeletionNoise({ length: 12, deletion: 0.75, padId: 0 });

/** Rows of both runs over a few examples. */
async function both(noise: Noise, f: LogitsFn, examples: readonly Float32Array[], attack: InputAttack) {
  const g = new SmoothedClassifier(f, { noise, numClasses: 2 });
  const labels = examples.map(() => 1);
  const values = Float32Array.from(examples.flatMap((x) => [...x]));
  const dataset = arrayDataset({ values, shape: [examples[0]!.length], labels });
  const certified: CertifiedRow[] = [];
  for await (const row of certifyDataset(g, dataset, { key, n0: 50, n: 2000, alpha: 0.01 })) certified.push(row);
  const attacked: AttackedRow[] = [];
  for await (const row of attackDataset(g, attack, dataset, { key, n: 500, alpha: 0.01 })) attacked.push(row);
  return { certified, attacked };
}

describe('attackDataset in norms that count changes', () => {
  beforeAll(() => useBackend('cpu'));

  it('measures bits that changed, and breaks no certificate', async () => {
    const ones = (count: number): Float32Array => Float32Array.from({ length: 15 }, (_, i) => (i < count ? 1 : 0));
    const attack = replacing((x) => x.map((value, i) => (i < 3 ? 1 - value : value)));
    const { certified, attacked } = await both(bits, majority, [ones(9), ones(12), ones(15)], attack);
    expect(attacked.map(({ distance, norm }) => [distance, norm])).toEqual([
      [3, 'l0'],
      [3, 'l0'],
      [3, 'l0'],
    ]);
    expect(certified.map(({ radius }) => radius)).toEqual(
      [...certified.map(({ radius }) => radius)].sort((a, b) => a - b),
    );
    expect(certified[2]!.radius).toBeGreaterThanOrEqual(1);
    await expectNoLeak(async () => void (await both(bits, majority, [ones(9)], attack)));
    expect(attacked[0]).toMatchObject({ predicted: 0, broken: true });
    expect(brokenCertificates(certified, attacked)).toEqual([]);
    // A certificate that said 3 would be contradicted.
    const forged = certified.map((row) => ({ ...row, radius: 3, predicted: 1, abstained: false }));
    expect(brokenCertificates(forged, attacked).map(({ index }) => index)).toContain(0);
  });

  it('measures edits of tokens, not of pads', async () => {
    const sevens = (count: number): Float32Array => deletion.pad([1, 2, 3, ...new Array<number>(count).fill(7)]);
    // Without the first token all others move.
    const attack = replacing((x) => deletion.pad([...x.slice(1)].filter((token) => token !== 0)));
    const { certified, attacked } = await both(deletion, hasSeven, [sevens(4), sevens(9)], attack);
    expect(attacked.map(({ distance, norm }) => [distance, norm])).toEqual([
      [1, 'edit'],
      [1, 'edit'],
    ]);
    expect(certified[1]!.radius).toBe(1);
    expect(brokenCertificates(certified, attacked)).toEqual([]);
  });

  it('refuses what the noise does not take', async () => {
    const tokens = replacing((x) => x.map((value) => value + 0.5));
    await expect(both(deletion, hasSeven, [deletion.pad([1, 7])], tokens)).rejects.toThrow(
      /`attack` must return values that are token ids, whole numbers from 0 to 2\^24 for deletion noise, got 1.5 for example 0/,
    );
    const padded = replacing((x) => x.map((value, i) => (i === 0 ? 0 : value)));
    await expect(both(deletion, hasSeven, [deletion.pad([1, 7])], padded)).rejects.toThrow(
      /must have the pad 0 at the end only/,
    );
    const half = replacing((x) => x.map(() => 0.5));
    await expect(both(bits, majority, [new Float32Array(15)], half)).rejects.toThrow(
      /`attack` must return values 0 or 1 for bit-flip noise, got 0.5/,
    );
  });
});
