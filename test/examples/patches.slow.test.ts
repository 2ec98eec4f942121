import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../../examples/patches/main.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-patches-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('trains, certifies and checks digits by columns and blocks, and writes a table and a picture', async () => {
  const results = await main({ fast: true, folder });
  expect(results.map(({ copies, images }) => [copies, images])).toEqual([[28, 8], [28, 8], [196, 8], [196, 8]]); // prettier-ignore
  for (const { clean, certified, certifiedWrong, images } of results) {
    expect(certified).toEqual(certified.toSorted((a, b) => b - a));
    expect(certified[0]).toBeLessThanOrEqual(clean);
    expect(clean + certifiedWrong[0]!).toBeLessThanOrEqual(images);
  }
  expect(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))).toEqual(results);
  expect(await readFile(join(folder, 'certified-patches.svg'), 'utf8')).toContain('<svg');
}, 600_000);
