import { checkEpoch, parseStepDecayOptions } from '../options/schedule-options.ts';

/** A quantity of training by epoch, from 0: a learning rate, or a factor. */
export type Schedule = (epoch: number) => number;

/**
 * When a change of the learning rate takes place: as the official code of CAT-RS makes it happen (`published`), or as its
 * options read (`intended`).
 */
export type DropTiming = 'published' | 'intended';

/** Options of {@link stepDecay}. */
export interface StepDecayOptions {
  /** The learning rate of epoch 0. */
  readonly initial: number;
  /** Epochs between two drops. */
  readonly every: number;
  /**
   * Factor of each drop.
   * @defaultValue 0.1
   */
  readonly gamma?: number;
  /**
   * `'intended'`: the rate drops at the epochs `every`, 2 · `every`, ... (50, 100), counted from 0. `'published'`: one epoch later (51, 101),
   * as in the published runs: the official scripts call `StepLR.step(epoch)` after the epoch, with its index.
   */
  readonly timing: DropTiming;
}

/**
 * The learning rate that falls by `gamma` every so many epochs: initial · gamma^⌊e / every⌋, or with published timing
 * initial · gamma^⌊max(e − 1, 0) / every⌋.
 *
 * The logs of the official scripts print `get_lr()` instead, which has one factor more in the epoch of a drop.
 *
 * @returns the rate by epoch; it throws OptionError for an epoch that is no integer of at least 0
 * @throws OptionError if an option is missing, unknown or out of range
 * @see PyTorch 1.13, `StepLR`; alinlab/smoothing-catrs, train_catrs.py
 * @example
 * ```ts
 * import { stepDecay } from 'catrs/recipes';
 *
 * const rate = stepDecay({ initial: 0.1, every: 50, timing: 'published' });
 * console.assert(rate(50) === 0.1 && rate(51) < 0.0101);
 * ```
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  const { initial, every, gamma, timing } = parseStepDecayOptions('stepDecay', options);
  const late = timing === 'published' ? 1 : 0;
  return (epoch) => {
    const counted = Math.max(checkEpoch('stepDecay', epoch) - late, 0);
    return initial * gamma ** Math.floor(counted / every);
  };
}
