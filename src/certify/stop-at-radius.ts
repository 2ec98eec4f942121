import { parseStopAtRadiusOptions } from '../options/stop-options.ts';
import type { Stop } from './stop.ts';

/**
 * Stops once a radius of at least `radius` is proven.
 *
 * Where the class probability is too low for it, this alone draws all n samples; `fixedRadius` also gives up early.
 *
 * @param radius - in input units, greater than 0
 * @throws OptionError for another radius
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 2000, rule: anytimeRadius({ stops: [stopAtRadius(0.3)] }) });
 * ```
 */
export function stopAtRadius(radius: number): Stop {
  parseStopAtRadiusOptions('stopAtRadius', { radius });
  return {
    name: 'stop-at-radius',
    parameters: { radius },
    begin: () => (state) => state.radius >= radius,
  };
}
