import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeNpy, encodeNpy } from '../../src/data/npy.ts';
import { softTargetsToNpy, type SoftTargetsToNpyOptions } from '../../src/node/soft-targets-to-npy.ts';
import { softTargets } from '../../src/recipes/soft-targets.ts';
import { trainingBatches } from '../../src/recipes/training-batches.ts';
import { currentEngine } from '../../src/tensors/engine.ts';
import { useBackend } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { dataset, g, key } from './points.ts';
import { useFolder } from './run.ts';

const { path, names } = useFolder();
const settings = { key, n: 200 };
const HEADER = 128;
const ROW = 2 * 8;
const python = promisify(execFile);
const NO_NUMPY = 'needs python3 with NumPy; files that NumPy wrote are in test/fixtures/npy_headers.json';
const hasNumpy = await python('python3', ['-c', 'import numpy']).then(
  () => true,
  () => false,
);

const run = (file: string, change: Partial<SoftTargetsToNpyOptions> = {}, data = dataset) =>
  softTargetsToNpy(g, data, { ...settings, file: path(file), ...change });

/** A run without interruption. */
async function whole(change: Partial<SoftTargetsToNpyOptions> = {}): Promise<Buffer> {
  const file = `whole-${Math.random()}.npy`;
  await run(file, change);
  return readFile(path(file));
}

/** The whole table, by softTargets. */
async function table(change: object = {}): Promise<Float64Array> {
  const values = new Float64Array(2 * dataset.size).fill(0.5);
  for await (const { index, probabilities } of softTargets(g, dataset, { ...settings, ...change })) {
    values.set(probabilities, 2 * index);
  }
  return values;
}

describe('softTargetsToNpy', () => {
  beforeAll(() => useBackend('cpu'));

  it('writes the shares of the votes as a table of doubles, with its record', async () => {
    const seen: object[] = [];
    const summary = await run('a.npy', { onProgress: (progress) => seen.push(progress) });
    expect(summary).toEqual({ file: path('a.npy'), done: 12, resumed: 0 });
    const bytes = await readFile(path('a.npy'));
    expect(bytes).toEqual(Buffer.from(encodeNpy({ dtype: 'float64', shape: [12, 2], data: await table() })));
    expect(bytes.length).toBe(HEADER + 12 * ROW);
    expect(await names()).toEqual(['a.npy', 'a.npy.json']);
    expect(JSON.parse(await readFile(path('a.npy.json'), 'utf8'))).toEqual({
      smoothing: 'hard',
      engine: currentEngine(),
      noise: { name: 'gaussian', parameters: { sigma: 0.25 } },
      key: [...key],
      n: 200,
      start: 0,
      skip: 1,
      max: 12,
      shard: { index: 0, count: 1 },
      shape: [12, 2],
      inputShape: [2],
    });
    expect(seen).toHaveLength(13);
    expect(seen[0]).toEqual({ done: 0, total: 12, resumed: 0, millisecondsLeft: undefined });
    expect(seen[6]).toMatchObject({ done: 6, total: 12, millisecondsLeft: expect.any(Number) as number });
    expect(seen[12]).toMatchObject({ done: 12, millisecondsLeft: 0 });
  });

  it.each([
    { skip: 5 },
    { start: 3, skip: 4 },
    { max: 3 },
    { start: 11 },
    { start: 12 },
    { shard: { index: 1, count: 5 } },
  ])('leaves the rows that %o leaves out uniform', async (select) => {
    const { data } = await decodeNpy(await whole({ select }));
    expect(data).toEqual(await table({ select }));
  });

  it.each([1, 77])('does not depend on the batch size, %i', async (batchSize) => {
    expect(await whole({ batchSize })).toEqual(await whole());
  });

  it('feeds trainingBatches', async () => {
    const targets = await decodeNpy(await whole());
    for await (const batch of trainingBatches(dataset, { batchSize: 5, key, softTargets: targets })) {
      const rows = [...batch.indices].flatMap((index) => [...targets.data.subarray(2 * index, 2 * index + 2)]);
      expect(await batch.softTargets!.data()).toEqual(Float32Array.from(rows));
      batch.dispose();
    }
  });

  it('is read by NumPy, which writes the same bytes', async ({ skip }) => {
    skip(!hasNumpy, NO_NUMPY);
    await run('numpy.npy', { select: { skip: 3 } });
    const program = [
      'import sys, numpy',
      'a = numpy.load(sys.argv[1])',
      'assert a.dtype == numpy.float64 and a.shape == (12, 2) and a.flags.c_contiguous',
      'numpy.save(sys.argv[2], a)',
      'print(a.sum(), a[1].tolist())',
    ].join('\n');
    const { stdout } = await python('python3', ['-c', program, path('numpy.npy'), path('again.npy')]);
    expect(stdout).toBe('12.0 [0.5, 0.5]\n');
    expect(await readFile(path('again.npy'))).toEqual(await readFile(path('numpy.npy')));
  });

  it('the file of the official code is decoded as it is', async ({ skip }) => {
    skip(!hasNumpy, NO_NUMPY);
    // smooth_prediction.py: np.ones((size, classes)) / classes, then a row of counts / N for each image that it visits.
    const program = [
      'import sys, numpy',
      'confidences = numpy.ones((7, 10)) / 10',
      'confidences[0, :] = numpy.array([0, 1, 0, 0, 0, 9999, 0, 0, 0, 0]) / 10000',
      'confidences[5, :] = numpy.array([3333, 6667, 0, 0, 0, 0, 0, 0, 0, 0]) / 10000',
      'numpy.save(sys.argv[1], confidences)',
    ].join('\n');
    await python('python3', ['-c', program, path('official.npy')]);
    const { dtype, shape, data } = await decodeNpy(await readFile(path('official.npy')));
    expect([dtype, shape]).toEqual(['float64', [7, 10]]);
    expect([data[0], data[1], data[5], data[10], data[50], data[51]]).toEqual([0, 1e-4, 0.9999, 0.1, 0.3333, 0.6667]);
    expect(Buffer.from(encodeNpy({ dtype: 'float64', shape, data } as never))).toEqual(
      await readFile(path('official.npy')),
    );
  });
});

