import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  CenterSmoothed,
  type CenterCertificate,
  certifyDataset,
  createKey,
  euclidean,
  GaussianNoise,
  OptionError,
  outputFigures,
  type OutputRow,
  type TargetDataset,
} from 'catrs';
import { thrownBy } from '../helpers/errors.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const g = new CenterSmoothed((x) => tf.mul(x, 2), { noise, distance: euclidean, delta: 0.2 });
const inputs = [
  [0, 1],
  [0.5, 0.5],
  [1, 0.25],
];
const dataset: TargetDataset<number[][] | null> = {
  ...{ size: 3, shape: [2] },
  example: (i) => ({
    x: Float32Array.from(inputs[i] ?? []),
    target: i === 2 ? null : [(inputs[i] ?? []).map((v) => 2 * v)],
  }),
};

describe('the figures of certificates of centers', () => {
  const rows: OutputRow<CenterCertificate>[] = [];
  beforeAll(async () => {
    const options = { key: createKey(3), n: 400, alpha: 0.02, radius: [0.25, 0.1], predict: { n: 300, alpha: 0.05 } };
    for await (const row of certifyDataset(g, dataset, options)) rows.push(row);
  });

  it('are medians over the examples, and the distance from what is true', () => {
    const { task, examples, figures, curves } = outputFigures(rows);
    expect([task, examples, figures['abstained']]).toEqual(['center', 3, 0]);
    const distances = rows.map(({ certificate }) => certificate.distance ?? NaN).sort((a, b) => a - b);
    expect(figures['median certified distance at the first radius']).toBe(distances[1]);
    expect(figures['mean of those that are certified at the first radius']).toBeCloseTo(
      distances.reduce((sum, d) => sum + d, 0) / 3,
      12,
    );
    const errors = rows.slice(0, 2).map(({ certificate, target }) => {
      const [truth = []] = target as number[][];
      return Math.hypot(...truth.map((value, i) => value - (certificate.center?.[i] ?? NaN)));
    });
    expect(figures['median distance to the truth']).toBeCloseTo(Math.max(...errors), 6);
    const worst = errors.map((error, i) => error + (rows[i]?.certificate.distance ?? NaN));
    expect(figures['median distance to the truth under attack, at most']).toBeCloseTo(Math.max(...worst), 6);
    const [median, share] = curves;
    expect(median?.points.map(([radius]) => radius)).toEqual([0.1, 0.25]);
    expect(median?.points[1]?.[1]).toBe(figures['median certified distance at the first radius']);
    expect(share?.points).toEqual([[0.1, 1], [0.25, 1]]); // prettier-ignore
  });

  it('count an example without a distance as the farthest', () => {
    const without = rows.map((row, i) => {
      const bounds = row.certificate.bounds.map((bound) => ({ ...bound, distance: null }));
      return i === 0
        ? row
        : { ...row, certificate: { ...row.certificate, abstained: true, center: null, distance: null, bounds } };
    });
    const { figures, curves } = outputFigures(without);
    expect(figures).toMatchObject({ abstained: 2 / 3, 'median certified distance at the first radius': null });
    expect(figures['mean of those that are certified at the first radius']).toBe(rows[0]?.certificate.distance);
    expect(curves[0]?.points).toEqual([]);
    expect(curves[1]?.points.map(([, share]) => share)).toEqual([1 / 3, 1 / 3]);
  });

  it('refuse a target that is no output', async () => {
    const labelled = rows.map((row) => ({ ...row, target: 3 }));
    expect(outputFigures(labelled).figures).toMatchObject({
      'median distance to the truth': null,
      'median distance to the truth under attack, at most': null,
    });
    const other = await thrownBy(() => outputFigures(rows.map((row) => ({ ...row, target: [1, 2, 3] }))));
    expect(other).toBeInstanceOf(OptionError);
    expect(String(other)).toContain('must have targets with the 2 numbers of an output, got 3 numbers at example 0');
    const bad = { ...dataset, example: () => ({ x: Float32Array.from([0, 1]), target: ['a'] }) };
    const refused = await thrownBy(() => certifyDataset(g, bad, { key: createKey(3), radius: 0.1 }).next());
    expect(String(refused)).toContain('must be the numbers of an output, or a class');
  });
});
