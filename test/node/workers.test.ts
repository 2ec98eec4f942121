import * as tf from '@tensorflow/tfjs';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { stopAtSamples } from '../../src/certify/stops.ts';
import { attackDataset } from '../../src/evaluate/attack-dataset.ts';
import type { AttackedClassifier, AttackThreads } from '../../src/evaluate/attacked-classifier.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import type { InputAttack } from '../../src/attacks/types.ts';
import type { Prediction } from '../../src/certify/types.ts';
import { type CertifiedRow, certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import { softTargetsToNpy } from '../../src/node/soft-targets-to-npy.ts';
import type { AskedExample } from '../../src/node/worker-run.ts';
import { foldIn } from '../../src/random/key.ts';
import type { RunProgress } from '../../src/node/run-progress.ts';
import type { CertifyOptions } from '../../src/smoothed/call-options.ts';
import type { Certifier } from '../../src/smoothed/types.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { dataset, g, key, settings } from './points.ts';
import { readLog, run, useFolder } from './run.ts';
import { useWorkers } from './start.ts';
import type { ModuleData } from './worker-module.ts';

const start = useWorkers();
const startForAll = useWorkers(afterAll);
const { path } = useFolder();
/** Two threads for all tests that do not ask for others; where a test ends them, the next run starts new ones. */
let team: Awaited<ReturnType<typeof start>>;
beforeAll(async () => {
  await useBackend('cpu');
  team = await startForAll();
});

async function rowsOf(certifier: Certifier<CertifyOptions>, change: Partial<CertifyOptions> = {}) {
  const rows: CertifiedRow[] = [];
  for await (const row of certifyDataset(certifier, dataset, { ...settings, ...change })) rows.push(row);
  return rows.map((row) => ({ ...row, milliseconds: 0 }));
}

describe('rows of worker threads', () => {
  it.each([1, 2, 3])('are those of one thread: %i', async (workers) => {
    const pool = await start({ workers });
    expect(pool).toMatchObject({ workers, numClasses: 2, smoothing: 'hard', noise: { name: 'gaussian' } });
    const rule = anytimeRadius({ stops: [stopAtSamples({ samples: 150 })] });
    await expectNoLeak(async () => {
      expect(await rowsOf(pool)).toStrictEqual(await rowsOf(g));
      const change = { rule, batchSize: 64 };
      expect(await rowsOf(pool, change), 'a second run').toStrictEqual(await rowsOf(g, change));
    });
  });

  it.each<[string, ModuleData | undefined]>([
    ['', undefined],
    [' behind a slow image', { fault: 'slow', at: 0 }],
  ])('come in order, with few examples read ahead%s', async (_where, data) => {
    const pool = data === undefined ? team : await start({ data });
    const read: number[] = [];
    const size = 3000;
    const many = { ...dataset, size, example: (i: number) => (read.push(i), dataset.example(i % 12)) };
    const rows = certifyDataset(pool, many, { ...settings, n0: 4, n: 20 });
    let ahead = 0;
    let position = 0;
    for await (const { index } of rows) {
      expect(index).toBe(position++);
      if (position < 3) await new Promise((resolve) => setTimeout(resolve, 300)); // a slow host
      ahead = Math.max(ahead, read.length - position);
    }
    expect(position).toBe(size);
    expect(ahead, '1024 a thread, and its batches').toBeLessThanOrEqual(2 * 1024 + 2 * 64);
    expect(ahead, 'and not one after the other').toBeGreaterThan(8);
  });
});

describe('answers of worker threads', () => {
  async function* examples(indices: Iterable<number>): AsyncGenerator<AskedExample> {
    for (const index of indices) {
      const x = tf.tensor1d((await dataset.example(index)).x);
      yield { x, index };
      x.dispose();
    }
  }

  it('are those of the classifier for the key of each example, in order', async () => {
    const indices = [...Array(12).keys()];
    const found: unknown[] = [];
    await expectNoLeak(async () => {
      for await (const answer of team.answers('predict', examples(indices), { key, n: 100 })) found.push(answer);
    });
    const expected = [];
    for (const index of indices) {
      const x = tf.tensor1d((await dataset.example(index)).x);
      expected.push(await g.predict(x, { key: foldIn(key, index), n: 100 }));
      x.dispose();
    }
    expect(found).toStrictEqual(expected);
  });

  it('make the soft targets of one thread, byte for byte, also where it goes on', async () => {
    const options = { key, n: 50, select: { skip: 2 } };
    await softTargetsToNpy(g, dataset, { ...options, file: path('one.npy') });
    const interrupt = new AbortController();
    const cut = softTargetsToNpy(team, dataset, {
      ...options,
      file: path('two.npy'),
      signal: interrupt.signal,
      onProgress: ({ done }) => {
        if (done === 3) interrupt.abort();
      },
    });
    await expect(cut).rejects.toThrow('aborted');
    const summary = await softTargetsToNpy(team, dataset, { ...options, file: path('two.npy') });
    expect(summary).toMatchObject({ done: 6, resumed: 3 });
    expect(await readFile(path('two.npy'))).toEqual(await readFile(path('one.npy')));
  });

  it('are the rows of an attack, with each length', async () => {
    const pool = await start();
    const attack = new SmoothedPgd({ epsilon: 0.1, steps: 2, numNoise: 2 });
    const rows = async (from: AttackedClassifier<Prediction> | AttackThreads, by: InputAttack = attack) => {
      const found: object[] = [];
      const options = { key, n: 50, clean: true, epsilons: [0.1, 0.2] };
      for await (const row of attackDataset(from, by, dataset, options)) found.push({ ...row, milliseconds: 0 });
      return found;
    };
    await expectNoLeak(async () => expect(await rows(pool)).toStrictEqual(await rows(g)));
    const own: InputAttack = { perturb: (_, { x }) => tf.clone(x), withEpsilon: () => own };
    await expect(rows(pool, own)).rejects.toThrow(
      'attackDataset: `attack` must be a SmoothedPgd, SmoothedDdn, GreedyEditAttack, GreedyFlipAttack, PatchAttack, GreedyPixelAttack or GreedyTokenAttack',
    );
  });

  it('stop at a method that is not there, and at what a method refuses', async () => {
    const pool = await start({ workers: 1 });
    await expect(pool.answers('vote', examples([0]), { key }).next()).rejects.toThrow(
      'WorkerCertifier.answers: `method` must be a method of what makeCertifier makes, got "vote"',
    );
    await expect(pool.answers('predict', examples([0]), { key, n: 2 }).next()).rejects.toThrow(
      'SmoothedClassifier.predict: `n` must be at least 11 to predict anything',
    );
  });
});

describe('certifyToLog with worker threads', () => {
  it('writes, and goes on to, the log of one thread', async () => {
    await run(path('one.tsv'));
    await certifyToLog(team, dataset, { ...settings, file: path('two.tsv') });
    expect(await readLog(path('two.tsv'))).toBe(await readLog(path('one.tsv')));

    await run(path('cut.tsv'), { select: { max: 5 } });
    const told: RunProgress[] = [];
    const onProgress = (progress: RunProgress): void => void told.push(progress);
    const summary = await certifyToLog(team, dataset, { ...settings, file: path('cut.tsv'), onProgress });
    expect(summary).toMatchObject({ resumed: 5, done: 12 });
    expect(await readLog(path('cut.tsv'))).toBe(await readLog(path('one.tsv')));
    expect(told.map(({ done }) => done)).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('halves the time left', async () => {
    await run(path('left.tsv'), { select: { max: 6 } });
    const left: (number | undefined)[] = [];
    for (const certifier of [g, team]) {
      const onProgress = ({ millisecondsLeft }: RunProgress): never => {
        left.push(millisecondsLeft);
        throw new Error('told');
      };
      const options = { ...settings, file: path('left.tsv'), onProgress };
      await expect(certifyToLog(certifier, dataset, options)).rejects.toThrow('told');
    }
    expect(left[1]! / left[0]!).toBeCloseTo(0.5, 12);
  });

  it('refuses the options of the certifier before it touches a file', async () => {
    const options = { ...settings, n: 0, file: path('untouched.tsv') };
    await expect(certifyToLog(team, dataset, options)).rejects.toThrow('certifyToLog: `n` must be an integer from 1');
    await expect(readFile(path('untouched.tsv'))).rejects.toThrow('ENOENT');
    await expectNoLeak(() => expect(rowsOf(team), 'and can be used again').resolves.toHaveLength(12));
    expect(tf.getBackend()).toBe('cpu');
  });
});
