import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { OptionError, TensorError } from '../../src/errors.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import type { DeterministicNoise } from '../../src/noise/types.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';

/** Shifts by −3/255 ... 3/255: seven copies; one level of x moves at most two votes between two classes. */
const shifts: DeterministicNoise = {
  name: 'shifts',
  parameters: { copies: 7 },
  norms: ['l1', 'l2'],
  domain: 'uint8',
  assumptions: ['8-bit input'],
  copies: 7,
  perturb: (x, { start, count }) =>
    tf.tidy(() => tf.add(tf.expandDims(x), tf.expandDims(tf.div(tf.sub(tf.range(start, start + count), 3), 255), 1))),
  radius: (counts, label) => {
    const runnerUp = Math.max(...counts.filter((_, c) => c !== label));
    return Math.max(0, ((counts[label] ?? 0) - runnerUp - 1) / 2 / 255);
  },
};

/** Class 1 above level 100, else class 0. */
const threshold = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const score = tf.mul(tf.sub(tf.reshape(x, [-1, 1]), 100.5 / 255), 100);
    return tf.concat([tf.zerosLike(score), score], 1);
  });

const level = (k: number): tf.Tensor1D => tf.tensor1d([k / 255]);

describeBackends('DerandomizedClassifier', () => {
  const g = new DerandomizedClassifier(threshold, { noise: shifts, numClasses: 2, batchSize: 3 });

  it('evaluates every copy once and certifies without key, n and alpha', () =>
    expectNoLeak(async () => {
      for (let k = 90; k <= 110; k++) {
        const x = level(k);
        const ones = [-3, -2, -1, 0, 1, 2, 3].filter((shift) => k + shift > 100).length;
        const counts = [7 - ones, ones];
        expect(await g.counts(x)).toEqual(counts);
        expect(await g.predict(x)).toBe(ones > 3 ? 1 : 0);
        const certificate = await g.certify(x);
        const label = ones > 3 ? 1 : 0;
        const radius = (Math.abs(2 * ones - 7) - 1) / 2 / 255;
        expect(certificate).toMatchObject({
          label: radius > 0 ? label : -1,
          abstained: !(radius > 0),
          radius,
          cAHat: label,
          counts,
          n: 7,
          nUsed: 7,
          n0: 0,
          alpha: 0,
          key: null,
          bound: 'enumeration',
          domain: 'uint8',
          norm: 'l1',
          assumptions: ['8-bit input'],
        });
        expect(JSON.parse(JSON.stringify(certificate))).toEqual(certificate);
        x.dispose();
      }
    }));

  it('gives the same for every batch size', async () => {
    const x = level(102);
    const certificate = await g.certify(x);
    for (const batchSize of [1, 2, 7, 100]) expect(await g.certify(x, { batchSize })).toEqual(certificate);
    x.dispose();
  });

  it('certifies a data set, whose options need no key', async () => {
    const levels = [90, 99, 101, 110];
    const dataset: LabelledDataset = {
      size: 4,
      shape: [1],
      example: (i) => ({ x: Float32Array.of(levels[i]! / 255), label: i < 2 ? 0 : 1 }),
    };
    const rows = [];
    for await (const row of certifyDataset(g, dataset, { select: { skip: 3 } }))
      rows.push([row.index, row.predicted, row.correct]);
    expect(rows).toEqual([
      [0, 0, true],
      [3, 1, true],
    ]);
  });

  it('tells how far an example is', async () => {
    const x = level(102);
    const seen: (readonly number[])[] = [];
    const { n } = await g.certify(x, {
      batchSize: 3,
      onSamples: ({ index, drawn, most }) => seen.push([index, drawn, most]),
    });
    expect(seen).toEqual(Array.from({ length: Math.ceil(n / 3) }, (_, i) => [0, Math.min(n, 3 * (i + 1)), n]));
    x.dispose();
  });

  it('ends with the reason of an abort', async () => {
    const x = level(102);
    const reason = new Error('enough');
    expect(await thrownBy(() => g.certify(x, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    x.dispose();
  });

  it('refuses inputs off the 8-bit levels, norms it lacks, and keys', async () => {
    const off = tf.tensor1d([0.5]);
    await expectError(
      () => g.certify(off),
      TensorError,
      'DerandomizedClassifier.certify: `x` must have values k/255 with whole k from 0 to 255 (8-bit levels as float32) ' +
        'for shifts noise, got 0.5 (its certificate holds only there)',
    );
    await expectError(
      () => g.certify(off, { norm: 'linf' }),
      OptionError,
      'DerandomizedClassifier.certify: `norm` must be one that shifts noise certifies (l1, l2), got linf',
    );
    await expectError(
      () => g.certify(off, { key: [0, 1] } as never),
      OptionError,
      'DerandomizedClassifier.certify: unknown option `key`; known options: `norm`, `onSamples`, `batchSize`, `signal`',
    );
    await expectError(
      () => new DerandomizedClassifier(threshold, { noise: {} as never, numClasses: 2 }),
      OptionError,
      'DerandomizedClassifier: `noise` must be a deterministic noise (for example a DeterministicSplittingNoise), ' +
        'got an object (Object)',
    );
    off.dispose();
  });
});
