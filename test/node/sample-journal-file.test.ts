import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { SampleJournal } from '../../src/node/sample-journal.ts';
import type { SamplePiece, SampleRecord } from '../../src/smoothed/earlier-samples.ts';
import { thrownBy } from '../helpers/errors.ts';
import { useFolder } from './run.ts';

const { path } = useFolder();
const record = { smoothing: 'hard', n0: 10, n: 100_000, classes: 5 } as unknown as SampleRecord;
const soft = { ...record, smoothing: 'soft' } as SampleRecord;

const open = (name: string): Promise<SampleJournal> =>
  SampleJournal.open({ call: 'certifyToLog', path: path(name), durable: true });

const piece = (
  start: number,
  values: readonly number[],
  sample: SamplePiece['sample'] = 'estimation',
): SamplePiece => ({
  sample,
  start,
  drawn: 10,
  values,
});
const news = (...pieces: SamplePiece[]): { record: SampleRecord; pieces: SamplePiece[]; milliseconds: number } => ({
  record,
  pieces,
  milliseconds: 5,
});

describe('SampleJournal', () => {
  it('gives back what it was given, votes and sums to the bit, with the time', async () => {
    const journal = await open('back');
    const first = piece(0, [0, 3, 0, 7, 0], 'selection');
    journal.add(4, news(first));
    journal.flush();
    journal.add(4, { ...news(piece(0, [10, 0, 0, 0, 0])), milliseconds: 9.25 });
    const sums = [0.1 + 0.2, 1e-300, 5];
    journal.add(9, { record: soft, pieces: [piece(0, sums)], milliseconds: 1 });
    journal.close();
    const again = await open('back');
    expect(again.earlierOf(4)).toEqual({ record, milliseconds: 9.25, pieces: [first, piece(0, [10, 0, 0, 0, 0])] });
    expect(again.earlierOf(9)).toEqual({ record: soft, milliseconds: 1, pieces: [piece(0, sums)] });
    expect(again.earlierOf(5)).toBeUndefined();
    expect(again.progress()).toEqual([
      { index: 4, drawn: 20, most: 100_010 },
      { index: 9, drawn: 10, most: 100_010 },
    ]);
  });

  it('leaves no file where no image is under way', async () => {
    const journal = await open('none');
    journal.add(0, news(piece(0, [10, 0, 0, 0, 0])));
    journal.flush();
    await stat(path('none'));
    journal.forget(0);
    journal.close();
    await expect(stat(path('none'))).rejects.toThrow('ENOENT');
  });

  it('does not grow with the images that have their rows', async () => {
    const journal = await open('grown');
    const many = Array.from({ length: 2000 }, (_, i) => piece(10 * i, [1, 2, 3, 4, 0]));
    journal.add(1000, news(piece(0, [0, 0, 0, 0, 10])));
    let most = 0;
    for (let index = 0; index < 30; index++) {
      journal.add(index, news(...many));
      journal.flush();
      journal.forget(index);
      most = Math.max(most, (await stat(path('grown'))).size);
    }
    expect(most).toBeGreaterThan(2 ** 17);
    expect(most).toBeLessThan(2 ** 19);
    journal.close();
    const again = await open('grown');
    expect(again.earlierOf(1000)?.pieces).toEqual([piece(0, [0, 0, 0, 0, 10])]);
  });

  it('takes the later of two beginnings of an image', async () => {
    const journal = await open('twice');
    journal.add(0, news(piece(0, [10, 0, 0, 0, 0])));
    journal.flush();
    journal.forget(0);
    journal.add(0, news(piece(0, [0, 10, 0, 0, 0])));
    journal.close();
    expect((await open('twice')).earlierOf(0)?.pieces).toEqual([piece(0, [0, 10, 0, 0, 0])]);
  });

  it('names the file that cannot be written, and writes all once it can', async () => {
    const journal = await open('full');
    await mkdir(path('full.new'));
    await writeFile(path('full.new/inside'), '');
    journal.add(0, news(piece(0, [10, 0, 0, 0, 0])));
    const error = await thrownBy(() => Promise.resolve().then(() => journal.flush()));
    expect(error).toMatchObject({ name: 'DataError', field: 'file' });
    expect((error as Error).message).toContain(` for ${path('full')} (the rows before are valid`);
    await rm(path('full.new'), { recursive: true });
    journal.close();
    expect((await open('full')).earlierOf(0)?.pieces).toHaveLength(1);
    expect(await readFile(path('full'), 'utf8')).toMatch(/^catrs samples under way, 1\n/);
  });
});
