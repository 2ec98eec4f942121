import { parseStopAtSamplesOptions } from '../options/stop-options.ts';
import type { Stop } from './stop.ts';

/**
 * Stops at the first check with at least `samples` samples drawn.
 *
 * @param samples - an integer of at least 1
 * @throws OptionError for another number
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 2000, rule: anytimeRadius({ stops: [stopAtSamples(500)] }) });
 * ```
 */
export function stopAtSamples(samples: number): Stop {
  parseStopAtSamplesOptions('stopAtSamples', { samples });
  return {
    name: 'stop-at-samples',
    parameters: { samples },
    begin: () => (state) => state.used >= samples,
  };
}
