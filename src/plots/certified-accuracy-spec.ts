import { OptionError, refusal } from '../errors.ts';
import type { CertifiedAccuracyPoint } from '../evaluate/metrics.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { checkCurves, curveSpec, plotFields, type PlotOptions, radiusTitle, type RefusePoints } from './curve-plot.ts';
import type { VegaLiteSpec } from './render-svg.ts';

const CALL = 'certifiedAccuracySpec';

/** One line of the plot: a method and its certified accuracy. */
export interface CertifiedAccuracyCurve {
  /** Name of the method, as the legend shows it. */
  readonly name: string;
  /** Corners of the staircase with ascending radii, as `certifiedAccuracyCurve(rows)` gives them. */
  readonly points: readonly CertifiedAccuracyPoint[];
}

/** Options of {@link certifiedAccuracySpec}. */
export interface CertifiedAccuracySpecOptions extends PlotOptions {
  /**
   * Right end of the radius axis, in input units.
   *
   * @defaultValue the largest radius of all curves and a little more
   */
  readonly maxRadius?: number | undefined;
}

const certifiedAccuracySpecOptions = optionsOf<CertifiedAccuracySpecOptions>()({
  title: plotFields.title,
  inputRange: plotFields.inputRange,
  unit: plotFields.unit,
  maxRadius: fields.optional(fields.positive),
  width: plotFields.width,
  height: plotFields.height,
});

/**
 * Makes a Vega-Lite specification that plots certified accuracy against radius, one staircase for each method.
 *
 * Between two radii the value is that of the larger one: of numbers of changes, too (`unit`), that is the share which holds under at most so many.
 *
 * At most 21 methods: seven colours with three dash patterns each; more than seven are hard to tell apart. Show it with any
 * Vega-Lite tool or write it with {@link renderSvg}.
 *
 * @param curves - The methods, in the order of the legend.
 * @throws OptionError if there is no curve or more than 21, two have one name, one has no points or points
 * that do not ascend, or an option is unknown or outside its domain.
 * @example
 * ```ts
 * const curves = [{ name: 'CAT-RS', points: certifiedAccuracyCurve(rows) }];
 * const spec = certifiedAccuracySpec(curves, { title: 'MNIST, σ = 0.5' });
 * await writeFile('curve.svg', await renderSvg(spec));
 * ```
 */
export function certifiedAccuracySpec(
  curves: readonly CertifiedAccuracyCurve[],
  options: CertifiedAccuracySpecOptions = {},
): VegaLiteSpec {
  const { title, inputRange, unit, maxRadius, width, height } = certifiedAccuracySpecOptions.parse(CALL, options);
  if (unit !== undefined && inputRange !== undefined) {
    const details = {
      call: CALL,
      field: 'inputRange',
      value: inputRange,
      way: 'a number of changes has no input units',
    };
    throw refusal(OptionError, details, 'must not be given with `unit`');
  }
  checkCurves(CALL, curves, checkPoints);
  const largest = Math.max(...curves.map(({ points }) => points.at(-1)?.radius ?? 0));
  const xMax = maxRadius ?? (largest > 0 ? 1.02 * largest : 1);
  return curveSpec({
    title,
    width,
    height,
    x: {
      field: 'radius',
      title: radiusTitle('radius', { inputRange, unit }),
      ends: [0, xMax],
      isWhole:
        unit !== undefined && curves.every(({ points }) => points.every(({ radius }) => Number.isInteger(radius))),
    },
    y: { field: 'accuracy', title: 'certified accuracy' },
    lines: curves.map(({ name, points }) => ({ name, points: withFall(points, xMax) })),
  });
}

/** The corners of a curve and its fall to 0 after the last. */
function withFall(points: readonly CertifiedAccuracyPoint[], xMax: number): CertifiedAccuracyPoint[] {
  const last = points.at(-1)?.radius ?? 0;
  return [...points, { radius: last, accuracy: 0 }, { radius: Math.max(last, xMax), accuracy: 0 }];
}

function checkPoints(points: readonly CertifiedAccuracyPoint[], refuse: RefusePoints): void {
  points.forEach(({ radius, accuracy }, i) => {
    const previous = points[i - 1]?.radius ?? 0;
    if (!(radius >= previous && radius < Infinity)) {
      throw refuse('must have finite, ascending radii of at least 0', radius, ` after ${previous}`);
    }
    if (!(accuracy >= 0 && accuracy <= 1)) throw refuse('must have accuracies in [0, 1]', accuracy);
  });
}
