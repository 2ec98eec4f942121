import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BackendError, ClassifierError, OptionError } from '../../src/errors.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import { startWorkers, type WorkerCertifier } from '../../src/node/start-workers.ts';
import type { CertifyOptions } from '../../src/smoothed/call-options.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { dataset, settings } from './points.ts';
import { readLog, run, useFolder } from './run.ts';
import { useWorkers } from './start.ts';
import type { ModuleData } from './worker-module.ts';

const start = useWorkers();
const startForAll = useWorkers(afterAll);
/** Threads without a fault. */
let sound: WorkerCertifier;
const { path } = useFolder();
beforeAll(async () => {
  await useBackend('cpu');
  await run(path('whole.tsv'));
  sound = await startForAll();
});

/** Threads of this process. */
const threads = async (): Promise<number> => (await readdir('/proc/self/task')).length;
const small = { ...settings, batchSize: 50 };

/** Certifies the points; gives the indices of the rows before the error, and the error. */
async function untilError(pool: WorkerCertifier, options: CertifyOptions = small): Promise<[number[], unknown]> {
  const found: number[] = [];
  const error = await thrownBy(async () => {
    for await (const { index } of certifyDataset(pool, dataset, options)) found.push(index);
  });
  return [found, error];
}

describe('a worker thread that fails', () => {
  const words: readonly [ModuleData['fault'], string][] = [
    ['exit', 'its end with exit code 3'],
    ['exit without a code', 'its end with exit code 0'],
    ['throw', '"boom" (TypeError)'],
    ['reject', '"lost" (Error)'],
    ['memory', '"Worker terminated due to reaching memory limit: JS heap out of memory" (Error)'],
  ];
  it.each(words)('by %s is named with its image, all threads end, and the log is gone on with', async (fault, how) => {
    const before = await threads();
    const file = path(`${fault}.tsv`);
    const resourceLimits = fault === 'memory' ? { maxOldGenerationSizeMb: 128 } : {};
    const pool = await start({ data: { fault, at: 6 }, resourceLimits });
    const error = await thrownBy(() => certifyToLog(pool, dataset, { ...small, file }));
    expect(error).toBeInstanceOf(ClassifierError);
    const text = (error as Error).message;
    expect(text).toContain(`certifyToLog: \`module\` must certify every image, got ${how} from a worker thread`);
    // The fault is at image 6; neither thread need have got to the end of any before it.
    const named = Number(/ while it was certifying image (\d+)/.exec(text)?.[1]);
    expect(named).toBeGreaterThanOrEqual(0);
    expect(named === 6 || / \(and had begun with .*\b6\)$/.test(text), text).toBe(true);
    await expect.poll(threads).toBeLessThanOrEqual(before);

    const indices = (await readLog(file))
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => Number.parseInt(line, 10));
    expect(indices, 'all rows before').toEqual(Array.from({ length: named }, (_, i) => i));
    expect(await certifyToLog(sound, dataset, { ...small, file })).toMatchObject({ resumed: named, done: 12 });
    expect(await readLog(file)).toBe(await readLog(path('whole.tsv')));
  });

  it('by a documented error throws that error after the rows before it', async () => {
    const pool = await start({ data: { fault: 'documented', at: 6 } });
    const [found, error] = await untilError(pool);
    expect(found).toEqual([0, 1, 2, 3, 4, 5]);
    expect(error).toBeInstanceOf(OptionError);
    expect(error).toMatchObject({ name: 'OptionError', call: 'certifyDataset', field: 'n', value: 'a function' });
    expect((error as Error).message).toBe('certifyDataset: `n` must be odd, got 4');
    expect((error as Error).stack).toContain('worker-module');
    expect((await untilError(pool))[0], 'new threads do the same').toEqual(found);
  });

  it('because its backend has failed says so by the class of the error, and new threads have new backends', async () => {
    const pool = await start({ data: { fault: 'backend', at: 2 } });
    for (const run of ['the first', 'the second']) {
      const [found, error] = await untilError(pool);
      expect(found, run).toEqual([0, 1]);
      expect(error).toBeInstanceOf(BackendError);
      expect(error).toMatchObject({ name: 'BackendError', field: 'batchSize', value: 256 });
    }
  });
});

