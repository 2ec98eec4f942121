import { beforeAll, expect, it, vi } from 'vitest';
import { createKey } from '../../src/random/key.ts';
import type * as positions from '../../src/random/draw-position.ts';
import { useFolder } from '../node/run.ts';
import { drawnKeys, shared } from '../random/drawn-keys.ts';
import { catrs, writeImages } from './interruptible.ts';

vi.mock('../../src/random/draw-position.ts', async (original) =>
  (await import('../random/drawn-keys.ts')).watching(await original<typeof positions>()),
);

const { path } = useFolder();
let data: string;
beforeAll(async () => {
  data = await writeImages(path('data'), 6);
});

it('commands of one seed, which is 0 for all, draw from different keys', async () => {
  const purposes = new Map<string, ReadonlySet<string>>();
  const run = async (command: string, args: readonly string[]): Promise<void> => {
    const keys = await drawnKeys(async () => {
      const { code, stderr } = await catrs([command, '--data', data, '--backend', 'wasm', ...args]);
      if (code !== 0) throw new Error(stderr);
    });
    // Every command compares the backend with cpu on the same copies; nothing is decided by them.
    expect(keys.delete(String(createKey(0)))).toBe(true);
    purposes.set(command, keys);
  };
  const training = ['--arch', 'lenet', '--method', 'catrs', '--epochs', '1', '--batch-size', '3'];
  await run('train', [...training, '--out', path('run')]);
  const model = ['--model', path('run'), '--sigma', '0.25', '--n', '60'];
  await run('certify', [...model, '--out', path('log.tsv')]);
  await run('attack', [...model, '--epsilon', '0.1', '--steps', '1', '--num-noise', '2']);
  await run('predict', model);
  expect([...purposes.values()].map(({ size }) => size > 5)).toEqual([true, true, true, true]);
  expect(shared(purposes)).toEqual([]);
  // Soft targets are the votes of a prediction: of the same image under the same seed, the same ones.
  const predicted = purposes.get('predict')!;
  await run('soft-targets', [...model, '--out', path('targets.npy'), '--split', 'test']);
  expect(purposes.get('soft-targets')).toEqual(predicted);
});