describe('softTargetsToNpy goes on', () => {
  beforeAll(() => useBackend('cpu'));

  /** Every place within the header and every row, and the ends of all. */
  const lengths = [
    0,
    6,
    HEADER - 1,
    ...Array.from({ length: 13 }, (_, i) => [0, 1, ROW - 1].map((more) => HEADER + i * ROW + more)),
  ]
    .flat()
    .filter((length) => length <= HEADER + 12 * ROW);

  it.each([{}, { select: { skip: 5, start: 1 } }])('byte for byte, wherever it was killed (%o)', async (change) => {
    const finished = await whole(change);
    const name = 'select' in change ? 'some' : 'all';
    await run(`${name}.npy`, change);
    const record = await readFile(path(`${name}.npy.json`));
    for (const length of lengths) {
      const file = `${name}-${length}.npy`;
      await writeFile(path(`${file}.json`), record);
      await writeFile(path(`${file}.part`), finished.subarray(0, length));
      const rows = Math.max(0, Math.floor((length - HEADER) / ROW));
      const resumed = 'select' in change ? [1, 6, 11].filter((index) => index < rows).length : rows;
      expect(await run(file, { ...change, durable: length % 2 === 0 })).toMatchObject({ resumed });
      expect(await readFile(path(file)), `killed after ${length} bytes`).toEqual(finished);
    }
    expect((await names()).filter((name) => /part|lock/.test(name))).toEqual([]);
  });

  it('after its record only was written', async () => {
    await run('other.npy');
    await writeFile(path('record-only.npy.json'), await readFile(path('other.npy.json')));
    expect(await run('record-only.npy')).toMatchObject({ resumed: 0, done: 12 });
  });

  it('after an abort, from the row where it stopped, reading no earlier example but the one that it checks', () =>
    expectNoLeak(async () => {
      const reason = new Error('enough');
      const controller = new AbortController();
      const stop = ({ done }: { readonly done: number }): void => void (done === 4 && controller.abort(reason));
      expect(await thrownBy(() => run('aborted.npy', { signal: controller.signal, onProgress: stop }))).toBe(reason);
      const asked: number[] = [];
      const asking = { ...dataset, example: (index: number) => (asked.push(index), dataset.example(index)) };
      expect(await run('aborted.npy', {}, asking)).toMatchObject({ resumed: 4, done: 12 });
      expect(asked).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11]); // of the first four, the last is nearest to the plane
      expect(await readFile(path('aborted.npy'))).toEqual(await whole());
    }));

  it('to nothing where the file is finished, whatever the batch size', async () => {
    const before = await run('done.npy');
    expect(before).toMatchObject({ resumed: 0 });
    const bytes = await readFile(path('done.npy'));
    expect(await run('done.npy', { batchSize: 3, select: { max: 1000 } })).toEqual({
      file: path('done.npy'),
      done: 12,
      resumed: 12,
    });
    expect(await readFile(path('done.npy'))).toEqual(bytes);
  });
});
