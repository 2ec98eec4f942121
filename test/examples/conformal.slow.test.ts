import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../../examples/conformal/main.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-conformal-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('calibrates, attacks and checks sets of digits, and writes a table and a picture', async () => {
  const results = await main({ fast: true, folder });
  expect(results.map(({ sets, radius }) => [sets, radius])).toEqual([
    ['plain', 0.125],
    ['plain, trained under noise', 0.125],
    ['one draw, uncorrected', 0.125],
    ['robust', 0.125],
  ]);
  const [, , uncorrected, robust] = results;
  expect(robust!.threshold).toBeGreaterThan(uncorrected!.threshold);
  expect(robust!.attacked.meanSize).toBeGreaterThanOrEqual(uncorrected!.attacked.meanSize);
  expect(robust!.attacked.coverage).toBeGreaterThanOrEqual(uncorrected!.attacked.coverage);
  expect(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))).toMatchObject({ results });
  expect(await readFile(join(folder, 'coverage.svg'), 'utf8')).toContain('<svg');
}, 600_000);
