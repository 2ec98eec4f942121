import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { joined, readEarlierRun, readRun, type SavedRun, writeRun } from '../../bench/docs/saved-run.ts';
import { reached } from '../../bench/targets.ts';

const here = { processor: 'a processor', cores: 2, node: 'v20', tfjs: '4', platform: 'linux x64' };
const run: SavedRun = {
  P1: reached('P1', { value: 2.5 }),
  P4: reached('P4', { value: 4 }),
  figures: { about: 1, 'certify, LeNet, samples/s': 2 },
  machine: { ...here, quick: false, seconds: 10 },
  failures: { sweep: 'boom' },
};
const later: SavedRun = {
  P4: reached('P4', { value: 2 }),
  figures: { about: 3 },
  machine: { ...here, quick: false, seconds: 5 },
};

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'catrs-bench-'))));
afterEach(() => rm(folder, { recursive: true }));

it('groups of a later run take their places in a file of the same machine', async () => {
  const file = join(folder, 'bench.json');
  expect(await readEarlierRun(file, here)).toBeUndefined();
  await writeRun(file, joined(undefined, run));
  await writeRun(file, joined(await readEarlierRun(file, here), later));
  const both = await readRun(file);
  expect(both.P1).toEqual(run.P1);
  expect(both.P4?.value).toBe(2);
  expect(both.figures).toEqual({ about: 3, 'certify, LeNet, samples/s': 2 });
  expect(both.machine['seconds']).toBe(15);
  expect(await readdir(folder)).toEqual(['bench.json']);
});

it('a file of another machine, or with other versions, is not added to', async () => {
  const file = join(folder, 'bench.json');
  await writeRun(file, run);
  await expect(readEarlierRun(file, { ...here, tfjs: '5' })).rejects.toThrow(
    `${file} is of another machine (tfjs: 4, here 5); take another name for --out`,
  );
});
