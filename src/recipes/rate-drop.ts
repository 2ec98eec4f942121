import { checkEpoch, parseRateDropOptions } from '../options/schedule-options.ts';
import type { DropTiming, Schedule } from './step-decay.ts';

/** Options of {@link rateDrop}. */
export interface RateDropOptions {
  /** The epoch of the drop, from 0. */
  readonly epoch: number;
  /**
   * Factor of the drop.
   * @defaultValue 0.1
   */
  readonly gamma?: number;
  /**
   * `'intended'`: the rate is lower from this epoch on. `'published'`: in this epoch only, as the option `lr_drop` of the official code
   * has it, where the scheduler sets the rate back at the end of the epoch.
   */
  readonly timing: DropTiming;
}

/**
 * A schedule with one drop more, the `lr_drop` of the ImageNet recipe of CAT-RS.
 *
 * @param rate - the schedule without it
 * @returns the rate by epoch
 * @throws OptionError if an option is missing, unknown or out of range
 * @see alinlab/smoothing-catrs, train_catrs.py
 * @example
 * ```ts
 * import { rateDrop, stepDecay } from 'catrs/recipes';
 *
 * const steps = stepDecay({ initial: 0.1, every: 30, timing: 'published' });
 * const rate = rateDrop(steps, { epoch: 85, timing: 'published' }); // 1e-4 in epoch 85, 1e-3 before and after it
 * ```
 */
export function rateDrop(rate: Schedule, options: RateDropOptions): Schedule {
  const { epoch: at, gamma, timing } = parseRateDropOptions('rateDrop', options);
  return (epoch) => {
    const dropped = timing === 'published' ? checkEpoch('rateDrop', epoch) === at : checkEpoch('rateDrop', epoch) >= at;
    return dropped ? rate(epoch) * gamma : rate(epoch);
  };
}
