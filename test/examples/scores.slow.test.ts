import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../../examples/scores/main.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-scores-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('trains, certifies the scores of digits, and no attack pushes a mean score below its bound', async () => {
  const results = await main({ fast: true, folder });
  expect(results.digits.map(({ index }) => index)).toEqual([0, 1]);
  for (const { lower, meanOnly, radiusOfHalf, attacked } of results.digits) {
    expect(lower).toHaveLength(results.radii.length);
    expect(lower).toEqual(lower.toSorted((a, b) => b - a));
    expect(lower.every((bound) => bound >= 0 && bound < 1)).toBe(true);
    expect(meanOnly.every((bound) => bound >= 0 && bound < 1)).toBe(true);
    expect(radiusOfHalf > 0).toBe((lower[0] ?? 0) > 0.5);
    expect(attacked.map(({ radius }) => radius)).toEqual([0.5]);
  }
  expect(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))).toEqual(results);
  for (const name of ['sureness', 'curves']) {
    expect(await readFile(join(folder, `${name}.svg`), 'utf8')).toContain('<svg');
  }
}, 600_000);
