import { spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { softTargetsToNpy } from '../../src/node/soft-targets-to-npy.ts';
import { useBackend } from '../helpers/backends.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { dataset, g, key } from './points.ts';
import { useFolder } from './run.ts';

const child = fileURLToPath(new URL('soft-targets-child.ts', import.meta.url));
const { path, names } = useFolder();

/** Runs the child and kills it when it has told of so many rows. */
function runAndKill(file: string, rows: number): Promise<NodeJS.Signals | null> {
  const started = spawn(process.execPath, [...runTypeScript, child, file, '50'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes(`done ${rows}\n`)) started.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => started.on('error', reject).on('close', (_, signal) => resolve(signal)));
}

beforeAll(() => useBackend('cpu'));

it('a killed run of softTargetsToNpy is gone on with, to the same bytes', async () => {
  for (const rows of [3, 7]) {
    expect(await runAndKill(path('killed.npy'), rows)).toBe('SIGKILL');
    expect((await stat(path('killed.npy.part'))).size).toBeGreaterThanOrEqual(128 + 16 * rows);
    expect(await names()).toEqual(['killed.npy.json', 'killed.npy.lock', 'killed.npy.part']);
  }
  const summary = await softTargetsToNpy(g, dataset, { key, n: 200, file: path('killed.npy') });
  expect(summary.done).toBe(12);
  expect(summary.resumed).toBeGreaterThanOrEqual(7);
  await softTargetsToNpy(g, dataset, { key, n: 200, file: path('whole.npy') });
  expect(await readFile(path('killed.npy'))).toEqual(await readFile(path('whole.npy')));
  expect(await names()).toEqual(['killed.npy', 'killed.npy.json', 'whole.npy', 'whole.npy.json']);
});
