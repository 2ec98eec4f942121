import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { readJournal, runTyped } from './journal-runs.ts';
import { readLog, useFolder } from './run.ts';

const child = fileURLToPath(new URL('journal-child.ts', import.meta.url));
const { path, names } = useFolder();
beforeAll(() => useBackend('cpu'));

/** Runs the child and kills it some time after its journal has grown beyond so many lines. */
async function runAndKill(file: string, lines: number, milliseconds: number): Promise<NodeJS.Signals | null> {
  const started = spawn(process.execPath, [...runTypeScript, child, file, '60'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve, reject) =>
    started.on('error', reject).on('close', (_, signal) => resolve(signal)),
  );
  const found = async (): Promise<number> => ((await readJournal(file)) ?? '').split('\n').length;
  while (started.exitCode === null && (await found()) <= lines) await sleep(5);
  await sleep(milliseconds);
  started.kill('SIGKILL');
  return ended;
}

describe('certifyToLog in a process that is killed in the middle of an image', () => {
  it('goes on from the votes that it had written, to the log of a quiet run', async () => {
    let whole = 0;
    await runTyped(path('whole.tsv'), 0, (copies) => (whole += copies));
    const file = path('killed.tsv');
    for (const [lines, milliseconds] of [
      [1, 0],
      [7, 300],
    ] as const) {
      expect(await runAndKill(file, lines, milliseconds)).toBe('SIGKILL');
      expect(await names()).toContain('killed.tsv.partial');
      expect((await readLog(file)).split('\n'), 'no image was done').toHaveLength(2);
    }
    let rest = 0;
    await runTyped(file, 0, (copies) => (rest += copies));
    expect(await readLog(file)).toBe(await readLog(path('whole.tsv')));
    expect(whole - rest, 'copies that were not drawn again').toBeGreaterThan(500);
    expect(await names()).toEqual(['killed.tsv', 'whole.tsv']);
  });
});
