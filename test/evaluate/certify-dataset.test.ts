import { beforeAll, describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { DataError } from '../../src/errors.ts';
import { type CertifiedRow, certifyDataset, type CertifyDatasetOptions } from '../../src/evaluate/certify-dataset.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import type { CertifyOptions } from '../../src/smoothed/call-options.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import type { Certifier } from '../../src/smoothed/types.ts';
import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(4);
const g = new SmoothedClassifier(linearClassifier([1, -1], 0).logits, {
  noise: new GaussianNoise({ sigma: 0.25 }),
  numClasses: 2,
});
// Ten points across the plane x = y; label 1 where x > y, but for the last one.
const values = Float32Array.from({ length: 20 }, (_, i) => (i % 2 ? 0.5 : (i / 2) * 0.1));
const labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 0];
const dataset = arrayDataset({ values, shape: [2], labels });
const settings = { key, n0: 20, n: 300, alpha: 0.01 };

/** Rows of a run, without the time. */
async function run(change: Partial<CertifyDatasetOptions> = {}, data: LabelledDataset = dataset) {
  const rows: Omit<CertifiedRow, 'milliseconds'>[] = [];
  for await (const { milliseconds, ...row } of certifyDataset(g, data, { ...settings, ...change })) {
    expect(milliseconds).toBeGreaterThan(0);
    rows.push(row);
  }
  return rows;
}

describe('certifyDataset', () => {
  beforeAll(() => useBackend('cpu'));

  it('gives a certifier of your own its options and nothing else', async () => {
    const given: unknown[][] = [];
    const { numClasses, smoothing } = g;
    const own: Certifier<CertifyOptions> = {
      numClasses,
      smoothing,
      certifyStream: (...all) => (given.push(all), g.certifyStream(...all)),
    };
    const rows = [];
    for await (const row of certifyDataset(own, dataset, { ...settings, select: { max: 1 } })) rows.push(row);
    expect(rows).toHaveLength(1);
    expect(given).toEqual([[expect.anything(), settings]]);
    const wrong = (): unknown => certifyDataset(own, dataset, { ...settings, m: 1 } as never);
    expect(wrong, 'an error names what the user called, with all of its options').toThrow(
      /^certifyDataset: unknown option `m`; known options: .*`batchSize`.*`select`/,
    );
  });

  it('certifies every example with the key folded with its index', async () => {
    const rows = await run();
    expect(rows.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const row of rows) {
      const x = tf.tensor1d(values.slice(2 * row.index, 2 * row.index + 2));
      const certificate = await g.certify(x, { ...settings, key: foldIn(key, row.index) });
      expect(row.certificate).toEqual(certificate);
      expect(row).toMatchObject({
        label: labels[row.index],
        predicted: certificate.label,
        radius: certificate.radius,
        abstained: certificate.abstained,
        correct: certificate.label === labels[row.index],
      });
      x.dispose();
    }
    expect(rows[0], 'far from the plane').toMatchObject({ predicted: 0, correct: true });
    expect(rows[5], 'on the plane').toMatchObject({ predicted: -1, abstained: true, correct: false, radius: 0 });
    expect(rows[9], 'certified as another class').toMatchObject({ predicted: 1, correct: false, abstained: false });
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  });

  it.each([
    [{ start: 3 }, [3, 4, 5, 6, 7, 8, 9]],
    [{ skip: 4 }, [0, 4, 8]],
    [{ max: 2 }, [0, 1]],
    [{ start: 1, skip: 3, max: 2 }, [1, 4]],
    [{ start: 8, skip: 5 }, [8]],
    [{ start: 10 }, []],
    [{ start: 1000, skip: 7, max: 3 }, []],
    [{ max: 100 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ])('%o certifies %o, with the same rows as the whole run', async (select, indices) => {
    const whole = await run();
    expect(await run({ select })).toEqual(indices.map((index) => whole[index]));
  });

  it('passes the options of certify on', async () => {
    const [row] = await run({ select: { max: 1 }, norm: 'linf', checkEvery: 7, batchSize: 13, alpha: 0.05, n: 200 });
    expect(row!.certificate).toMatchObject({ norm: 'linf', checkEvery: 7, alpha: 0.05, n: 200, n0: 20 });
  });

  it('reads a data set that answers later, one example at a time, and only the examples it certifies', async () => {
    const asked: number[] = [];
    let open = 0;
    const slow: LabelledDataset = {
      ...dataset,
      example: async (index) => {
        asked.push(index);
        expect(++open).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 1));
        open--;
        return dataset.example(index);
      },
    };
    expect(await run({ select: { skip: 3 } }, slow)).toEqual(await run({ select: { skip: 3 } }));
    expect(asked).toEqual([0, 3, 6, 9]);
  });

  it('reads a few examples ahead, not more, and can be left early without a leak', () =>
    expectNoLeak(async () => {
      const asked: number[] = [];
      const data: LabelledDataset = { ...dataset, example: (index) => (asked.push(index), dataset.example(index)) };
      for await (const row of certifyDataset(g, data, { ...settings, batchSize: 100 })) {
        expect(asked.length).toBeLessThanOrEqual(row.index + 3); // batchSize / checkEvery = 1, and 2 more
        if (row.index === 2) break;
      }
      expect(asked.length).toBeLessThanOrEqual(5);
    }));

  it.each([1, 3, 40, 1000])('gives the same rows whatever the batch size, %i', async (batchSize) => {
    const rows = await run({ checkEvery: 50 });
    expect(await run({ checkEvery: 50, batchSize })).toEqual(rows);
  });

  it('gives the rows of a run cut into shards, and max counts over all of them', async () => {
    const whole = await run({ select: { start: 1, skip: 2, max: 4 } });
    const parts = await Promise.all(
      [0, 1, 2].map((index) => run({ select: { start: 1, skip: 2, max: 4, shard: { index, count: 3 } } })),
    );
    expect(parts.map((part) => part.map(({ index }) => index))).toEqual([[1, 7], [3], [5]]);
    expect(parts.flat().sort((a, b) => a.index - b.index)).toEqual(whole);
  });

  it('yields the rows before a damaged example, then throws', async () => {
    const data: LabelledDataset = {
      ...dataset,
      example: (index) => (index === 4 ? { x: new Float32Array(3), label: 0 } : dataset.example(index)),
    };
    const seen: number[] = [];
    const error = await thrownBy(async () => {
      for await (const { index } of certifyDataset(g, data, { ...settings, batchSize: 1000 })) seen.push(index);
    });
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(error).toBeInstanceOf(DataError);
  });

  it('ends with the reason of an abort, before or on the way, and leaks nothing', () =>
    expectNoLeak(async () => {
      const reason = new Error('enough');
      expect(await thrownBy(() => run({ signal: AbortSignal.abort(reason) }))).toBe(reason);
      const controller = new AbortController();
      const rows: number[] = [];
      const aborted = async (): Promise<void> => {
        for await (const { index } of certifyDataset(g, dataset, { ...settings, signal: controller.signal })) {
          rows.push(index);
          if (index === 1) controller.abort(reason);
        }
      };
      expect(await thrownBy(aborted)).toBe(reason);
      expect(rows).toEqual([0, 1]);
    }));

  it('throws what the data set throws', async () => {
    const broken: LabelledDataset = { ...dataset, example: () => Promise.reject(new Error('no such file')) };
    expect(await thrownBy(() => run({}, broken))).toMatchObject({ message: 'no such file' });
  });
});
