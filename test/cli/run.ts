import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import type { CliIo } from '../../src/cli/io.ts';
import { writeTiny } from './tiny.ts';

/** What a command printed, and its exit code. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. */
export async function catrs(args: readonly (string | number)[], change: Partial<CliIo> = {}): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  const code = await runCli(args.map(String), {
    stdout: (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
    isTTY: false,
    columns: 80,
    signal: new AbortController().signal,
    ...change,
  });
  return { code, stdout, stderr };
}

/** A folder with the tiny data and model, and the arguments that name them. */
export function useTiny(): {
  readonly path: (name: string) => string;
  readonly data: () => string[];
  readonly model: () => string[];
  /** Data, model and the settings of a short run. */
  readonly run: (change?: readonly (string | number)[]) => (string | number)[];
} {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catrs-cli-'));
    await writeTiny(folder);
  });
  afterAll(() => rm(folder, { recursive: true }));
  const path = (name: string): string => join(folder, name);
  const data = (): string[] => ['--data', path('x.npy'), '--labels', path('y.npy')];
  const model = (): string[] => ['--model', path('model'), '--backend', 'cpu'];
  const run = (change: readonly (string | number)[] = []): (string | number)[] => [
    ...data(),
    ...model(),
    '--sigma',
    0.5,
    '--n',
    200,
    ...change,
  ];
  return { path, data, model, run };
}
