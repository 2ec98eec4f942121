import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { ClassifierError } from '../../src/errors.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { attackDataset } from '../../src/evaluate/attack-dataset.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { softTargets } from '../../src/recipes/soft-targets.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import { batchDependent, honestClassifier } from '../classifier/batch-dependent.ts';
import { useBackend } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { typedTwin } from '../helpers/typed.ts';
import { sampleIndices } from './scripted.ts';

const key = createKey(3);
const noise = new GaussianNoise({ sigma: 0.5 });
const options = { noise, numClasses: 2 } as const;
const finite = new DeterministicSplittingNoise({ halfWidth: 0.5, key });
const run = { key, n: 300, n0: 20 };

/** Every call that draws, given a classifier, at one example. */
const calls: readonly (readonly [
  string,
  (f: LogitsFn | ReturnType<typeof typedTwin>, x: tf.Tensor) => Promise<unknown>,
])[] = [
  ['certify', (f, x) => new SmoothedClassifier(f, options).certify(x, run)],
  ['predict', (f, x) => new SmoothedClassifier(f, options).predict(x, { key, n: 300 })],
  ['sampleCounts', (f, x) => new SmoothedClassifier(f, options).sampleCounts(x, { key, n: 300 })],
  ['probabilities', (f, x) => new SmoothedClassifier(f, options).probabilities(x, { key, n: 300 })],
  ['soft certify', (f, x) => new SoftSmoothedClassifier(f, options).certify(x, run)],
  ['soft predict', (f, x) => new SoftSmoothedClassifier(f, options).predict(x, run)],
  ['derandomized certify', (f, x) => new DerandomizedClassifier(f, { noise: finite, numClasses: 2 }).certify(x)],
];

/** Counts the forward passes of a classifier by their rows. */
function counted(f: LogitsFn): { readonly f: LogitsFn; readonly forwards: number[] } {
  const forwards: number[] = [];
  return { forwards, f: (x, mode) => (forwards.push(x.shape[0]!), f(x, mode)) };
}

