import { appendFile, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { averageCertifiedRadius, meanSamples } from '../../src/evaluate/metrics.ts';
import { certificationLog, certificationLogHeader } from '../../src/evaluate/certification-log.ts';
import { type CertifiedRow, certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import type { RunProgress } from '../../src/node/run-progress.ts';
import { useBackend } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { dataset, g, settings } from './points.ts';
import { readLog, run, useFolder, withoutTimes } from './run.ts';

describe('certifyToLog', () => {
  const { path, names } = useFolder();
  const rows: CertifiedRow[] = [];
  beforeAll(async () => {
    await useBackend('cpu');
    for await (const row of certifyDataset(g, dataset, settings)) rows.push(row);
  });

  it('writes the log of certifyDataset and leaves nothing else behind', async () => {
    const summary = await run(path('whole.tsv'));
    expect(await readLog(path('whole.tsv'))).toBe(withoutTimes(certificationLog(rows)));
    expect(parseCertificationLog(await readFile(path('whole.tsv'), 'utf8')).map((row) => row.certificate)).toEqual(
      rows.map((row) => row.certificate),
    );
    expect(await names()).toEqual(['whole.tsv']);
    expect(summary).toEqual({
      file: path('whole.tsv'),
      resumed: 0,
      done: 12,
      accuracy: rows.filter(({ correct }) => correct).length / 12,
      abstained: rows.filter(({ abstained }) => abstained).length,
      averageCertifiedRadius: averageCertifiedRadius(rows),
      meanSamples: meanSamples(rows),
    });
    expect(summary.abstained).toBeGreaterThan(0);
    expect(summary.accuracy).toBeGreaterThan(0);
  });

  it('writes each row before it tells of it, and has written it when it tells', async () => {
    const seen: number[] = [];
    const progress: RunProgress[] = [];
    const lines = async (): Promise<number> => (await readFile(path('told.tsv'), 'utf8')).split('\n').length - 2;
    const pending: Promise<number>[] = [];
    await run(path('told.tsv'), {
      onProgress: (now) => {
        progress.push(now);
        pending.push(lines());
      },
    });
    seen.push(...(await Promise.all(pending)));
    expect(progress.map(({ done }) => done)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    progress.forEach(({ done }, i) => expect(seen[i]).toBeGreaterThanOrEqual(done));
    expect(progress[0]).toMatchObject({ total: 12, resumed: 0, accuracy: 0, millisecondsLeft: undefined });
    expect(progress[6]!.millisecondsLeft).toBeGreaterThan(0);
    expect(progress[12]).toMatchObject({ total: 12, millisecondsLeft: 0 });
  });

  it('finds a finished log finished', async () => {
    const before = await readFile(path('whole.tsv'), 'utf8');
    const progress: RunProgress[] = [];
    const again = await run(path('whole.tsv'), { onProgress: (now) => progress.push(now) });
    expect(again).toMatchObject({ resumed: 12, done: 12 });
    expect(progress).toHaveLength(1);
    expect(progress[0]).toMatchObject({ done: 12, total: 12, resumed: 12, millisecondsLeft: 0 });
    expect(await readFile(path('whole.tsv'), 'utf8')).toBe(before);
  });

  it.each([
    [{ start: 3 }, [3, 4, 5, 6, 7, 8, 9, 10, 11]],
    [{ skip: 5 }, [0, 5, 10]],
    [{ max: 2 }, [0, 1]],
    [{ start: 1, skip: 2, max: 4, shard: { index: 1, count: 3 } }, [3]],
    [{ shard: { index: 2, count: 5 } }, [2, 7]],
    [{ start: 100 }, []],
  ])('with %o certifies %o, however it is interrupted', async (select, indices) => {
    const file = path(`${JSON.stringify(select).replace(/\W/g, '-')}.tsv`);
    for (let rowsNow = 0; rowsNow <= indices.length; rowsNow++) {
      const onProgress = ({ done }: RunProgress): void => {
        if (done === rowsNow && done < indices.length) throw new Error('enough');
      };
      const outcome: unknown = await run(file, { select, onProgress }).catch((reason: unknown) => reason);
      if (rowsNow < indices.length) expect(outcome).toEqual(new Error('enough'));
      else expect(outcome).toMatchObject({ done: indices.length, resumed: Math.max(0, rowsNow - 1) });
      const expected = certificationLog(indices.slice(0, rowsNow).map((index) => rows[index]!));
      expect(await readLog(file)).toBe(withoutTimes(expected));
    }
  });

  it('goes on with a larger max', async () => {
    await run(path('more.tsv'), { select: { max: 4 } });
    expect(await run(path('more.tsv'), { select: { max: 9 } })).toMatchObject({ resumed: 4, done: 9 });
    expect(await readLog(path('more.tsv'))).toBe(withoutTimes(certificationLog(rows.slice(0, 9))));
  });

  it('writes rows of earlier runs never again, not even their times', async () => {
    await run(path('kept.tsv'), { select: { max: 5 } });
    const before = await readFile(path('kept.tsv'));
    await run(path('kept.tsv'), { recheck: false });
    expect((await readFile(path('kept.tsv'))).subarray(0, before.length)).toEqual(before);
  });

  it('takes a URL, an empty file, a link, and waits for the disk if asked', async () => {
    const expected = await readLog(path('whole.tsv'));
    await run(path('url.tsv'), { file: pathToFileURL(path('url.tsv')) });
    await writeFile(path('empty.tsv'), '');
    await run(path('empty.tsv'), { durable: true });
    await symlink(path('target.tsv'), path('link.tsv'));
    await run(path('link.tsv'));
    for (const name of ['url.tsv', 'empty.tsv', 'target.tsv']) expect(await readLog(path(name))).toBe(expected);
    expect((await names()).filter((name) => name.includes('lock'))).toEqual([]);
  });

  it('ends with the reason of an abort, before the first row and on the way, with a valid log', async () => {
    const reason = new Error('not today');
    const file = path('aborted.tsv');
    expect(await thrownBy(() => run(file, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(await readFile(file, 'utf8')).toBe(`${certificationLogHeader()}\n`);
    const stop = new AbortController();
    const onProgress = ({ done }: RunProgress): void => {
      if (done === 4) stop.abort(reason);
    };
    expect(await thrownBy(() => run(file, { batchSize: 25, onProgress, signal: stop.signal }))).toBe(reason);
    expect(await readLog(file)).toBe(withoutTimes(certificationLog(rows.slice(0, 4))));
    expect(await thrownBy(() => run(file, { signal: stop.signal })), 'while the log is checked').toBe(reason);
    await run(file);
    expect(await readLog(file)).toBe(withoutTimes(certificationLog(rows)));
    expect((await names()).filter((name) => name.includes('lock'))).toEqual([]);
  });

  it('keeps all rows before an error of the data set', async () => {
    const broken = {
      ...dataset,
      example: (index: number) => (index === 7 ? Promise.reject(new Error('no such image')) : dataset.example(index)),
    };
    expect(await thrownBy(() => run(path('broken.tsv'), {}, broken))).toMatchObject({ message: 'no such image' });
    expect(await readLog(path('broken.tsv'))).toBe(withoutTimes(certificationLog(rows.slice(0, 7))));
    await run(path('broken.tsv'));
    expect(await readLog(path('broken.tsv'))).toBe(await readLog(path('whole.tsv')));
  });

  it('passes on what onProgress throws, with a valid log', async () => {
    const reason = new Error('no more room on the screen');
    const onProgress = ({ done }: RunProgress): void => {
      if (done === 3) throw reason;
    };
    expect(await thrownBy(() => run(path('thrown.tsv'), { onProgress }))).toBe(reason);
    expect(await readLog(path('thrown.tsv'))).toBe(withoutTimes(certificationLog(rows.slice(0, 3))));
  });

  it('sees that something else has changed the file', async () => {
    const change: Record<string, (file: string) => Promise<void>> = {
      'other bytes': (file) => appendFile(file, 'x'),
      'another file': async (file) => {
        await rename(file, `${file}.old`);
        await writeFile(file, '');
      },
      'no file': (file) => rename(file, `${file}.old`),
    };
    for (const [name, apply] of Object.entries(change)) {
      const file = path(`${name}.tsv`);
      const slow = {
        ...dataset,
        example: async (index: number) => {
          if (index === 11) await apply(file);
          return dataset.example(index);
        },
      };
      expect(await thrownBy(() => run(file, { batchSize: 20 }, slow)), name).toMatchObject({
        name: 'DataError',
        field: 'file',
      });
    }
  });
});
