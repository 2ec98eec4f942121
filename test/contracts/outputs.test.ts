import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { ClassifierError, DataError, OptionError } from '../../src/errors.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { outputFigures, taskEvaluations } from '../../src/evaluate/output-figures.ts';
import { formatOutputLog, parseOutputLog } from '../../src/evaluate/output-log.ts';
import type { OutputRow } from '../../src/evaluate/output-rows.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import type { SampleProgress } from '../../src/smoothed/call-options.ts';
import { outputKinds } from '../../src/smoothed/outputs/output-kinds.ts';
import type { OutputRecord } from '../../src/smoothed/outputs/types.ts';
import { reproduceCertificate } from '../../src/smoothed/reproduce-certificate.ts';
import type { StreamExample } from '../../src/smoothed/types.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { describeContract } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import {
  gaussian,
  inputOf,
  inputShape,
  outputCertifierOf,
  outputFamilies,
  type OutputFamily,
  soundGaussian,
  targetsOf,
} from '../helpers/output-families.ts';
import { typedTwin } from '../helpers/typed.ts';

const key = createKey(8);
const SIZE = 4;

/** Runs with example i as a tensor, which it disposes. */
async function withInput<T>(i: number, use: (x: tf.Tensor) => Promise<T>): Promise<T> {
  const x = tf.tensor(inputOf(i), [...inputShape], 'float32');
  try {
    return await use(x);
  } finally {
    x.dispose();
  }
}

async function* examples(count: number): AsyncGenerator<StreamExample> {
  for (let index = 0; index < count; index++) {
    const x = tf.tensor(inputOf(index), [...inputShape], 'float32');
    try {
      yield await Promise.resolve({ x, index });
    } finally {
      x.dispose();
    }
  }
}

async function rowsOf(
  family: OutputFamily,
  change: object = {},
  { g, size = SIZE }: { readonly g?: Awaited<ReturnType<typeof outputCertifierOf>>; readonly size?: number } = {},
): Promise<OutputRow[]> {
  const rows: OutputRow[] = [];
  const certifier = g ?? (await outputCertifierOf(family));
  const options = { ...family.options, key, ...change };
  for await (const row of certifyDataset(certifier, targetsOf(family, size), options)) rows.push(row);
  return rows;
}

const certificatesOf = (rows: readonly OutputRow[]): OutputRecord[] => rows.map(({ certificate }) => certificate);
const stored = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('the tables of tasks', () => {
  it('have an entry for each, and a family of the tests', () => {
    const tasks = [
      'agreed',
      'cascade',
      'center',
      'confidence',
      'conformal',
      'incremental',
      'multilabel',
      'regression',
      'routed',
      'segmentation',
    ];
    expect(Object.keys(outputKinds).sort()).toEqual(tasks);
    expect(Object.keys(taskEvaluations).sort()).toEqual(tasks);
    expect([...new Set(outputFamilies.map(({ name }) => name.split(' ')[0]))].sort()).toEqual(tasks);
  });
});

