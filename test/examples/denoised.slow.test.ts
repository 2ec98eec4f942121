import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../../examples/denoised/main.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-denoised-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('trains a classifier and denoisers apart, certifies and checks digits, and writes figures and pictures', async () => {
  const results = await main({ fast: true, folder });
  expect(results.rows.map(({ sigma, name }) => [sigma, name])).toEqual([0.5, 1].flatMap((sigma) => ['bare', 'denoised', 'trained with noise'].map((name) => [sigma, name]))); // prettier-ignore
  for (const { certified, abstained } of results.rows) {
    expect(certified).toEqual(certified.toSorted((a, b) => b - a));
    expect(certified[0]).toBeLessThanOrEqual(1 - abstained / results.images + 1e-9);
  }
  expect(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))).toEqual(results);
  for (const picture of ['digits', 'curves-0.5', 'curves-1'])
    expect(await readFile(join(folder, `${picture}.svg`), 'utf8')).toContain('<svg');
}, 600_000);
