import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../../examples/boxes/main.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-boxes-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('trains a detector, certifies and checks boxes on canvases, and writes figures and a picture', async () => {
  const results = await main({ fast: true, folder });
  expect(results.metrics.map(({ iou, radius }) => [iou, radius])).toEqual([0.5, 0.75].flatMap((iou) => [0.05, 0.1, 0.2, 0.3].map((radius) => [iou, radius]))); // prettier-ignore
  for (const { truths, found, mostBoxes, present, absent } of results.metrics) {
    expect(found).toBeLessThanOrEqual(Math.min(truths, mostBoxes, present));
    expect(mostBoxes + absent).toBe(results.canvases * 10);
  }
  expect(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))).toEqual(results);
  expect(await readFile(join(folder, 'certified-boxes.svg'), 'utf8')).toContain('<svg');
}, 600_000);
