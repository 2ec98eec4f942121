import { parseStopAtDeadlineOptions } from '../options/stop-options.ts';
import { DEADLINE_NAME } from './has-deadline.ts';
import type { Stop } from './stop.ts';

/** Options of {@link stopAtDeadline}. */
export interface StopAtDeadlineOptions {
  /** Time from the start of the estimation sample. */
  readonly milliseconds: number;
  /**
   * The clock, in milliseconds.
   * @defaultValue performance.now
   */
  readonly now?: () => number;
}

/**
 * Stops at the first check after a time limit, counted for each example from the start of its estimation sample.
 *
 * The one stop that depends on the machine: run again, the same key may give another number of samples. The certificate holds
 * all the same, and it can be checked from its counts.
 *
 * @throws OptionError for an unknown name or a value outside its domain
 * @example
 * ```ts
 * const rule = anytimeRadius({ stops: [stopAtWidth(0.05), stopAtDeadline({ milliseconds: 2000 })] });
 * ```
 */
export function stopAtDeadline(options: StopAtDeadlineOptions): Stop {
  const { milliseconds, now = () => performance.now() } = parseStopAtDeadlineOptions('stopAtDeadline', options);
  return {
    name: DEADLINE_NAME,
    parameters: { milliseconds },
    begin: () => {
      const start = now();
      return () => now() - start >= milliseconds;
    },
  };
}
