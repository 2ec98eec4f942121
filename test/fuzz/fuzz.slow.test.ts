import { describe, it } from 'vitest';
import { npzTarget, safetensorsTarget } from './archive-targets.ts';
import { cifarTarget, idxTarget, npyTarget } from './data-targets.ts';
import { expectReport } from './expect-report.ts';
import { fuzz } from './fuzz.ts';
import { logTarget } from './log-target.ts';
import { torchArchiveTarget, torchStreamTarget } from './torch-target.ts';

/**
 * 390 000 damaged files from fixed keys, one in six packed with gzip. Each gives a DataError of the documented form, or the value
 * that an independent reader finds in it.
 */
describe('damaged files', () => {
  it('IDX: 50 000', async () => expectReport(await fuzz(idxTarget, 101, 50_000), 8));

  it('NPY: 60 000', async () => expectReport(await fuzz(npyTarget, 102, 60_000), 11));

  it('CIFAR-10: 20 000', async () => expectReport(await fuzz(cifarTarget(10), 103, 20_000), 3));

  it('CIFAR-100: 20 000', async () => expectReport(await fuzz(cifarTarget(100), 104, 20_000), 3));

  it('NPZ: 40 000', async () => expectReport(await fuzz(npzTarget, 106, 40_000), 28));

  it('safetensors: 50 000', async () => expectReport(await fuzz(safetensorsTarget, 107, 50_000), 15));

  it('archives of PyTorch: 40 000', async () => expectReport(await fuzz(torchArchiveTarget, 108, 40_000), 40));

  it('streams of PyTorch: 40 000', async () => expectReport(await fuzz(torchStreamTarget, 109, 40_000), 35));

  it('certification logs: 70 000', async () => expectReport(await fuzz(logTarget, 105, 70_000), 40));
});
