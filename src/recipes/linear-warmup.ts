import { checkEpoch, parseLinearWarmupOptions } from '../options/schedule-options.ts';
import type { Schedule } from './step-decay.ts';

/** Options of {@link linearWarmup}. */
export interface LinearWarmupOptions {
  /** Epochs until the factor is 1. */
  readonly epochs: number;
}

/**
 * A factor that grows to 1 in equal steps: min(1, (e + 1) / epochs). Losses with the option `warmupEpochs` apply the same one to their attack.
 *
 * @returns the factor by epoch
 * @throws OptionError if `epochs` is not an integer of at least 1
 * @example
 * ```ts
 * import { linearWarmup } from 'catrs/recipes';
 *
 * const factor = linearWarmup({ epochs: 10 });
 * console.assert(factor(0) === 0.1 && factor(9) === 1 && factor(99) === 1);
 * ```
 */
export function linearWarmup(options: LinearWarmupOptions): Schedule {
  const { epochs } = parseLinearWarmupOptions('linearWarmup', options);
  return (epoch) => Math.min(1, (checkEpoch('linearWarmup', epoch) + 1) / epochs);
}
