import { readFile, rm, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.ts';
import { readLog, run, useFolder, withoutTimes } from './run.ts';

const SETTINGS = [
  'smoothing',
  'noise',
  'norm',
  'rule',
  'n0',
  'n',
  'alpha',
  'checkEvery',
  'domain',
  'assumptions',
  'dimension',
];

/** What follows from the votes: no byte of it can be another one. */
const DERIVED = [
  'predict',
  'reason',
  'stop',
  'topK',
  'cAHat',
  'nA',
  'nUsed',
  'failures',
  'bound',
  'countsSelection',
  'counts',
];

describe('a log that was cut anywhere', () => {
  const { path } = useFolder();
  const change = { select: { start: 4, skip: 2, max: 2 }, n: 60, n0: 5, alpha: 0.1, checkEvery: 20 };
  let whole: Buffer;
  beforeAll(async () => {
    await useBackend('cpu');
    await run(path('whole.tsv'), change);
    whole = await readFile(path('whole.tsv'));
  });

  it('is gone on with at every byte, to the same bytes', async () => {
    const expected = withoutTimes(whole.toString());
    const goOn = async (length: number): Promise<void> => {
      const file = path(`cut-${length}.tsv`);
      await writeFile(file, whole.subarray(0, length));
      const { resumed } = await run(file, change);
      const ends = whole.subarray(0, length).filter((byte) => byte === 10).length;
      expect(resumed, `after ${length} bytes`).toBe(Math.max(0, ends - 1));
      if ((await readLog(file)) !== expected) expect.fail(`other bytes after a cut at ${length}`);
      await rm(file);
    };
    const lengths = Array.from({ length: whole.length + 1 }, (_, length) => length);
    for (let i = 0; i < lengths.length; i += 8) await Promise.all(lengths.slice(i, i + 8).map(goOn));
  });

  it.each([
    ['zeros, as after a power failure', Buffer.alloc(4096)],
    ['half a character', Buffer.from('é').subarray(0, 1)],
    ['something else', Buffer.from('idx\tlabel')],
  ])('may end in %s', async (_name, end) => {
    const lines = whole.toString().split('\n');
    const kept = Buffer.from(`${lines.slice(0, 2).join('\n')}\n`);
    await writeFile(path('end.tsv'), Buffer.concat([kept, end]));
    expect(await run(path('end.tsv'), change)).toMatchObject({ resumed: 1, done: 2 });
    expect(await readLog(path('end.tsv'))).toBe(withoutTimes(whole.toString()));
  });

  it('is left as it is, to the byte, wherever a byte before the last line end is another one', async () => {
    const end = whole.length - 1;
    const touched: number[] = [];
    for (let at = 0; at < end; at += 5) {
      const bytes = Buffer.from(whole);
      bytes[at] = whole[at] === 0x37 ? 0x33 : 0x37; // a digit for anything, another digit for a 7
      await writeFile(path('changed.tsv'), bytes);
      const error: unknown = await run(path('changed.tsv'), change).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error === undefined) touched.push(at);
      else expect(error, `byte ${at}`).toMatchObject({ name: expect.stringMatching(/^(Data|Option)Error$/) as string });
      expect(await readFile(path('changed.tsv'))).toEqual(bytes);
    }
    const unseen = new Set(touched.map((at) => columnAt(whole.toString(), at)));
    expect(unseen, 'the time is nobody else’s').toContain('time');
    for (const column of ['idx', 'label', 'radius', 'correct', 'key', ...SETTINGS, ...DERIVED])
      expect(unseen).not.toContain(column);
  });
});

/** Name of the column in which a byte of a log stands. */
function columnAt(log: string, at: number): string {
  const before = log.slice(0, at).split('\n').at(-1)!;
  return log.split('\n', 1)[0]!.split('\t')[before.split('\t').length - 1]!;
}
