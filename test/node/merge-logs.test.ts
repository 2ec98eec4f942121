import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DatasetSelection } from '../../src/data/dataset-selection.ts';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { mergeLogs } from '../../src/node/merge-logs.ts';
import { useBackend } from '../helpers/backends.ts';
import { key } from './points.ts';
import { readLog, run, useFolder } from './run.ts';

const { path, names } = useFolder();
beforeAll(() => useBackend('cpu'));

describe('mergeLogs', () => {
  it.each<[Omit<DatasetSelection, 'shard'>, number]>([
    [{}, 1],
    [{}, 2],
    [{}, 5],
    [{}, 20], // more shards than images: the last ones are empty
    [{ start: 2, skip: 3 }, 2],
    [{ skip: 2, max: 5 }, 3],
  ])('of the shards of %o in %i writes the log of the run without shards', async (select, count) => {
    const name = `${JSON.stringify(select).replace(/\W/g, '-')}${count}`;
    const whole = await run(path(`${name}-whole.tsv`), { select });
    const shards = Array.from({ length: count }, (_, index) => path(`${name}-${index}.tsv`));
    for (const [index, file] of shards.entries()) await run(file, { select: { ...select, shard: { index, count } } });
    const file = path(`${name}.tsv`);
    const summary = await mergeLogs(shards.toReversed(), { file, key, size: 12, select });
    expect(await readLog(file)).toBe(await readLog(path(`${name}-whole.tsv`)));
    expect(summary).toEqual({ ...whole, file });
    const left = (await names()).filter((found) => found.startsWith(`${name}.`));
    expect(left, 'nothing but the log').toEqual([`${name}.tsv`]);
  });

  it('merges any parts of a run, keeps their times, and gives a log that can be gone on with', async () => {
    await run(path('first.tsv'), { select: { max: 4 } });
    await run(path('second.tsv'), { select: { start: 4, max: 3 } });
    const file = pathToFileURL(path('parts.tsv'));
    await mergeLogs([pathToFileURL(path('second.tsv')), path('first.tsv')], {
      file,
      key,
      size: 12,
      select: { max: 7 },
    });
    const rows = async (name: string) => parseCertificationLog(await readFile(path(name), 'utf8'));
    expect(await readFile(file, 'utf8')).toBe(
      certificationLog([...(await rows('first.tsv')), ...(await rows('second.tsv'))]),
    );
    expect(await run(path('parts.tsv'))).toMatchObject({ resumed: 7, done: 12 });
  });

  it('done again finds its log, and gets past what a killed merge has left', async () => {
    await writeFile(path('again.tsv.part'), 'half a log');
    const merge = () => mergeLogs([path('first.tsv')], { file: path('again.tsv'), key, size: 4 });
    await merge();
    const before = await readFile(path('again.tsv'), 'utf8');
    await merge();
    expect(await readFile(path('again.tsv'), 'utf8')).toBe(before);
    expect((await names()).filter((name) => name.startsWith('again'))).toEqual(['again.tsv']);
  });
});
