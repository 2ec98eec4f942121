import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../../examples/segmentation/main.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-segmentation-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('trains, certifies and checks masks of canvases, and writes figures and a picture', async () => {
  const results = await main({ fast: true, folder });
  expect(results.images).toBe(1);
  const of = (run: string, figure: string): number => results.figures[run]?.[figure] ?? NaN;
  // The same draws: a larger radius has fewer pixels, and so has the weaker correction.
  const shares = ['tau 0.6', 'tau 0.75', 'tau 0.9'].map((run) => of(run, 'certified share'));
  expect(shares).toEqual(shares.toSorted((a, b) => b - a));
  expect(of('tau 0.75, Bonferroni', 'certified share')).toBeLessThanOrEqual(of('tau 0.75', 'certified share'));
  expect(of('tau 0.75, early stops', 'mean samples')).toBeLessThanOrEqual(180);
  for (const run of Object.keys(results.figures)) {
    expect(of(run, 'certified accuracy')).toBeLessThanOrEqual(of(run, 'certified share') + 1e-12);
  }
  expect(JSON.parse(await readFile(join(folder, 'figures.json'), 'utf8'))).toEqual(results);
  expect(await readFile(join(folder, 'digits.svg'), 'utf8')).toContain('data:image/png');
}, 600_000);