describeContract('every certifier of other outputs than one label', outputFamilies, (family) => {
  it('says of its certificates what they all say, and they follow from themselves as JSON gives them back', async () => {
    const g = await outputCertifierOf(family);
    const rows = await rowsOf(family);
    expect(rows).toHaveLength(SIZE);
    for (const { index, target, milliseconds, certificate, engine } of rows) {
      expect(certificate).toMatchObject({ task: g.task, dimension: 4, norm: 'l2', domain: 'real' });
      if ('alpha' in family.options) expect(certificate.alpha).toBe(0.01);
      expect(certificate.key).toEqual(foldIn(key, index));
      expect(certificate.noise).toEqual({ name: 'gaussian', parameters: { sigma: 0.25 } });
      expect(engine).toBe(g.engine);
      expect(engine).toBeTypeOf('string');
      expect(target).toEqual(stored(family.target(index)));
      expect(milliseconds).toBeGreaterThanOrEqual(0);
      const back = stored(certificate);
      expect(back, 'plain JSON').toEqual(certificate);
      expect(verifyCertificate(back, noiseOf(back.noise)).faults).toEqual([]);
      expect(verifyCertificate(back, gaussian, { dimension: 5 }).faults).toEqual([
        'dimension is 4, but 5 of the input',
      ]);
    }
    expect(new Set(rows.map(({ certificate }) => JSON.stringify(certificate))).size).toBe(SIZE);
  });

  it('gives the same certificates whatever the batches, one by one, and for parts of a run', async () => {
    const expected = certificatesOf(await rowsOf(family));
    // A pass of one row costs a GPU that is emulated as much as one of many.
    const sizes = tf.getBackend() === 'webgpu' ? [50, 1000] : [1, 7, 1000];
    for (const batchSize of sizes) expect(certificatesOf(await rowsOf(family, { batchSize }))).toEqual(expected);
    const g = await outputCertifierOf(family);
    for (let i = 0; i < SIZE; i++) {
      const one = await withInput(i, (x) => g.certify(x, { ...family.options, key: foldIn(key, i) }));
      expect(stored(one)).toEqual(stored(expected[i]));
    }
    const parts = [0, 1].map((index) => rowsOf(family, { select: { shard: { index, count: 2 } } }));
    const [even = [], odd = []] = await Promise.all(parts);
    const sorted = [...even, ...odd].sort((a, b) => a.index - b.index);
    expect(certificatesOf(sorted)).toEqual(expected);
  });

  it('has the certificates of tensors of a model of typed arrays', async () => {
    const typed = await family.make({ ...typedTwin(family.model), ...family.typed }, gaussian);
    const rows = await rowsOf(family, {}, { g: typed });
    expect(certificatesOf(rows)).toEqual(certificatesOf(await rowsOf(family)));
  });

  it('holds with sound noise, in whose rounding nothing is taken for granted', async () => {
    const g = await outputCertifierOf(family, soundGaussian);
    for (const { certificate } of await rowsOf(family, {}, { g })) {
      expect(certificate).toMatchObject({ domain: 'uint8', noise: { name: 'sound-gaussian' } });
      expect(verifyCertificate(stored(certificate), noiseOf(certificate.noise)).faults).toEqual([]);
    }
  });

  it('takes a scale for each coordinate, 0 among them', async () => {
    const scaled = await outputCertifierOf(family, new GaussianNoise({ sigma: [0.25, 0.25, 0.25, 0.25] }));
    const rows = await rowsOf(family, {}, { g: scaled });
    for (const { certificate } of rows) {
      expect(certificate.norm).toBe('scaled');
      expect(verifyCertificate(stored(certificate), noiseOf(certificate.noise)).faults).toEqual([]);
    }
    const apart = await outputCertifierOf(family, new GaussianNoise({ sigma: [0.25, 0.125, 0.25, 0] }));
    for (const { certificate } of await rowsOf(family, {}, { g: apart })) {
      expect(verifyCertificate(stored(certificate), noiseOf(certificate.noise)).faults).toEqual([]);
    }
  });

  it('writes logs that are read back to the same rows, with figures', async () => {
    const rows = await rowsOf(family);
    const { task } = await outputCertifierOf(family);
    const text = formatOutputLog(task, rows);
    const log = parseOutputLog(text);
    expect(log.task).toBe(task);
    expect(log.rows).toEqual(rows.map((row) => ({ ...row, milliseconds: Number(row.milliseconds.toFixed(3)) })));
    expect(formatOutputLog(task, log.rows)).toBe(text);
    const { figures, curves, examples: count } = outputFigures(log.rows);
    expect(count).toBe(SIZE);
    expect(Object.keys(figures).length).toBeGreaterThan(0);
    for (const value of Object.values(figures)) expect(value === null || Number.isFinite(value)).toBe(true);
    for (const { points } of curves) expect(points.flat().every(Number.isFinite)).toBe(true);
  });

  it('is drawn again to the same certificate, and another model to another one', async () => {
    const g = await outputCertifierOf(family);
    const [row] = await rowsOf(family, {}, { size: 1 });
    const { certificate } = row!;
    await withInput(0, async (x) => {
      const again = (of: typeof g): Promise<{ readonly same: boolean; readonly differences: readonly string[] }> =>
        reproduceCertificate(of, x, stored(certificate));
      expect(await again(g)).toMatchObject({ same: true, differences: [] });
      const other = await family.make((inputs: tf.Tensor) => tf.tidy(() => tf.mul(family.model(inputs), -2)), gaussian);
      const found = await again(other);
      expect(found.same).toBe(false);
      expect(found.differences.length).toBeGreaterThan(0);
    });
  });

  it('without a key has secret ones, or none', async () => {
    const run = rowsOf(family, { key: undefined }, { size: 2 });
    if (!family.mayBeSecret) return void (await expect(run).rejects.toThrow('`key` must'));
    const g = await outputCertifierOf(family);
    for (const { certificate } of await run) {
      expect(certificate.key).toBeNull();
      expect(verifyCertificate(stored(certificate), gaussian).faults).toEqual([]);
      await withInput(0, async (x) => {
        const again = reproduceCertificate(g, x, certificate);
        await expect(again).rejects.toThrow('reproduceCertificate: `certificate` must have a key by which its samples');
      });
    }
  });

  it('tells how far it is, stops when asked between batches, and leaves no tensor', async () => {
    const told: SampleProgress[] = [];
    await expectNoLeak(() =>
      rowsOf(family, { batchSize: 16, onSamples: (progress: SampleProgress) => told.push(progress) }),
    );
    expect([...new Set(told.map(({ index }) => index))]).toEqual([0, 1, 2, 3]);
    for (const { drawn, most } of told) expect(drawn).toBeLessThanOrEqual(most);
    const ofLast = told.filter(({ index }) => index === 3).map(({ drawn }) => drawn);
    expect(ofLast).toEqual([...ofLast].sort((a, b) => a - b));
    await expectNoLeak(async () => {
      const abort = new AbortController();
      const onSamples = (): void => abort.abort(new Error('enough'));
      const run = rowsOf(family, { batchSize: 16, signal: abort.signal, onSamples });
      await expect(run).rejects.toThrow('enough');
    });
    const g = await outputCertifierOf(family);
    await expectNoLeak(async () => {
      for await (const { certificate } of g.certifyStream(examples(3), { ...family.options, key })) {
        expect(certificate.task).toBe(g.task);
        break;
      }
    });
  });

  it('refuses inputs, models, targets and options that are none, in words, and leaves no tensor', async () => {
    const refuses = async (run: Promise<unknown>, kind: unknown, text: RegExp | string): Promise<void> => {
      const before = tf.memory().numTensors;
      const error: unknown = await run.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(kind);
      expect((error as Error).message).toMatch(text);
      expect(tf.memory().numTensors).toBe(before);
    };
    const g = await outputCertifierOf(family);
    const all = { ...family.options, key };
    const data = targetsOf(family, SIZE);
    const run = async (change: object, options: object = {}, of = g): Promise<void> => {
      for await (const row of certifyDataset(of, { ...data, ...change }, { ...all, ...options })) void row;
    };
    const target = family.target(0);
    const example = (x: number[]) => (): object => ({ x: new Float32Array(x), target });
    await refuses(run({ example: example([0.1, 0.2]) }), DataError, /^certifyDataset: `x` must hold 4 values/);
    await refuses(run({ example: example([NaN, 0, 0, 0]) }), Error, /^certifyDataset: `x` must/);
    await refuses(run({ example: example([2, 0, 0, 0]) }), Error, /^certifyDataset: `x` must/);
    await refuses(run({ example: () => ({ x: inputOf(0), target: new Uint8Array(4) }) }), OptionError, /JSON can hold/);
    await refuses(
      run({ example: () => ({ x: inputOf(0), target: family.noTarget }) }),
      OptionError,
      /^certifyDataset: `.*` must .*\(example 0\)$/,
    );
    await refuses(
      run({}, { colour: 1 }),
      OptionError,
      /^certifyDataset: unknown option `colour`; known options: .*`select`/,
    );
    await refuses(run({}, { alpha: 2 }), OptionError, /^certifyDataset: (unknown option )?`alpha`/);
    await refuses(run({}, { key: 3 }), OptionError, /^certifyDataset: `key` must/);
    if (!family.mayBeSecret) await refuses(run({}, { key: undefined }), OptionError, /^certifyDataset: `key` must/);
    await refuses(run({}, { select: { skip: 0 } }), OptionError, /^certifyDataset: `select.skip` must/);
    const nan = await Promise.resolve(
      family.make((x: tf.Tensor) => tf.tidy(() => tf.mul(family.model(x), NaN)), gaussian),
    ).catch((error: unknown) => error);
    if (nan instanceof Error) expect(nan).toBeInstanceOf(ClassifierError);
    else await refuses(run({}, {}, nan as typeof g), ClassifierError, /finite|NaN/);
  });
});
