import { parseStopAtGainOptions } from '../options/stop-options.ts';
import type { Stop } from './stop.ts';

/** Options of {@link stopAtGain}. */
export interface StopAtGainOptions {
  /** Least growth of the radius that is worth going on, in input units. */
  readonly gain: number;
  /** Over how many samples. */
  readonly over: number;
}

/**
 * Stops when going on no longer pays: over the last `over` samples or more the radius grew by less than `gain`.
 *
 * The radius is 0 at the start, so `over` must leave time for the first bound above 1/2; an example that has none by then abstains.
 *
 * @throws OptionError for an unknown name or a value outside its domain
 * @example
 * ```ts
 * const rule = anytimeRadius({ stops: [stopAtGain({ gain: 0.01, over: 1000 })] });
 * ```
 */
export function stopAtGain(options: StopAtGainOptions): Stop {
  const { gain, over } = parseStopAtGainOptions('stopAtGain', options);
  return {
    name: 'stop-at-gain',
    parameters: { gain, over },
    begin: () => {
      const past = [{ used: 0, radius: 0 }]; // the last entry that is old enough, and all after it
      return ({ used, radius }) => {
        past.push({ used, radius });
        while ((past[1]?.used ?? Infinity) <= used - over) past.shift();
        const [old] = past;
        return old !== undefined && old.used <= used - over && radius - old.radius < gain;
      };
    },
  };
}
