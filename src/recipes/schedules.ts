import * as fields from '../options/fields.ts';
import { optionsOf, parseField } from '../options/parse.ts';

const timing: fields.Field<DropTiming> = fields.field<DropTiming>(
  "must be 'published' or 'intended'",
  (v) => v === 'published' || v === 'intended',
);

/** The argument of a schedule. */
function checkEpoch(call: string, epoch: number): number {
  return parseField(call, 'epoch', fields.nonNegativeInteger, epoch);
}

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
  readonly gamma?: number | undefined;
  /**
   * `'intended'`: the rate drops at the epochs `every`, 2 · `every`, ... (50, 100), counted from 0. `'published'`: one epoch later (51, 101),
   * as in the published runs: the official scripts call `StepLR.step(epoch)` after the epoch, with its index.
   */
  readonly timing: DropTiming;
}

const stepDecayOptions = optionsOf<StepDecayOptions>()({
  initial: fields.positive,
  every: fields.positiveInteger,
  gamma: fields.withDefault(fields.positive, 0.1),
  timing,
});

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
  const { initial, every, gamma, timing } = stepDecayOptions.parse('stepDecay', options);
  const late = timing === 'published' ? 1 : 0;
  return (epoch) => {
    const counted = Math.max(checkEpoch('stepDecay', epoch) - late, 0);
    return initial * gamma ** Math.floor(counted / every);
  };
}

/** Options of {@link rateDrop}. */
export interface RateDropOptions {
  /** The epoch of the drop, from 0. */
  readonly epoch: number;
  /**
   * Factor of the drop.
   * @defaultValue 0.1
   */
  readonly gamma?: number | undefined;
  /**
   * `'intended'`: the rate is lower from this epoch on. `'published'`: in this epoch only, as the option `lr_drop` of the official code
   * has it, where the scheduler sets the rate back at the end of the epoch.
   */
  readonly timing: DropTiming;
}

const rateDropOptions = optionsOf<RateDropOptions>()({
  epoch: fields.nonNegativeInteger,
  gamma: fields.withDefault(fields.positive, 0.1),
  timing,
});

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
  const { epoch: at, gamma, timing } = rateDropOptions.parse('rateDrop', options);
  return (epoch) => {
    const dropped = timing === 'published' ? checkEpoch('rateDrop', epoch) === at : checkEpoch('rateDrop', epoch) >= at;
    return dropped ? rate(epoch) * gamma : rate(epoch);
  };
}

/** Options of {@link linearWarmup}. */
export interface LinearWarmupOptions {
  /** Epochs until the factor is 1. */
  readonly epochs: number;
}

const linearWarmupOptions = optionsOf<LinearWarmupOptions>()({ epochs: fields.positiveInteger });

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
  const { epochs } = linearWarmupOptions.parse('linearWarmup', options);
  return (epoch) => Math.min(1, (checkEpoch('linearWarmup', epoch) + 1) / epochs);
}
