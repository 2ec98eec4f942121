import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { aboutDuration, estimateText, type RunSize, timeCopies } from '../../src/cli/estimate-cost.ts';
import { type CliIo, showProgress } from '../../src/cli/io.ts';
import { RunTeller } from '../../src/cli/run-teller.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import type { RunProgress } from '../../src/node/run-progress.ts';
import { useBackend } from '../helpers/backends.ts';
import { dataset, g } from '../node/points.ts';
import { withoutTimes } from '../node/run.ts';
import { catrs, type CliResult, useTiny } from './run.ts';

const isThere = async (file: string): Promise<boolean> => (await stat(file).catch(() => undefined)) !== undefined;

describe('catrs certify in the middle of an image', () => {
  const { path, run } = useTiny();
  const settings = ['--n', 60_000, '--max', 3];
  const log = async (name: string): Promise<string> => withoutTimes(await readFile(path(name), 'utf8'));

  /** Presses Ctrl-C when the command tells of its progress for the second time: after some batches. */
  async function interrupted(name: string): Promise<CliResult> {
    const interrupt = new AbortController();
    let [told, all] = [0, ''];
    const stderr = (text: string): void => {
      all += text;
      if (text.startsWith('\r') && ++told === 2) interrupt.abort();
    };
    const args = ['certify', ...run(settings), '--out', path(name)];
    const result = await catrs(args, { signal: interrupt.signal, isTTY: true, stderr });
    return { ...result, stderr: all };
  }

  it('is interrupted, says how to go on, and goes on to the log of a quiet run', async () => {
    expect((await catrs(['certify', ...run(settings), '--out', path('quiet.tsv')])).code).toBe(0);
    const { code, stderr } = await interrupted('cut.tsv');
    expect(code).toBe(130);
    expect(stderr).toMatch(/catrs: interrupted; .*cut\.tsv is valid, and the same command with --resume goes on\n$/);
    expect(parseCertificationLog(await readFile(path('cut.tsv'), 'utf8')).length).toBeLessThan(3);
    expect(await isThere(path('cut.tsv.partial'))).toBe(true);

    const again = await catrs(['certify', ...run(settings), '--out', path('cut.tsv')]);
    expect(again.code).toBe(2);
    const resumed = await catrs(['certify', ...run(settings), '--out', path('cut.tsv'), '--resume']);
    expect(resumed.stderr).toMatch(/catrs: going on with \d+ copies of images that were under way\n/);
    expect(resumed.code).toBe(0);
    expect(await log('cut.tsv')).toBe(await log('quiet.tsv'));
    expect(await isThere(path('cut.tsv.partial'))).toBe(false);
  });

  it('refuses a journal without its log unless it is to go on with it', async () => {
    await interrupted('left.tsv');
    await rm(path('left.tsv'));
    const args = ['certify', ...run(settings), '--out', path('left.tsv')];
    const { code, stderr } = await catrs(args);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `catrs: --out must be a new file, got ${path('left.tsv')}.partial, which exists (add --resume to go on with it)\n`,
    );
    expect((await catrs([...args, '--resume'])).code).toBe(0);
    expect(parseCertificationLog(await readFile(path('left.tsv'), 'utf8'))).toHaveLength(3);
  });

  it('refuses a journal of other settings in the words of the command, and leaves both files', async () => {
    await interrupted('other.tsv');
    const before = await readFile(path('other.tsv.partial'), 'utf8');
    const { code, stderr } = await catrs([
      'certify',
      ...run([...settings, '--seed', 7]),
      '--out',
      path('other.tsv'),
      '--resume',
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      // On a fast machine the first image may have been done before Ctrl-C.
      /catrs: --seed must be the same for all rows of a log, got .* where .*other\.tsv(\.partial, image \d|, line 2), has one made/,
    );
    expect(await readFile(path('other.tsv.partial'), 'utf8')).toBe(before);
  });

  it('leaves a file of somebody else in the place of the journal', async () => {
    await writeFile(path('notes.tsv.partial'), 'notes');
    const { code, stderr } = await catrs(['certify', ...run(settings), '--out', path('notes.tsv'), '--resume']);
    expect(code).toBe(2);
    expect(stderr).toContain('--out must have no other file in the place of its journal');
    expect(await readFile(path('notes.tsv.partial'), 'utf8')).toBe('notes');
  });
});

