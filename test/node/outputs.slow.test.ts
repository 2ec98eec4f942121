import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.ts';
import { outputCertifierOf, outputFamilies, outputFamilyOf } from '../helpers/output-families.ts';
import { expectBytesHeld, expectCutsGoneOnWith } from './output-cuts.ts';
import { outputRowsOf, useOutputThreads } from './output-runs.ts';
import { useFolder } from './run.ts';

const { path } = useFolder();
beforeAll(() => useBackend('cpu'));
const threadsOf = useOutputThreads(afterAll);

describe('a log of outputs', () => {
  it('that was cut at any byte of its header or last line is gone on with, to the same bytes', async () => {
    await expectCutsGoneOnWith(path('cut.jsonl'), 1);
  }, 300_000);

  it('is left as it is wherever a byte is another one', async () => {
    await expectBytesHeld(path('bytes.jsonl'), 1);
  }, 300_000);
});

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
      expect(await outputRowsOf(threads, name)).toStrictEqual(await outputRowsOf(g, name));
      await threads.close();
    },
    180_000,
  );
});
