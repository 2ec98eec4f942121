import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { ClassifierError, DataError, OptionError } from '../../src/errors.ts';
import { foldIn } from '../../src/random/key.ts';
import { softTargets, type SoftTargetRow, type SoftTargetsOptions } from '../../src/recipes/soft-targets.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { dataset, g, key, labels, noise } from '../node/points.ts';

const settings = { key, n: 200 };

async function run(change: Partial<SoftTargetsOptions> = {}, data = dataset): Promise<SoftTargetRow[]> {
  const rows: SoftTargetRow[] = [];
  for await (const row of softTargets(g, data, { ...settings, ...change })) rows.push(row);
  return rows;
}

describe('softTargets', () => {
  beforeAll(() => useBackend('cpu'));

  it('are the shares of the votes, each example with the key folded with its index', async () => {
    const rows = await run();
    expect(rows.map(({ index }) => index)).toEqual(labels.map((_, i) => i));
    expect(rows.map(({ label }) => label)).toEqual(labels);
    for (const { index, probabilities } of rows) {
      const x = tf.tensor1d((await dataset.example(index)).x);
      expect(probabilities).toEqual(await g.probabilities(x, { key: foldIn(key, index), n: 200 }));
      const counts = await g.sampleCounts(x, { key: foldIn(key, index), n: 200 });
      expect(probabilities).toEqual(counts.map((count) => count / 200));
      x.dispose();
    }
    expect(new Set(rows.map(({ probabilities }) => probabilities[0])).size, 'they differ').toBeGreaterThan(5);
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  });

  it('takes 10 000 copies by default', async () => {
    const asked: number[] = [];
    const counting = {
      numClasses: 2,
      probabilities: (_: tf.Tensor, { n }: { n: number }) => (asked.push(n), Promise.resolve([1, 0])),
    };
    for await (const { probabilities } of softTargets(counting, dataset, { key, select: { max: 2 } }))
      expect(probabilities).toEqual([1, 0]);
    expect(asked).toEqual([10_000, 10_000]);
  });

  it.each([
    [{ start: 3, skip: 4 }, [3, 7, 11]],
    [{ max: 2 }, [0, 1]],
    [{ skip: 2, shard: { index: 1, count: 3 } }, [2, 8]],
    [{ start: 12 }, []],
  ])('%o gives %o, with the same rows as the whole run', async (select, indices) => {
    const whole = await run();
    expect(await run({ select })).toEqual(indices.map((index) => whole[index]));
  });

  it.each([1, 33, 1000])('gives the same rows whatever the batch size, %i', async (batchSize) => {
    expect(await run({ batchSize })).toEqual(await run());
  });

  it('takes mean scores of a soft smoothed classifier', async () => {
    const soft = new SoftSmoothedClassifier(g.classifier, { noise, numClasses: 2 });
    for await (const { index, probabilities } of softTargets(soft, dataset, { ...settings, select: { max: 2 } })) {
      const x = tf.tensor1d((await dataset.example(index)).x);
      expect(probabilities).toEqual(await soft.probabilities(x, { key: foldIn(key, index), n: 200 }));
      x.dispose();
    }
  });

  it('can be left early, and ends with the reason of an abort, without a leak', () =>
    expectNoLeak(async () => {
      for await (const { index } of softTargets(g, dataset, settings)) if (index === 2) break;
      const reason = new Error('enough');
      expect(await thrownBy(() => run({ signal: AbortSignal.abort(reason) }))).toBe(reason);
      const controller = new AbortController();
      const seen: number[] = [];
      const aborted = async (): Promise<void> => {
        for await (const { index } of softTargets(g, dataset, { ...settings, signal: controller.signal })) {
          seen.push(index);
          if (index === 1) controller.abort(reason);
        }
      };
      expect(await thrownBy(aborted)).toBe(reason);
      expect(seen).toEqual([0, 1]);
    }));
});

describe('softTargets refuses', () => {
  beforeAll(() => useBackend('cpu'));

  const changed = (x: number[], label: number): LabelledDataset => ({
    ...dataset,
    example: () => ({ x: Float32Array.from(x), label }),
  });

  it.each([
    [{ key: undefined }, '`key` must be a key (createKey(seed) makes one), got undefined'],
    [{ n: 0 }, '`n` must be an integer from 1 to 1073741824 (2^30), got 0'],
    [{ select: { skip: 0 } }, '`select.skip` must be an integer of at least 1, got 0'],
    [{ file: 'a.npy' }, 'unknown option `file`; known options: `key`, `n`, `batchSize`, `signal`, `select`'],
  ])('%o at once', (change, text) =>
    expectError(() => void softTargets(g, dataset, { key, ...change } as never), OptionError, `softTargets: ${text}`),
  );

  it('a label that is no class', () =>
    expectError(
      () => run({ select: { start: 2 } }, changed([0, 1], 2)),
      OptionError,
      'softTargets: `labels` must be integers from 0 to 1, got 2 for example 2',
    ));

  it('an example of another size', () =>
    expectError(
      () => run({}, changed([0], 1)),
      DataError,
      'softTargets: `x` must hold 2 values, one example of shape [2], got 1',
    ));

  it.each([[[1]], [[0.5, 0.25]], [[2, -1]], [[Number.NaN, 1]]])('a classifier that gives %o', (probabilities) =>
    expectError(
      () =>
        softTargets({ numClasses: 2, probabilities: () => Promise.resolve(probabilities) }, dataset, { key }).next(),
      ClassifierError,
      `softTargets: \`g\` must give a probability for each of 2 classes, got [${probabilities.join(', ')}]`,
    ),
  );
});