describe('a run over worker threads ends', () => {
  it.each(['hang', 'loop'] as const)('by an abort with its reason, whatever a thread is at: %s', async (fault) => {
    const before = await threads();
    const pool = await start({ data: { fault, at: 3 } });
    const reason = new Error('enough');
    const signal = AbortSignal.any([AbortSignal.timeout(60_000)]);
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 400);
    await expectNoLeak(async () => {
      const [found, error] = await untilError(pool, { ...small, signal: AbortSignal.any([signal, controller.signal]) });
      expect(error).toBe(reason);
      expect(found.length).toBeLessThanOrEqual(3);
    });
    await expect.poll(threads).toBeLessThanOrEqual(before);
  });

  it('by a break, and by close', async () => {
    const before = await threads();
    const pool = await start({ workers: 1 });
    await expectNoLeak(async () => {
      for await (const { index } of certifyDataset(pool, dataset, { ...small, n: 5000 })) if (index === 1) break;
    });
    await expect.poll(threads).toBeLessThanOrEqual(before);

    const rows = certifyDataset(pool, dataset, { ...small, n: 5000 });
    await rows.next();
    const text =
      'WorkerCertifier.close: `workers` must be open and at rest, got a run that is not at its end (startWorkers gives others)';
    const closed = pool.close();
    await expect(rows.next()).rejects.toThrow(text);
    await closed;
    await expect.poll(threads).toBeLessThanOrEqual(before);
    const other = 'certifyDataset: `workers` must be open and at rest, got closed ones (startWorkers gives others)';
    await expectError(() => certifyDataset(pool, dataset, small).next(), OptionError, other);
  });

  it('by an error of the data set, after the rows before it', async () => {
    const example = (i: number) => (i === 7 ? Promise.reject(new Error('torn')) : dataset.example(i));
    const found: number[] = [];
    await expectNoLeak(async () => {
      const reading = async (): Promise<void> => {
        for await (const { index } of certifyDataset(sound, { ...dataset, example }, small)) found.push(index);
      };
      await expect(reading()).rejects.toThrow('torn');
    });
    expect(found).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});

describe('startWorkers refuses', () => {
  const module = new URL('worker-module.ts', import.meta.url);
  it.each<[object, string]>([
    [{ workers: 0 }, '`workers` must be an integer of at least 1, got 0'],
    [{ workers: 1.5 }, '`workers` must be an integer of at least 1, got 1.5'],
    [{ module: undefined }, '`module` must be the path of a file, or a file: URL, got undefined'],
    [{ execArgv: 'x' }, '`execArgv` must be a list of texts, got "x"'],
    [{ resourceLimits: 3 }, '`resourceLimits` must be an object (for example { maxOldGenerationSizeMb: 512 }), got 3'],
    [
      { threads: 2 },
      'unknown option `threads`; known options: `module`, `workers`, `data`, `execArgv`, `resourceLimits`',
    ],
    [{ data: () => 1 }, '`data` must be a value that can be sent to a thread, got "() => 1 could not be cloned."'],
    [
      { execArgv: ['--title=x'] },
      '`execArgv` must be options that Node takes for a thread, got "Initiated Worker with invalid execArgv flags: --title=x"',
    ],
  ])('%o', (change, text) =>
    expectError(() => startWorkers({ module, ...change }), OptionError, `startWorkers: ${text}`),
  );

  const missing = new URL('none.js', import.meta.url);
  const other = new URL('points.ts', import.meta.url);
  it.each<[string, object, typeof OptionError, string]>([
    [
      'a module that is not there',
      { module: fileURLToPath(missing) },
      OptionError,
      `be a module that can be loaded, got "Cannot find module '${fileURLToPath(missing)}' imported from ${fileURLToPath(new URL('../../src/node/make-in-thread.ts', import.meta.url))}" (Error) for ${missing.href}`,
    ],
    [
      'a module without makeCertifier',
      { module: other },
      OptionError,
      `export a function makeCertifier, got ${other.href}, which exports dataset, g, key, labels, noise, settings`,
    ],
    [
      'a makeCertifier that throws',
      { data: 'throw' },
      ClassifierError,
      `make a certifier, got "no weights" (Error) from makeCertifier of ${module.href}`,
    ],
    [
      'a makeCertifier that makes nothing',
      { data: 'nothing' },
      OptionError,
      `make a certifier (for example a SmoothedClassifier), got undefined from makeCertifier of ${module.href}`,
    ],
  ])('%s', (_name, change, kind, text) =>
    expectError(() => start({ workers: 1, ...change }), kind, `startWorkers: \`module\` must ${text}`),
  );

  it('what makeCertifier refuses, in its words', () =>
    expectError(() => start({ workers: 1, data: 'wrong' }), OptionError, 'createKey: `seed` must be whole, got 1.5'));

  it('options that cannot be sent, and wrong ones, at a run', async () => {
    const pool = await start({ workers: 1 });
    const rule = { name: 'mine', parameters: {}, begin: () => ({}) } as never;
    const next = (change: object) => () => certifyDataset(pool, dataset, { ...small, ...change }).next();
    await expectError(
      next({ rule }),
      OptionError,
      'certifyDataset: `rule` must be a rule of catrs, which can be sent to threads, got "mine" (let makeCertifier return a certifier that adds the rule)',
    );
    await expectError(
      next({ rule: 3 }),
      OptionError,
      'certifyDataset: `rule` must be a certification rule (for example fixedSample()), got 3',
    );
    await expectError(
      next({ n: () => 4 }),
      OptionError,
      'certifyDataset: `n` must be a value that can be sent to a thread, got a function',
    );
    await expectError(next({ signal: 3 }), OptionError, 'certifyDataset: `signal` must be an AbortSignal, got 3');
    await expectError(next({ alpha: 2 }), OptionError, 'certifyDataset: `alpha` must be in (0, 1/2), got 2');
    const rows = certifyDataset(pool, dataset, small);
    await rows.next();
    const busy =
      'certifyDataset: `workers` must be open and at rest, got workers in the middle of a run (startWorkers gives others)';
    await expect(next({})()).rejects.toThrow(busy);
    await rows.return();
  });
});
