import { beforeAll, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.ts';
import { type KillTime, rowsIn, runAndKill } from './processes.ts';
import { readLog, run, useFolder } from './run.ts';

const { path, names } = useFolder();
beforeAll(() => useBackend('cpu'));

/** A log of twelve rows, five times killed: once soon after the start of the process, then with one row more, and one more. */
const sequences = Array.from({ length: 20 }, (_, i): KillTime[] => [
  { milliseconds: (i * 7) % 100 },
  ...[0, 2, 4, 6].map((rows, j) => ({ rows: rows + (i % 2), milliseconds: (i * 5 + j * 3) % 24 })),
]);

it('a hundred times killed, twenty logs are those of a quiet run, and nothing is left beside them', async () => {
  await run(path('whole.tsv'));
  const whole = await readLog(path('whole.tsv'));
  let onTheWay = 0;
  const finish = async (times: readonly KillTime[], i: number): Promise<void> => {
    const file = path(`${i}.tsv`);
    for (const time of times) {
      expect(await runAndKill(file, 60, time)).toMatchObject({ signal: 'SIGKILL' });
      expect(whole.startsWith(await readLog(file).catch(() => ''))).toBe(true);
      const rows = await rowsIn(file);
      expect(rows).toBeGreaterThanOrEqual(time.rows ?? 0);
      onTheWay += rows > 0 && rows < 12 ? 1 : 0;
    }
    await run(file);
    expect(await readLog(file)).toBe(whole);
  };
  for (let i = 0; i < sequences.length; i += 2)
    await Promise.all([i, i + 1].map((one) => finish(sequences[one]!, one)));
  expect(onTheWay, 'killed with some of the rows').toBeGreaterThan(50);
  expect((await names()).filter((name) => !/^\w+\.tsv$/.test(name))).toEqual([]);
});