describe('a run looks at rows again', () => {
  beforeAll(() => useBackend('cpu'));

  const example = (): tf.Tensor => tf.tensor1d([128 / 255, 100 / 255]);

  describe.each(calls)('in %s', (_, call) => {
    it.each(batchDependent)('and refuses rows that depend on %s', async (__, make) => {
      const x = example();
      await expectNoLeak(async () => {
        expect(await thrownBy(() => call(make(), x))).toBeInstanceOf(ClassifierError);
        const f = make();
        const typed = typedTwin((input) => f(input, { training: false }));
        expect(await thrownBy(() => call(typed, x))).toBeInstanceOf(ClassifierError);
      });
      x.dispose();
    });

    it('once, in two small batches, and changes nothing', async () => {
      const x = example();
      const { f, forwards } = counted(honestClassifier);
      const [found, again] = [await call(f, x), await call(honestClassifier, x)];
      expect(found).toEqual(again);
      const small = forwards.splice(1, 2);
      expect(small[0]).toBeLessThanOrEqual(8);
      expect(small[1]).toBe(1);
      const drawn = forwards.reduce((sum, rows) => sum + rows, 0);
      // Soft certify and predict draw n0 + n, hard certify n0 + n or fewer, all copies of the finite noise are 255.
      expect([300, 320, 255]).toContain(drawn);
      x.dispose();
    });
  });

  it('says what is wrong', async () => {
    const x = example();
    const f: LogitsFn = (input) =>
      tf.tidy(() => tf.add(honestClassifier(input, { training: false }), tf.tensor2d([[0, 10 * input.shape[0]!]])));
    await expect(new SmoothedClassifier(f, options).predict(x, { key, n: 200 })).rejects.toThrow(
      'SmoothedClassifier.predict: `classifier` must be one fixed function of each row, got logits that differ by 1990 when 8 of 200 rows' +
        ' were asked again at other places of other batches (switch dropout, batch statistics and randomness off: no row may depend on its' +
        ' place, on the rows beside it or on their number)',
    );
    x.dispose();
  });

  it('once in a data set, hard or soft, and in whole runs of soft targets and attacks', async () => {
    const values = Float32Array.from({ length: 10 }, (_, i) => (i % 7) / 10);
    const dataset = arrayDataset({ values, shape: [2], labels: [0, 1, 0, 1, 0] });
    const settings = { key, n: 200, n0: 20, alpha: 0.01 };
    const linear = linearClassifier([1, -1], 0.1).logits;
    const small = async (work: (f: LogitsFn) => AsyncIterable<unknown>): Promise<number> => {
      const { f, forwards } = counted(linear);
      let rows = 0;
      for await (const row of work(f)) if (row !== undefined) rows++;
      expect(rows).toBe(5);
      return forwards.filter((count) => count > 1 && count < 10).length;
    };
    expect(await small((f) => certifyDataset(new SmoothedClassifier(f, options), dataset, settings))).toBe(1);
    expect(await small((f) => certifyDataset(new SoftSmoothedClassifier(f, options), dataset, settings))).toBe(1);
    expect(await small((f) => softTargets(new SmoothedClassifier(f, options), dataset, { key, n: 200 }))).toBe(1);
    const attack = new SmoothedPgd({ epsilon: 0.1, steps: 2, numNoise: 16 });
    const g = (f: LogitsFn): SmoothedClassifier => new SmoothedClassifier(f, options);
    expect(await small((f) => attackDataset(g(f), attack, dataset, { key, n: 200, clean: true }))).toBe(1);
  });

  it('at rows whose copy could be drawn', async () => {
    const x = tf.tensor1d([0]);
    const failing = sampleIndices((i) => i % 3 !== 1);
    const asked: number[][] = [];
    const f: LogitsFn = (input) => {
      asked.push(Array.from(input.dataSync()));
      return tf.tidy(() => tf.concat([tf.zerosLike(input), tf.add(input, 1)], 1));
    };
    await new SmoothedClassifier(f, { noise: failing, numClasses: 2 }).sampleCounts(x, { key, n: 100 });
    expect(asked[1]!.length).toBeGreaterThan(1);
    expect(asked[1]!.every((i) => i % 3 === 1)).toBe(true);
    // None of all copies: nothing to ask again, and nothing to vote.
    asked.length = 0;
    const none = new SmoothedClassifier(f, { noise: sampleIndices(() => true), numClasses: 2 });
    expect(await none.sampleCounts(x, { key, n: 100 })).toEqual([0, 0]);
    expect(asked).toHaveLength(1);
    x.dispose();
  });

  it('at the first batch of several rows, where the first one has a single row', async () => {
    const x = example();
    const f = batchDependent.find(([name]) => name === 'a batch of more than 10 rows')![1]();
    const one = { ...run, n0: 1 };
    expect(await thrownBy(() => new SmoothedClassifier(f, options).certify(x, one))).toBeInstanceOf(ClassifierError);
    x.dispose();
  });

  it('asks batches of one row for no more than one row, once', async () => {
    const x = example();
    const { f, forwards } = counted(honestClassifier);
    await new SmoothedClassifier(f, { ...options, batchSize: 1 }).sampleCounts(x, { key, n: 30 });
    expect(forwards).toEqual(new Array<number>(31).fill(1));
    const moody = batchDependent.find(([name]) => name === 'the second call')![1]();
    const g = new SmoothedClassifier(moody, { ...options, batchSize: 1 });
    await expect(g.sampleCounts(x, { key, n: 30 })).rejects.toThrow('when a row was asked again');
    x.dispose();
  });

  it('asks a model of a fixed batch for batches of that size', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, batchInputShape: [50, 2] })] });
    const x = example();
    const seen: number[] = [];
    const watched = {
      inputs: model.inputs,
      trainableWeights: model.trainableWeights,
      apply: (input: tf.Tensor) => (seen.push(input.shape[0]!), model.apply(input)),
    };
    const g = new SmoothedClassifier(watched, { ...options, batchSize: 50 });
    await g.sampleCounts(x, { key, n: 150 });
    expect(seen).toEqual([50, 50, 50, 50]);
    model.dispose();
    x.dispose();
  });
});
