import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import type { RunProgress } from '../../src/node/run-progress.ts';
import { startWorkers } from '../../src/node/start-workers.ts';
import { useBackend } from '../helpers/backends.ts';
import { certifierOf, datasetOf, enumeratedFamilies, familyOf, isEnumerated } from '../helpers/families.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { describeFamilyLogs, sampled, SIZE } from './family-logs.ts';
import { readLog, useFolder } from './run.ts';

const { path } = useFolder();
beforeAll(() => useBackend('cpu'));

// One of each norm; the others are with the slow tests.
const quick = ['ablation of pixels', 'deletion of tokens', 'bands, votes {"threshold":0.4}'];
describeFamilyLogs(quick.map(familyOf));

describe('a run that counts changes', () => {
  it('tells its progress, stops at a signal, and goes on to the same log', async () => {
    const family = familyOf('ablation of pixels');
    const g = certifierOf(family);
    const dataset = datasetOf(family, SIZE);
    const plan = { ...sampled, n: 600, rule: fixedRadius({ radius: [0, 1, 3] }) };
    const whole = path('journal-whole.tsv');
    await certifyToLog(g, dataset, { ...plan, file: whole });
    const file = path('journal.tsv');
    const stop = new AbortController();
    const told: RunProgress[] = [];
    const run = certifyToLog(g, dataset, {
      ...plan,
      ...{ file, signal: stop.signal, batchSize: 50 },
      onProgress: (progress: RunProgress) => {
        told.push(progress);
        if (progress.done === 2) stop.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(told.at(-1)).toMatchObject({ done: 2, total: SIZE, abstained: 0 });
    expect(await certifyToLog(g, dataset, { ...plan, file })).toMatchObject({ resumed: 2, done: SIZE });
    expect(await readLog(file)).toBe(await readLog(whole));
  });

  it('of a threshold is not gone on with by another one', async () => {
    const [argmax, threshold] = enumeratedFamilies;
    const dataset = datasetOf(argmax!, SIZE);
    const file = path('threshold.tsv');
    await certifyToLog(certifierOf(threshold!), dataset, { file, select: { max: 2 } });
    await expect(certifyToLog(certifierOf(argmax!), dataset, { file })).rejects.toMatchObject({
      name: 'OptionError',
      field: 'rule',
    });
  });

  const pools: { close(): Promise<void> }[] = [];
  afterAll(() => Promise.all(pools.map((pool) => pool.close())));

  it.each(quick.slice(1))(
    'has the rows of one thread in workers: %s',
    async (name) => {
      const family = familyOf(name);
      const dataset = datasetOf(family, SIZE);
      const module = new URL('families-module.ts', import.meta.url);
      const pool = await startWorkers({ module, workers: 2, data: name, execArgv: runTypeScript });
      pools.push(pool);
      const options = isEnumerated(family) ? {} : { ...sampled, rule: plannedRadius({ radius: [0, 1] }) };
      const rows = async (of: Parameters<typeof certifyDataset>[0]): Promise<object[]> => {
        const found: object[] = [];
        for await (const row of certifyDataset(of, dataset, options)) found.push({ ...row, milliseconds: 0 });
        return found;
      };
      expect(await rows(pool as never)).toStrictEqual(await rows(certifierOf(family)));
    },
    180_000,
  );
});
