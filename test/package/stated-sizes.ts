import { readFileSync } from 'node:fs';
import { root } from './source-files.ts';

/** The budget in bytes that the guide gives for one thing: last column of its table of sizes. */
export function statedSize(what: string): number {
  const page = readFileSync(`${root}docs/guide/installing.md`, 'utf8');
  const row = page.split('\n').find((line) => line.startsWith(`| ${what} `));
  const size = Number(row?.split('|').at(-2)?.replaceAll(' ', ''));
  if (!(size > 0)) throw new Error(`docs/guide/installing.md states no budget for ${what}`);
  return size;
}
