import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import { stopAtDeadline, stopAtSamples } from '../../src/certify/stops.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import { mergeLogs } from '../../src/node/merge-logs.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { useBackend } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { dataset, key, labels, noise, settings } from './points.ts';
import { readLog, run, useFolder } from './run.ts';

const { path } = useFolder();
beforeAll(() => useBackend('cpu'));

const { logits } = linearClassifier([1, -1], 0);
const certificates = async (file: string) =>
  parseCertificationLog(await readFile(file, 'utf8')).map(({ certificate }) => certificate!);

describe('certifyToLog goes on with', () => {
  it.each([
    ['fixed-radius', fixedRadius({ radius: 0.05 })],
    ['planned-radius', plannedRadius({ radius: 0.05 })],
    ['anytime-radius', anytimeRadius({ stops: [stopAtSamples({ samples: 150 })] })],
  ])('a run under the rule %s', async (name, rule) => {
    const change = { rule, n: 600 };
    await run(path(`${name}-whole.tsv`), change);
    await run(path(`${name}.tsv`), { ...change, select: { max: 7 } });
    expect(await run(path(`${name}.tsv`), change)).toMatchObject({ resumed: 7, done: 12 });
    expect(await readLog(path(`${name}.tsv`))).toBe(await readLog(path(`${name}-whole.tsv`)));
    const used = (await certificates(path(`${name}.tsv`))).map(({ nUsed }) => nUsed);
    expect(new Set(used).size, 'the rule stops here and there').toBeGreaterThan(name === 'anytime-radius' ? 0 : 1);
  });

  it('a run with a deadline, whose rows nobody can repeat', async () => {
    let now = 0;
    const rule = (step: number) =>
      anytimeRadius({ stops: [stopAtDeadline({ milliseconds: 10, now: () => (now += step) })] });
    const change = { rule: rule(0), n: 600 };
    await run(path('deadline.tsv'), { ...change, select: { max: 5 } });
    expect(await run(path('deadline.tsv'), { ...change, rule: rule(20) })).toMatchObject({ resumed: 5, done: 12 });
    const stops = (await certificates(path('deadline.tsv'))).map(({ stop }) => stop);
    expect(stops.slice(0, 5)).not.toContain('stop-at-deadline');
    expect(stops.slice(5)).toEqual(new Array(7).fill('stop-at-deadline'));
    const other = { ...dataset, example: (i: number) => dataset.example((i + 6) % 12) };
    const sameLabels = { ...other, example: async (i: number) => ({ ...(await other.example(i)), label: labels[i]! }) };
    const error = await thrownBy(() => run(path('deadline.tsv'), change, sameLabels));
    expect(error, 'but the images can be told from others').toMatchObject({ name: 'OptionError', field: 'file' });
  });

  it('a run of a soft classifier, and keeps it apart from a hard one', async () => {
    const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2 });
    const { key, n0, n, alpha } = settings;
    const options = { key, n0, n, alpha };
    await certifyToLog(soft, dataset, { ...options, file: path('soft-whole.tsv') });
    await certifyToLog(soft, dataset, { ...options, file: path('soft.tsv'), select: { max: 4 } });
    expect(await certifyToLog(soft, dataset, { ...options, file: path('soft.tsv') })).toMatchObject({
      resumed: 4,
      done: 12,
    });
    expect(await readLog(path('soft.tsv'))).toBe(await readLog(path('soft-whole.tsv')));
    expect(await thrownBy(() => run(path('soft.tsv')))).toMatchObject({ name: 'OptionError', field: 'smoothing' });
  });

  it('a run of a soft classifier by thresholds, and keeps it apart from one by mean and variance', async () => {
    const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2 });
    const { key, n0, n, alpha } = settings;
    const options = { key, n0, n, alpha, bound: 'thresholds', thresholds: 10 } as const;
    const file = path('thresholds.tsv');
    await certifyToLog(soft, dataset, { ...options, file: path('thresholds-whole.tsv') });
    await certifyToLog(soft, dataset, { ...options, file, select: { max: 4 } });
    const other = { ...options, file, bound: 'empirical-bernstein', thresholds: undefined } as const;
    for (const change of [other, { ...options, file, thresholds: 9 }])
      expect(await thrownBy(() => certifyToLog(soft, dataset, change))).toMatchObject({ field: 'rule' });
    expect(await certifyToLog(soft, dataset, { ...options, file })).toMatchObject({ resumed: 4, done: 12 });
    expect(await readLog(file)).toBe(await readLog(path('thresholds-whole.tsv')));
    for (const certificate of await certificates(file))
      expect(verifyCertificate(certificate, noise).faults).toEqual([]);
  });

  it('a run without a key', async () => {
    const values = Uint8Array.from({ length: 24 }, (_, i) => (i % 2 ? 128 : (i / 2) * 22));
    const images = arrayDataset({ values, shape: [2], labels });
    const exact = new DerandomizedClassifier(logits, {
      noise: new DeterministicSplittingNoise({ halfWidth: 0.25, key }),
      numClasses: 2,
    });
    const shard = (index: number) => ({ file: path(`exact-${index}.tsv`), select: { shard: { index, count: 2 } } });
    await certifyToLog(exact, images, { file: path('exact-whole.tsv') });
    await certifyToLog(exact, images, { ...shard(0), select: { max: 4, shard: { index: 0, count: 2 } } });
    expect(await certifyToLog(exact, images, shard(0))).toMatchObject({ resumed: 2, done: 6 });
    await certifyToLog(exact, images, shard(1));
    await mergeLogs([shard(0).file, shard(1).file], { file: path('exact.tsv'), size: 12 });
    expect(await readLog(path('exact.tsv'))).toBe(await readLog(path('exact-whole.tsv')));
    expect((await certificates(path('exact.tsv'))).every((certificate) => certificate.key === null)).toBe(true);
  });
});
