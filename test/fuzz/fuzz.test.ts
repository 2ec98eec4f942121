import { describe, expect, it } from 'vitest';
import { npzTarget, safetensorsTarget } from './archive-targets.ts';
import { cifarTarget, idxTarget, npyTarget } from './data-targets.ts';
import { expectReport, expectSeeds } from './expect-report.ts';
import { fuzz } from './fuzz.ts';
import { logTarget } from './log-target.ts';
import { torchArchiveTarget, torchStreamTarget } from './torch-target.ts';

// fuzz.slow.test.ts runs more than 200 000 cases.
describe('damaged files, a sample', () => {
  it('IDX', async () => {
    await expectSeeds(idxTarget);
    expectReport(await fuzz(idxTarget, 1, 1500), 7);
  });

  it('NPY', async () => {
    await expectSeeds(npyTarget);
    expectReport(await fuzz(npyTarget, 2, 1500), 8);
  });

  it('NPZ', async () => {
    await expectSeeds(npzTarget);
    expectReport(await fuzz(npzTarget, 4, 1500), 15);
  });

  it('safetensors', async () => {
    await expectSeeds(safetensorsTarget);
    expectReport(await fuzz(safetensorsTarget, 5, 1500), 10);
  });

  it.each([torchArchiveTarget, torchStreamTarget])('$name', async (target) => {
    await expectSeeds(target);
    expectReport(await fuzz(target, 6, 1500), 15);
  });

  it.each([10, 100] as const)('CIFAR-%d', async (classes) => {
    await expectSeeds(cifarTarget(classes));
    expectReport(await fuzz(cifarTarget(classes), classes, 500), 3);
  });

  it('certification logs', async () => {
    await expectSeeds(logTarget);
    expectReport(await fuzz(logTarget, 3, 1500), 25);
  });

  it('are seen by the checks: a wrong value, another error and a late answer fail', async () => {
    const wrongValue = {
      ...idxTarget,
      decode: async () => ({ dtype: 'uint8', shape: [1], data: Uint8Array.of(1) }) as const,
    };
    await expect(fuzz(wrongValue, 1, 3)).rejects.toThrow('decoded to a wrong value');
    const otherError = { ...idxTarget, decode: () => Promise.reject(new RangeError('Invalid array length')) };
    await expect(fuzz(otherError, 1, 3)).rejects.toThrow('threw RangeError: Invalid array length');
    const late = { ...idxTarget, decode: () => new Promise<never>(() => undefined), limit: 20 };
    await expect(fuzz(late, 1, 3)).rejects.toThrow(/took [\d.]+ ms|nothing after 20 ms/);
  });
});
