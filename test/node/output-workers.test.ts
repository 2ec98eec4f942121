import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import type { OutputRow } from '../../src/evaluate/output-rows.ts';
import { type OutputWorkers, startWorkers } from '../../src/node/start-workers.ts';
import type { SampleProgress } from '../../src/smoothed/call-options.ts';
import type { OutputRecord } from '../../src/smoothed/outputs/types.ts';
import { useBackend } from '../helpers/backends.ts';
import {
  outputCertifierOf,
  outputFamilies,
  outputFamilyOf,
  targetsOf,
  type TestCertifier,
} from '../helpers/output-families.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { outputKey, readOutputs, runOutputs, SIZE } from './output-runs.ts';
import { useFolder } from './run.ts';

const { path } = useFolder();
beforeAll(() => useBackend('cpu'));

const started: OutputWorkers<object>[] = [];
afterAll(() => Promise.all(started.map((workers) => workers.close())));

/** Threads of a family, as what the tests take for a certifier. */
async function threadsOf(name: string, workers: number): Promise<TestCertifier & OutputWorkers<object>> {
  const module = new URL('output-module.ts', import.meta.url);
  const threads = await startWorkers<object, OutputRecord>({ module, workers, data: name, execArgv: runTypeScript });
  started.push(threads);
  return threads as TestCertifier & OutputWorkers<object>;
}

async function rowsOf(g: TestCertifier, name: string, change: object = {}): Promise<OutputRow[]> {
  const family = outputFamilyOf(name);
  const rows: OutputRow[] = [];
  const options = { ...family.options, key: outputKey, ...change };
  for await (const row of certifyDataset(g, targetsOf(family, SIZE), options)) rows.push({ ...row, milliseconds: 0 });
  return rows;
}

describe('workers for other outputs than one label', () => {
  it.each(outputFamilies.map(({ name }) => name))(
    'have the rows of one thread: %s',
    async (name) => {
      const threads = await threadsOf(name, 2);
      const g = await outputCertifierOf(outputFamilyOf(name));
      const { task, engine, noise } = threads;
      expect({ task, engine, noise: { name: noise.name, parameters: noise.parameters } }).toEqual({
        task: g.task,
        engine: g.engine,
        noise: { name: 'gaussian', parameters: { sigma: 0.25 } },
      });
      expect(await rowsOf(threads, name)).toStrictEqual(await rowsOf(g, name));
      await threads.close();
    },
    180_000,
  );

  it('one, two or three write the log of one thread, and go on with it', async () => {
    const family = outputFamilyOf('regression');
    await runOutputs(family, path('alone.jsonl'));
    const expected = await readOutputs(path('alone.jsonl'));
    for (const workers of [1, 2, 3]) {
      const g = await threadsOf('regression', workers);
      const file = path(`threads-${workers}.jsonl`);
      await runOutputs(family, file, { select: { max: 2 } }, { g });
      expect(await runOutputs(family, file, {}, { g })).toMatchObject({ resumed: 2, done: SIZE });
      expect(await readOutputs(file)).toBe(expected);
      await g.close();
    }
  }, 180_000);

  it('refuse functions among the options, tell of samples, stop when asked, and begin again', async () => {
    const g = await threadsOf('regression', 2);
    const stop = { milliseconds: 5, now: () => 0 };
    await expect(rowsOf(g, 'regression', { stop })).rejects.toThrow(
      /^certifyDataset: `stop` must be a value that can be sent to a thread, got/,
    );
    await expect(rowsOf(g, 'regression', { n: -1 })).rejects.toThrow(/^certifyDataset: `n` must/);
    const told: SampleProgress[] = [];
    await rowsOf(g, 'regression', { onSamples: (progress: SampleProgress) => told.push(progress) });
    expect(new Set(told.map(({ index }) => index)).size).toBe(SIZE);
    const abort = new AbortController();
    const onSamples = (): void => abort.abort(new Error('enough'));
    await expect(rowsOf(g, 'regression', { signal: abort.signal, onSamples })).rejects.toThrow('enough');
    const alone = await outputCertifierOf(outputFamilyOf('regression'));
    expect(await rowsOf(g, 'regression')).toStrictEqual(await rowsOf(alone, 'regression'));
    expect(tf.memory().numTensors).toBe(0);
  }, 180_000);
});
