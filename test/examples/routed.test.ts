import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { classAt, main, type PlanePoint } from '../../examples/routed/main.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-routed-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('certifies more on the left than much noise does, and more on the right than little noise does', async () => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const [little, much, routed] = await main({ fast: true, folder });
  const mean = (points: readonly PlanePoint[] | undefined, isLeft: boolean): number => {
    const half = points!.filter(({ x }) => x < 0 === isLeft);
    return half.reduce((sum, { radius }) => sum + radius, 0) / half.length;
  };
  expect(mean(routed?.points, true)).toBeGreaterThan(2 * mean(much?.points, true));
  expect(mean(routed?.points, false)).toBeGreaterThan(mean(little?.points, false));
  // At 32 points each certificate is wrong with probability of at most 0.001.
  for (const { x, y, label, radius } of routed?.points ?? []) {
    expect(label).toBe(classAt(x, y));
    expect(radius).toBeLessThanOrEqual(Math.abs(x));
  }
  const svg = await readFile(join(folder, 'plane.svg'), 'utf8');
  expect(svg.match(/fill-opacity/g)?.length).toBeGreaterThan(64);
  expect(svg).not.toMatch(/NaN|undefined/);
});
