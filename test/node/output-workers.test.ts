import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SampleProgress } from '../../src/smoothed/call-options.ts';
import { useBackend } from '../helpers/backends.ts';
import { outputCertifierOf, outputFamilyOf } from '../helpers/output-families.ts';
import { outputRowsOf, readOutputs, runOutputs, SIZE, useOutputThreads } from './output-runs.ts';
import { useFolder } from './run.ts';

const { path } = useFolder();
beforeAll(() => useBackend('cpu'));

const threadsOf = useOutputThreads(afterAll);

describe('workers for other outputs than one label', () => {
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
    const before = tf.memory().numTensors;
    const g = await threadsOf('regression', 2);
    const stop = { milliseconds: 5, now: () => 0 };
    await expect(outputRowsOf(g, 'regression', { stop })).rejects.toThrow(
      /^certifyDataset: `stop` must be a value that can be sent to a thread, got/,
    );
    await expect(outputRowsOf(g, 'regression', { n: -1 })).rejects.toThrow(/^certifyDataset: `n` must/);
    const told: SampleProgress[] = [];
    await outputRowsOf(g, 'regression', { onSamples: (progress: SampleProgress) => told.push(progress) });
    expect(new Set(told.map(({ index }) => index)).size).toBe(SIZE);
    const abort = new AbortController();
    const onSamples = (): void => abort.abort(new Error('enough'));
    await expect(outputRowsOf(g, 'regression', { signal: abort.signal, onSamples })).rejects.toThrow('enough');
    const alone = await outputCertifierOf(outputFamilyOf('regression'));
    expect(await outputRowsOf(g, 'regression')).toStrictEqual(await outputRowsOf(alone, 'regression'));
    expect(tf.memory().numTensors).toBe(before);
  }, 180_000);
});
