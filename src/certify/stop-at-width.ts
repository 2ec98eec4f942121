import { parseStopAtWidthOptions } from '../options/stop-options.ts';
import type { Stop } from './stop.ts';

/**
 * Stops once the radius is known to `width`: the radii of the upper and of the lower bound differ by at most that.
 *
 * @param width - in input units, greater than 0
 * @throws OptionError for another width
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 2000, rule: anytimeRadius({ stops: [stopAtWidth(0.05)] }) });
 * ```
 */
export function stopAtWidth(width: number): Stop {
  parseStopAtWidthOptions('stopAtWidth', { width });
  return {
    name: 'stop-at-width',
    parameters: { width },
    begin:
      () =>
      ({ radius, upperRadius }) =>
        upperRadius - radius <= width,
  };
}
