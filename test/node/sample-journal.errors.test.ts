import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { CatrsError } from '../../src/errors.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { CountedClassifier, endAfter, isDone, readJournal, runJournaled, runSoft } from './journal-runs.ts';
import { readLog, useFolder } from './run.ts';

const { path, names } = useFolder();
const begun = { log: '', journal: '' };
let quiet: string;

/** Where a run ended in the middle of its first images: a log without rows, and a journal. */
async function interrupted(
  name: string,
  change: { readonly log?: string; readonly journal?: string } = {},
): Promise<string> {
  const file = path(name);
  await writeFile(file, change.log ?? begun.log);
  await writeFile(`${file}.partial`, change.journal ?? begun.journal);
  return file;
}

beforeAll(async () => {
  await useBackend('cpu');
  await runJournaled(path('quiet.tsv'));
  quiet = await readLog(path('quiet.tsv'));
  const file = path('begun.tsv');
  // Two ends, so that an image has several lines.
  for (const batches of [20, 12]) expect(await isDone(runJournaled(file, endAfter(batches)))).toBe(false);
  begun.log = await readFile(file, 'utf8');
  begun.journal = (await readJournal(file)) ?? '';
  expect(begun.log.split('\n')).toHaveLength(2);
});

describe('a journal that is torn or damaged', () => {
  it('counts up to its last whole line, wherever it ends', async () => {
    const saved: number[] = [];
    const ends = [...begun.journal].flatMap((letter, at) => (letter === '\n' ? [at - 1, at, at + 1, at + 2] : []));
    const lengths = [...ends, ...Array.from({ length: 100 }, (_, i) => Math.floor((i * begun.journal.length) / 100))];
    const whole = new CountedClassifier();
    await runJournaled(path('all.tsv'), {}, whole);
    for (const length of lengths.sort((a, b) => a - b)) {
      const file = await interrupted('torn.tsv', { journal: begun.journal.slice(0, length) });
      const classifier = new CountedClassifier();
      await runJournaled(file, {}, classifier);
      if ((await readLog(file)) !== quiet) expect.fail(`other bytes after a journal of ${length} bytes`);
      saved.push(whole.copies - classifier.copies);
      expect((await names()).filter((name) => name.startsWith('torn'))).toEqual(['torn.tsv']);
    }
    expect(saved[0]).toBe(0);
    expect(Math.max(...saved), 'copies that were not drawn again').toBeGreaterThan(50);
  });

  it('never counts a byte that is another one', async () => {
    const bytes = Buffer.from(begun.journal);
    for (let at = 30; at < bytes.length; at += 29) {
      const changed = Buffer.from(bytes);
      changed[at] = bytes[at] === 0x37 ? 0x33 : 0x37; // a digit for anything, another digit for a 7
      const file = await interrupted('changed.tsv', { journal: changed.toString('latin1') });
      await runJournaled(file);
      if ((await readLog(file)) !== quiet) expect.fail(`other bytes after a change at ${at}`);
    }
  });

  it('may be zeros, as after a power failure', async () => {
    for (const kept of [0, 100]) {
      const journal = begun.journal.slice(0, kept).padEnd(4096, '\0');
      const file = await interrupted('zeros.tsv', { journal });
      await runJournaled(file);
      expect(await readLog(file)).toBe(quiet);
    }
  });
});

/** Refuses, and leaves both files as they are. */
async function refusal(file: string, run: () => Promise<void>): Promise<string> {
  const before = [await readFile(file, 'utf8'), await readJournal(file)];
  const error = await thrownBy(run);
  if (!(error instanceof CatrsError)) throw error;
  expect([await readFile(file, 'utf8'), await readJournal(file)]).toEqual(before);
  return error.message.replaceAll(file, 'LOG');
}

