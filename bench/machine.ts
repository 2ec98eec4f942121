import { availableParallelism, cpus } from 'node:os';
import { version_core as tfjs } from '@tensorflow/tfjs';

/** Where a run was made. */
export function machine(): Record<string, string | number> {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    tfjs,
    platform: `${process.platform} ${process.arch}`,
  };
}
