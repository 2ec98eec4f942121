import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LockHolder } from '../../src/node/file-lock.ts';
import { useBackend } from '../helpers/backends.ts';
import { type EndedProcess, type KillTime, locked, rowsIn, runAndKill, runProcess } from './processes.ts';
import { readLog, run, useFolder } from './run.ts';

interface Printed {
  readonly done?: number;
  readonly resumed?: number;
  readonly message?: string;
}
const printed = ({ lines }: EndedProcess): Printed => JSON.parse(lines[0]!) as Printed;

const { path, names } = useFolder();
let whole: string;
beforeAll(async () => {
  await useBackend('cpu');
  await run(path('whole.tsv'));
  whole = await readLog(path('whole.tsv'));
});

describe('certifyToLog in a process that is killed', () => {
  const kills = (...times: readonly (readonly [rows: number, milliseconds: number])[]): KillTime[] =>
    times.map(([rows, milliseconds]) => ({ rows, milliseconds }));

  it.concurrent.each([
    [1, [{ milliseconds: 3 }, ...kills([0, 0], [3, 4])]],
    [2, kills([0, 9], [2, 1], [4, 2])],
  ])('three times leaves the log of a quiet run, %i', async (i, times) => {
    const name = `killed-${i}.tsv`;
    const file = path(name);
    for (const time of times) {
      expect(await runAndKill(file, 60, time)).toMatchObject({ signal: 'SIGKILL' });
      const part = await readLog(file).catch(() => '');
      expect(whole.startsWith(part), 'what there is, is as it must be').toBe(true);
      expect(await rowsIn(file)).toBeGreaterThanOrEqual(time.rows ?? 0);
    }
    await run(file);
    expect(await readLog(file)).toBe(whole);
    expect((await names()).filter((found) => found.startsWith(name))).toEqual([name]);
  });
});

describe('two processes on one log', () => {
  it('the first goes on, the second is told who writes, even while the first is stopped', async () => {
    const file = path('shared.tsv');
    const first = runProcess(file, { wait: 50 });
    await locked(file);
    first.kill('SIGSTOP');
    const second = await runProcess(file).ended;
    const { host, since, pid } = JSON.parse(await readFile(`${file}.lock`, 'utf8')) as LockHolder;
    first.kill('SIGCONT');
    expect(pid).toBe(first.pid);
    expect(printed(second).message).toBe(
      `certifyToLog: \`file\` must not be in use by another run, got ${file}, locked by process ${pid} on ${host} since ${since}` +
        ` (wait for it or stop it; if no such run exists any more, delete ${file}.lock)`,
    );
    expect(printed(await first.ended)).toMatchObject({ done: 12, resumed: 0 });
    expect(await readLog(file)).toBe(whole);
  });

  it('at the same moment, with the lock of a dead one before them, never write both', async () => {
    const file = path('rush.tsv');
    const dead = runProcess(file, { wait: 50 });
    await locked(file);
    dead.kill('SIGKILL');
    expect(await dead.ended).toMatchObject({ signal: 'SIGKILL' });
    expect(JSON.parse(await readFile(`${file}.lock`, 'utf8'))).toMatchObject({ pid: dead.pid });
    const ended = await Promise.all([30, 30].map((wait) => runProcess(file, { wait }).ended));
    const results = ended.map(printed);
    const others = results.filter(({ done }) => done !== 12);
    expect(others.length).toBeLessThan(results.length);
    for (const { message } of others) expect(message).toContain('`file` must not be in use by another run');
    expect(await readLog(file)).toBe(whole);
  });
});

describe('a file that may not grow', () => {
  it('leaves the rows before, names the file, and is gone on with later', async () => {
    const file = path('full.tsv');
    const limited = printed(await runProcess(file, { limit: 'ulimit -f 3' }).ended); // KiB
    expect(limited.message).toBe(
      `certifyToLog: \`file\` must be on a disk that takes every row, got "EFBIG: file too large, write" for ${file}` +
        ' (the rows before are valid: make room and run again, it goes on after them)',
    );
    const part = await readLog(file);
    expect(part.endsWith('\n'), 'the row that was begun is cut off').toBe(true);
    expect(part.split('\n').length).toBeGreaterThan(3);
    expect(whole.startsWith(part)).toBe(true);
    await run(file);
    expect(await readLog(file)).toBe(whole);
  });
});
