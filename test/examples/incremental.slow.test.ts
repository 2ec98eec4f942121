import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { main } from '../../examples/incremental/main.ts';
import { guestsFolder, requireGuest } from '../helpers/guests.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-incremental-'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

it('certifies two changed networks from the old certificates, each of which it checks', async () => {
  vi.stubEnv('CATRS_ONNXRUNTIME', join(guestsFolder, 'package.json'));
  const { rows, ...others } = await main({ fast: true, folder });
  const isThere = 'found' in requireGuest('onnxruntime-node');
  expect(others.int8).toBe(isThere ? 'onnxruntime-node' : 'rounded weights in TensorFlow.js');
  expect(others.radii.map(({ samples }) => samples)).toEqual([100, 100]);
  expect(rows.map(({ change, radius }) => `${change} ${radius}`)).toHaveLength(6);
  for (const { anew, incremental, lost } of rows) {
    expect(lost).toBeLessThan(0.5);
    expect(anew[1]).toBeLessThanOrEqual(1);
    expect(incremental[0]).toBeLessThanOrEqual(200);
  }
  expect(await readFile(join(folder, 'saves.svg'), 'utf8')).toContain('Samples that real digits needed');
  expect(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))).toEqual({ ...others, rows });
}, 600_000);
