import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { attackOf, attackRecord } from '../../src/attacks/attack-record.ts';
import { GreedyEditAttack } from '../../src/attacks/greedy-edit-attack.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { OptionError } from '../../src/errors.ts';
import { attackDataset, type AttackedRow } from '../../src/evaluate/attack-dataset.ts';
import { brokenCertificates } from '../../src/evaluate/attacked-metrics.ts';
import { certifyDataset, type CertifiedRow } from '../../src/evaluate/certify-dataset.ts';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';

beforeAll(() => useBackend('cpu'));

const noise = new DeletionNoise({ length: 64, deletion: 0.9, padId: 9 });
/** Class 0 for at least as many ones as twos in the copy. */
const logits = (copies: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const count = (token: number): tf.Tensor => tf.sum(tf.cast(tf.equal(copies, token), 'float32'), 1);
    const margin = tf.add(tf.mul(tf.sub(count(1), count(2)), 2), 1);
    return tf.stack([margin, tf.neg(margin)], 1);
  });

describe('GreedyEditAttack', () => {
  it('breaks no certificate within its radius, and many predictions beyond', async () => {
    const sequences = [60, 48, 40, 34, 32].map((ones) =>
      Array.from({ length: 60 }, (_, at) => (at * 7) % 60).map((at) => (at < ones ? 1 : 2)),
    );
    const values = Float32Array.from(sequences.flatMap((tokens) => Array.from(noise.pad(tokens))));
    const dataset = arrayDataset({ values, shape: [64], labels: [0, 0, 0, 0, 0] });
    const g = new SmoothedClassifier(logits, { noise, numClasses: 2 });
    const key = createKey(8);
    const certified: CertifiedRow[] = [];
    for await (const row of certifyDataset(g, dataset, { key, n0: 100, n: 3000, alpha: 0.001 })) certified.push(row);
    expect(certified.filter(({ radius }) => radius >= 1).length).toBeGreaterThan(2);
    const attack = new GreedyEditAttack({ epsilon: 6, tokens: [1, 2], trials: 60, numNoise: 60 });
    const attacked: AttackedRow[] = [];
    for await (const row of attackDataset(g, attack, dataset, { key, epsilons: [1, 2, 4, 6, 20], n: 1000 }))
      attacked.push(row);
    expect(attacked.map(({ norm }) => norm)).toEqual(new Array(25).fill('edit'));
    for (const { distance, epsilon } of attacked) expect(distance).toBeLessThanOrEqual(epsilon!);
    expect(attacked.filter(({ distance }) => distance >= 4).length).toBeGreaterThan(5);
    for (const epsilon of [1, 2, 4, 6, 20])
      expect(
        brokenCertificates(
          certified,
          attacked.filter((row) => row.epsilon === epsilon),
        ),
      ).toEqual([]);
    expect(attacked.filter(({ broken }) => broken).length).toBeGreaterThan(2);
  });

  it('is made again of its record', () => {
    const attack = new GreedyEditAttack({ epsilon: 5, tokens: [3, 4] });
    expect(attack).toMatchObject({ epsilon: 5, tokens: [3, 4], trials: 128, numNoise: 64 });
    expect(attackOf(JSON.parse(JSON.stringify(attackRecord(attack))) as never)).toEqual(attack);
    expect(attack.withEpsilon(7)).toEqual(new GreedyEditAttack({ epsilon: 7, tokens: [3, 4] }));
  });
});

describe('GreedyEditAttack refuses', () => {
  const good = { epsilon: 2, tokens: [1] };
  const ids = '`tokens` must be a list of at least one token id, got';
  it.each([
    [{ epsilon: 0.5 }, '`epsilon` must be an integer of at least 1, got 0.5'],
    [{ tokens: [] }, `${ids} []`],
    [{ tokens: [-1] }, `${ids} [-1]`],
    [{ tokens: undefined }, `${ids} undefined`],
    [{ trials: 0 }, '`trials` must be an integer of at least 1, got 0'],
    [{ numNoise: 0 }, '`numNoise` must be an integer of at least 1, got 0'],
    [{ steps: 1 }, 'unknown option `steps`; known options: `epsilon`, `tokens`, `trials`, `numNoise`'],
  ])('%o', (wrong, text) =>
    expectError(() => new GreedyEditAttack({ ...good, ...wrong } as never), OptionError, `GreedyEditAttack: ${text}`),
  );

  it('other noises, a given noise, the pad as a token and wrong labels', async () => {
    const [x, drawn] = [tf.fill([1, 64], 1), tf.zeros([1, 1, 64])];
    const attack = new GreedyEditAttack(good);
    const target = { logits: logits as never, noise, inputRange: [0, 9] as const };
    const request = { x, labels: [0], key: createKey(0) };
    const gaussian = { ...target, noise: new GaussianNoise({ sigma: 1 }) };
    const call = 'GreedyEditAttack.perturb';
    await expectError(
      () => attack.perturb(gaussian, request),
      OptionError,
      `${call}: \`target.noise\` must be a DeletionNoise, got an object (GaussianNoise) (it edits sequences)`,
    );
    await expectError(
      () => attack.perturb(target, { ...request, noise: drawn }),
      OptionError,
      `${call}: \`noise\` must be left out, got an object (Tensor) (deletion is not added to x)`,
    );
    await expectError(
      () => new GreedyEditAttack({ epsilon: 1, tokens: [1, 9] }).perturb(target, request),
      OptionError,
      `${call}: \`tokens\` must leave the pad 9 out, which is no token, got [1, 9]`,
    );
    await expectError(
      () => attack.perturb(target, { ...request, labels: [2] }),
      OptionError,
      `${call}: \`labels\` must be below the number of classes (2), got 2`,
    );
    tf.dispose([x, drawn]);
  });
});