describe('a journal of another run', () => {
  it.each([
    [
      { n: 500 },
      '`n` must be the same for all rows of a log, got 500 where LOG.partial, image 0, has 400 (one log holds one run: use its settings, or another file)',
    ],
    [
      { n0: 31 },
      '`n0` must be the same for all rows of a log, got 31 where LOG.partial, image 0, has 30 (one log holds one run: use its settings, or another file)',
    ],
    [
      { alpha: 0.02 },
      '`alpha` must be the same for all rows of a log, got 0.02 where LOG.partial, image 0, has 0.01 (one log holds one run: use its settings, or another file)',
    ],
    [
      { checkEvery: 100 },
      '`checkEvery` must be the same for all rows of a log, got 100 where LOG.partial, image 0, has 50 (one log holds one run: use its settings, or another file)',
    ],
    [
      { key: createKey(12) },
      '`key` must be the same for all rows of a log, got [0,12] where LOG.partial, image 0, has one made from another key (one log holds one run: use its settings, or another file)',
    ],
    [
      { rule: fixedRadius({ radius: 0.1 }) },
      /^certifyToLog: `rule` must be the same .* where LOG\.partial, image 0, has \{"name":"fixed-sample"/,
    ],
  ] as const)('is refused with %o', async (change, message) => {
    const file = await interrupted('other.tsv');
    const text = await refusal(file, () => runJournaled(file, change));
    if (typeof message === 'string') expect(text).toBe(`certifyToLog: ${message}`);
    else expect(text).toMatch(message);
  });

  it('is refused where only the certifier knows a setting', async () => {
    const file = await interrupted('default.tsv');
    const text = await refusal(file, () => runJournaled(file, { checkEvery: undefined }));
    expect(text).toContain(
      '`checkEvery` must be the same for all rows of a log, got 100 where LOG.partial, image 0, has 50',
    );
  });

  it('is refused for soft smoothing', async () => {
    const file = await interrupted('soft.tsv');
    expect(await refusal(file, () => runSoft(file))).toContain(
      '`smoothing` must be the same for all rows of a log, got "soft"',
    );
  });

  it('is refused with another model, and drawn anew if that is asked for', async () => {
    const file = await interrupted('model.tsv');
    const other = (): CountedClassifier => new CountedClassifier(0.1);
    expect(await refusal(file, () => runJournaled(file, {}, other()))).toBe(
      'certifyToLog: `file` must have a journal of this model, these images and this backend, got LOG.partial where copies of image 0 now' +
        ' vote otherwise (take another file; to draw that image anew set `recheck: false`)',
    );
    await runJournaled(file, { recheck: false }, other());
    await runJournaled(path('of-other.tsv'), {}, other());
    expect(await readLog(file)).toBe(await readLog(path('of-other.tsv')));
  });

  it('is refused where a file that is none stands in its place', async () => {
    const file = await interrupted('foreign.tsv', { journal: 'my notes\n' });
    expect(await refusal(file, () => runJournaled(file))).toBe(
      'certifyToLog: `file` must have no other file in the place of its journal, got LOG.partial, which is none (it was left as it is: take' +
        ' another name for the log)',
    );
  });
});

describe('a journal of votes that were never cast', () => {
  /** Moves votes of the whole journal to class 0, with sums and checksums that fit. */
  const forged = async (edit: (pieces: [string, number, number, number[]][]) => void): Promise<string> => {
    const { createHash } = await import('node:crypto');
    const [header = '', ...lines] = begun.journal.split('\n');
    const edited = lines.slice(0, -1).map((line) => {
      const value = JSON.parse(line.slice(17)) as { pieces?: [string, number, number, number[]][] };
      if (value.pieces) edit(value.pieces);
      const json = JSON.stringify(value);
      return `${createHash('sha256').update(json).digest('hex').slice(0, 16)} ${json}`;
    });
    return `${[header, ...edited].join('\n')}\n`;
  };

  it.each<[string, (pieces: [string, number, number, number[]][]) => void]>([
    ['more votes than copies', (pieces) => pieces.forEach((piece) => (piece[3] = [0, piece[2] + 1]))],
    ['fewer votes than copies', (pieces) => pieces.forEach((piece) => (piece[3] = [0, piece[2] - 1]))],
    ['a class that is none', (pieces) => pieces.forEach((piece) => (piece[3] = [7, piece[2]]))],
    ['half a vote', (pieces) => pieces.forEach((piece) => (piece[3] = [0, piece[2] - 0.5, 1, 0.5]))],
    ['votes taken back', (pieces) => pieces.forEach((piece) => (piece[3] = [0, piece[2] + 5, 1, -5]))],
    ['a gap', (pieces) => pieces.forEach((piece) => (piece[1] += 1))],
    ['copies twice', (pieces) => pieces.splice(0, 0, ...pieces.slice(0, 1))],
    ['a check in the middle', (pieces) => pieces.forEach((piece) => (piece[2] += 1000))],
    ['all votes for the other class', (pieces) => pieces.forEach((piece) => (piece[3] = [1, piece[2]]))],
  ])('as %s is refused, and counts for nothing', async (name, edit) => {
    const file = await interrupted(`forged.tsv`, { journal: await forged(edit) });
    expect(await refusal(file, () => runJournaled(file)), name).toMatch(/copies of image \d now vote otherwise/);
    await runJournaled(file, { recheck: false });
    expect(await readLog(file)).toBe(quiet);
  });
});

it('a journal whose log is gone is gone on with, one of rows that are there is removed', async () => {
  const file = path('gone.tsv');
  await writeFile(`${file}.partial`, begun.journal);
  const classifier = new CountedClassifier();
  await runJournaled(file, {}, classifier);
  expect(await readLog(file)).toBe(quiet);
  await copyFile(path('quiet.tsv'), path('finished.tsv'));
  await writeFile(path('finished.tsv.partial'), begun.journal);
  await runJournaled(path('finished.tsv'));
  expect((await names()).filter((name) => name.includes('partial') && /gone|finished/.test(name))).toEqual([]);
});