describe('what a run will take', () => {
  const size: RunSize = { images: 50, copies: 100_100, workers: 1, shape: [224, 224, 3], rule: undefined };

  it.each<[number, Partial<RunSize>, string]>([
    [
      60,
      {},
      '224x224x3 at about 60 ms a copy: about 100 min an image of 100100 copies, about 3.5 days for 50 images; --radius would take' +
        ' about 36 s to 6.3 min an image (600 to 6300 copies on average)',
    ],
    [
      60,
      { workers: 2, rule: '--radius' },
      '224x224x3 at about 60 ms a copy: at most about 100 min an image of 100100 copies, at most about 42 h for 50 images by 2 workers;' +
        ' --radius mostly takes about 36 s to 6.3 min an image (600 to 6300 copies on average)',
    ],
    [
      60,
      { images: 1, rule: '--adaptive' },
      '224x224x3 at about 60 ms a copy: at most about 100 min an image of 100100 copies; --adaptive stops before',
    ],
    [
      0.021,
      { images: 500, shape: [28, 28, 1] },
      '28x28x1 at about 0.021 ms a copy: about 2.1 s an image of 100100 copies, about 18 min for 500 images',
    ],
    [
      60,
      { copies: 1100 },
      '224x224x3 at about 60 ms a copy: about 66 s an image of 1100 copies, about 55 min for 50 images',
    ],
  ])('at %d ms a copy with %o is "%s"', (perCopy, change, text) =>
    expect(estimateText(perCopy, { ...size, ...change })).toBe(text),
  );

  it.each([
    [0.0607, '0.061 ms'],
    [999, '1000 ms'],
    [1000, '1 s'],
    [119_000, '120 s'],
    [120_000, '2 min'],
    [8_900_000, '150 min'],
    [9_100_000, '2.5 h'],
    [172_000_000, '48 h'],
    [300_000_000, '3.5 days'],
  ])('says %d ms as "%s"', (milliseconds, text) => expect(aboutDuration(milliseconds)).toBe(text));

  it('is not told of a short run, nor of one of few copies, which is not even timed', async () => {
    await useBackend('cpu');
    const signal = new AbortController().signal;
    const short = { images: 1, copies: 5000, workers: 1, shape: [2], rule: undefined };
    expect(await timeCopies(g, dataset, { index: 0, size: short, signal })).toBeUndefined();
    const unreadable = { ...dataset, example: () => Promise.reject(new Error('read')) };
    expect(await timeCopies(g, unreadable, { index: 0, size: { ...short, copies: 500 }, signal })).toBeUndefined();
  });

  it('is told of a long run, with the time that copies really take', async () => {
    await useBackend('cpu');
    const signal = new AbortController().signal;
    const perCopy = await timeCopies(g, dataset, { index: 0, size: { ...size, copies: 10 ** 9, shape: [2] }, signal });
    expect(perCopy).toBeGreaterThan(0);
    expect(perCopy).toBeLessThan(1000);
  });
});

describe('the display of a long run', () => {
  let stderr = '';
  const io = (isTTY: boolean): CliIo => ({
    stdout: () => undefined,
    stderr: (text) => void (stderr += text),
    isTTY,
    columns: 200,
    signal: new AbortController().signal,
  });
  const progress: RunProgress = {
    done: 0,
    total: 2,
    resumed: 0,
    accuracy: 0,
    abstained: 0,
    averageCertifiedRadius: 0,
    meanSamples: 0,
    millisecondsLeft: undefined,
    image: undefined,
    samplesPerSecond: undefined,
    resumedSamples: 300,
  };
  beforeEach(() => void (stderr = ''));

  it('begins with what it will take and what it goes on from, and says what is drawn anew', () => {
    const teller = new RunTeller(io(true), (left) => `${left} images`);
    const display = showProgress(io(true));
    teller.tell(progress, display);
    expect(stderr).toBe(
      'catrs: 2 images\ncatrs: going on with 300 copies of images that were under way\n\r0/2 0 %\u001b[K',
    );
    stderr = '';
    teller.tell({ ...progress, resumedSamples: 100 }, display);
    expect(stderr).toBe(
      '\ncatrs: 200 earlier copies of an image are drawn anew: here they vote otherwise\n\r0/2 0 %\u001b[K',
    );
  });

  it('says once that a long comparison can be spared', () => {
    const teller = new RunTeller(io(true), () => undefined);
    const display = showProgress(io(true));
    const image = { index: 3, drawn: 10, most: 10_000, isCompared: true, millisecondsLeft: undefined };
    vi.useFakeTimers();
    try {
      for (const drawn of [10, 15, 20, 25]) {
        if (drawn < 25) expect(stderr).not.toContain('catrs: ');
        const now = { ...progress, done: 1, resumedSamples: 0, image: { ...image, drawn }, samplesPerSecond: 5 };
        teller.tell(now, display);
        vi.advanceTimersByTime(10_000);
      }
    } finally {
      vi.useRealTimers();
    }
    expect(stderr.split('catrs: ')).toHaveLength(2);
    expect(stderr).toContain('catrs: an image of the log is drawn again first, to compare; --no-recheck spares it\n');
    expect(stderr).toContain('comparing image 3: 25/10000 copies, 5.0/s');
  });

  it('shows a plain line each minute where no image is done in between', () => {
    vi.useFakeTimers();
    try {
      const teller = new RunTeller(io(false), () => undefined);
      const display = showProgress(io(false));
      for (let second = 0; second <= 120; second++) {
        const image = { index: 0, drawn: second, most: 10_000, isCompared: false, millisecondsLeft: undefined };
        teller.tell(
          { ...progress, done: second < 100 ? 0 : 1, image, samplesPerSecond: 1, resumedSamples: 0 },
          display,
        );
        vi.advanceTimersByTime(1000);
      }
      expect([...stderr.matchAll(/(\d+)\/10000/g)].map(([, drawn]) => Number(drawn))).toEqual([0, 60, 100]);
    } finally {
      vi.useRealTimers();
    }
  });
});
