import { parseAllOfOptions } from '../options/stop-options.ts';
import { ownStops, type Stop } from './stop.ts';

/**
 * Stops at a check where all of these stops would. A list of stops, by contrast, means any of them.
 *
 * @param stops - at least one
 * @throws OptionError for anything else
 * @example
 * ```ts
 * const rule = anytimeRadius({ stops: [allOf([stopAtRadius(0.3), stopAtWidth(0.1)]), stopAtSamples(5000)] });
 * ```
 */
export function allOf(stops: readonly Stop[]): Stop {
  const own = ownStops(parseAllOfOptions('allOf', { stops }));
  return {
    name: 'all-of',
    parameters: { stops: own.map(({ name, parameters }) => ({ name, parameters })) },
    begin: () => {
      const tests = own.map((stop) => stop.begin());
      // Each is asked at every check, also after a `false` before it: some remember what they saw.
      return (state) => tests.map((holds) => holds(state)).every(Boolean);
    },
  };
}
