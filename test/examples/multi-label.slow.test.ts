import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../../examples/multi-label/main.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-multi-label-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('trains, certifies sets of digits on canvases, and writes figures and a picture', async () => {
  const results = await main({ fast: true, folder });
  expect(results.canvases).toHaveLength(3);
  const { right, wrong, abstained } = results.presence;
  expect(right + wrong + abstained).toBe(3 * 10);
  for (const { target, radii, presence } of results.canvases) {
    expect([2, 3]).toContain(target.length);
    expect(radii).toHaveLength(results.k);
    expect(presence).toHaveLength(10);
  }
  const recall = results.metrics.map((metric) => metric.recall ?? 0);
  expect(recall).toEqual(recall.toSorted((a, b) => b - a));
  expect(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))).toEqual(results);
  expect(await readFile(join(folder, 'sets.svg'), 'utf8')).toContain('<svg');
}, 600_000);
