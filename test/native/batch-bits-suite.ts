import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { runTypeScript } from '../helpers/run-typescript.ts';

const script = fileURLToPath(new URL('batch-bits.ts', import.meta.url));

interface Found {
  /** Sizes of batches in which a row has other bits than in others. */
  readonly asked: readonly number[];
  /** Whether 1 is one of them without the library's way of asking a single row. */
  readonly plain: readonly number[];
  readonly digest: string;
}

function bitsOf(network: string, threads: number, sizes: readonly number[]): Found {
  const given = JSON.stringify({ network, threads, sizes });
  const { status, stdout, stderr } = spawnSync(process.execPath, [...runTypeScript, script, given], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Found;
}

/** Expects a row to have the same bits in batches of all sizes, and with one thread and two. */
export function expectSameBits(network: string, sizes: readonly number[], { aloneDiffers = false } = {}): void {
  const [one, two] = [1, 2].map((threads) => bitsOf(network, threads, sizes)) as [Found, Found];
  expect(one.asked).toEqual([]);
  expect(two).toEqual(one);
  // Else nothing would be shown of single rows.
  if (aloneDiffers) expect(one.plain).toEqual([1]);
}
