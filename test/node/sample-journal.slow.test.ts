import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import {
  CountedClassifier,
  endAfter,
  isDone,
  kinds,
  readJournal,
  runJournaled,
  runSoft,
  runThreads,
} from './journal-runs.ts';
import { readLog, useFolder } from './run.ts';
import { useWorkers } from './start.ts';

const { path } = useFolder();
const start = useWorkers();
beforeAll(() => useBackend('cpu'));

/** Most copies that are drawn again to compare, for one image: 128 and a piece. */
const COMPARED = 128 + 128;
/** Most images under way at once. */
const WINDOW = 3;

describe('a run that is interrupted in the middle of its images', () => {
  it.each(Object.entries(kinds))(
    'with %s, after any number of batches, leaves the log of a quiet run',
    async (name, kind) => {
      const quiet = path(`${name}.tsv`);
      const whole = new CountedClassifier();
      await runJournaled(quiet, kind, whole);
      for (let batches = 1; ; batches += 1 + (batches % 4)) {
        const file = path(`${name}-${batches}.tsv`);
        const classifier = new CountedClassifier();
        if (await isDone(runJournaled(file, { ...kind, ...endAfter(batches) }, classifier))) {
          expect(batches).toBeGreaterThan(12);
          break;
        }
        expect(await readJournal(file)).toMatch(/^catrs samples under way, 1\n\w{16} \{"image":/);
        // Other batches than before, and no row to compare.
        await runJournaled(file, { ...kind, recheck: false, batchSize: 33 }, classifier);
        expect(await readLog(file), `after ${batches} batches`).toBe(await readLog(quiet));
        expect(await readJournal(file), 'nothing is left').toBeUndefined();
        expect(classifier.copies - whole.copies).toBeLessThanOrEqual(WINDOW * COMPARED + 40 + 3 * 8);
      }
    },
  );

  it.each(Object.entries(kinds))('with %s, again and again, leaves the log of a quiet run', async (name, kind) => {
    const file = path(`${name}-again.tsv`);
    let interruptions = 0;
    const classifier = new CountedClassifier();
    // So many batches compare what there is, and a few more get on.
    const run = (): Promise<void> => runJournaled(file, { ...kind, ...endAfter(50), recheck: false }, classifier);
    while (!(await isDone(run()))) interruptions++;
    expect(interruptions).toBeGreaterThan(0);
    await runJournaled(path(`${name}-quiet.tsv`), kind);
    expect(await readLog(file)).toBe(await readLog(path(`${name}-quiet.tsv`)));
  });

  it('by threads, leaves the log of a quiet run, and goes on by one thread too', async () => {
    await runJournaled(path('threads.tsv'));
    const quiet = await readLog(path('threads.tsv'));
    const threads = await start();
    for (const batches of [1, 5, 17, 30]) {
      const file = path(`threads-${batches}.tsv`);
      const end = endAfter(batches);
      expect(await isDone(runThreads(file, threads, end)), `${batches} batches`).toBe(false);
      expect(await readJournal(file)).toContain('"pieces":');
      const classifier = new CountedClassifier();
      if (batches < 10) await runThreads(file, threads, { recheck: false });
      else await runJournaled(file, { recheck: false }, classifier);
      expect(await readLog(file), `after ${batches} batches`).toBe(quiet);
      expect(await readJournal(file), 'nothing is left').toBeUndefined();
    }
  });

  it('by threads is refused with another model there', async () => {
    const file = path('threads-other.tsv');
    expect(await isDone(runJournaled(file, { ...endAfter(20) }, new CountedClassifier(0.1)))).toBe(false);
    const error = await thrownBy(async () => runThreads(file, await start()));
    expect(error).toMatchObject({ name: 'OptionError', field: 'file' });
    expect((error as Error).message).toMatch(/copies of image \d now vote otherwise/);
    expect((await readLog(file)).split('\n'), 'no row of it').toHaveLength(2);
  });

  it.each([undefined, 'thresholds' as const])(
    'soft, by %s, after every batch, leaves the log of a quiet run',
    async (bound) => {
      const thresholds = bound && 5;
      const quiet = path(`soft-${bound}.tsv`);
      await runSoft(quiet, { bound, thresholds });
      for (let batches = 1; ; batches++) {
        const file = path(`soft-${bound}-${batches}.tsv`);
        if (await isDone(runSoft(file, { ...endAfter(batches), bound, thresholds }))) break;
        const classifier = new CountedClassifier();
        await runSoft(file, { recheck: false, bound, thresholds }, classifier);
        expect(await readLog(file), `after ${batches} batches`).toBe(await readLog(quiet));
      }
    },
  );
});
