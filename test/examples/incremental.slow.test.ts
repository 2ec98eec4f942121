import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../../examples/incremental/main.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-incremental-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('certifies two changed networks from the old certificates, each of which it checks', async () => {
  const { rows, ...others } = await main({ fast: true, folder });
  expect(others.radii.map(({ samples }) => samples)).toEqual([100, 100]);
  expect(rows.map(({ change, radius }) => `${change} ${radius}`)).toHaveLength(6);
  for (const { anew, incremental, lost } of rows) {
    expect(lost).toBeLessThan(0.5);
    expect(anew[1]).toBeLessThanOrEqual(1);
    expect(incremental[0]).toBeLessThanOrEqual(200);
  }
  expect(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))).toEqual({ ...others, rows });
}, 600_000);
