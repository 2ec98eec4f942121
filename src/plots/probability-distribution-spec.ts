import { OptionError, refusal } from '../errors.ts';
import type { ProbabilityPoint } from '../evaluate/probability-distribution.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { checkCurves, curveSpec, plotFields, type PlotOptions, radiusTitle, type RefusePoints } from './curve-plot.ts';
import type { VegaLiteSpec } from './render-svg.ts';

const CALL = 'probabilityDistributionSpec';

/** One line of the plot: a method and the distribution of its class probability. */
export interface ProbabilityDistributionCurve {
  /** Name of the method, as the legend shows it. */
  readonly name: string;
  /** Points with ascending probabilities, as `probabilityDistribution(rows)` gives them. */
  readonly points: readonly ProbabilityPoint[];
}

/** Options of {@link probabilityDistributionSpec}. */
export interface ProbabilityDistributionSpecOptions extends Omit<PlotOptions, 'unit'> {
  /**
   * What the horizontal axis shows: the class probability p, or the radius σ Φ⁻¹(p) that belongs to it, which spreads out the
   * probabilities near 1. The points must have their radius then (`sigma` of `probabilityDistribution`).
   *
   * @defaultValue 'probability'
   */
  readonly axis?: 'probability' | 'radius' | undefined;
  /**
   * Right end of a radius axis, in input units.
   *
   * @defaultValue the largest finite radius of all curves and a little more
   */
  readonly maxRadius?: number | undefined;
}

const probabilityDistributionSpecOptions = optionsOf<ProbabilityDistributionSpecOptions>()({
  title: plotFields.title,
  inputRange: plotFields.inputRange,
  maxRadius: fields.optional(fields.positive),
  width: plotFields.width,
  height: plotFields.height,
  axis: fields.withDefault(fields.oneOf('probability', 'radius'), 'probability'),
});

/**
 * Makes a Vega-Lite specification that plots the share of images that are correct with a class probability of at least p, one staircase for
 * each method.
 *
 * At most 21 methods. Show it with any Vega-Lite tool or write it with {@link renderSvg}.
 *
 * @param curves - The methods, in the order of the legend.
 * @throws OptionError if there is no curve or more than 21, two have one name, one has no points or points that do not ascend or,
 * for a radius axis, points without radius, or an option is unknown or outside its domain.
 * @example
 * ```ts
 * const curves = [{ name: 'CAT-RS', points: probabilityDistribution(rows, { bound: 'estimate' }) }];
 * await writeFile('distribution.svg', await renderSvg(probabilityDistributionSpec(curves)));
 * ```
 */
export function probabilityDistributionSpec(
  curves: readonly ProbabilityDistributionCurve[],
  options: ProbabilityDistributionSpecOptions = {},
): VegaLiteSpec {
  const { title, inputRange, axis, maxRadius, width, height } = probabilityDistributionSpecOptions.parse(CALL, options);
  if (axis === 'probability' && maxRadius !== undefined) {
    const details = { call: CALL, field: 'maxRadius', value: maxRadius, way: "axis: 'radius'" };
    throw refusal(OptionError, details, 'must not be given for a probability axis');
  }
  if (axis === 'probability' && inputRange !== undefined) {
    const details = { call: CALL, field: 'inputRange', value: inputRange, way: "axis: 'radius'" };
    throw refusal(OptionError, details, 'must not be given for a probability axis');
  }
  checkCurves(CALL, curves, axis === 'radius' ? checkRadii : checkProbabilities);
  const lines = axis === 'radius' ? onRadiusAxis(curves, maxRadius) : curves;
  const values = lines.flatMap(({ points }) => points.map((point) => point[axis] ?? 0));
  const [left, right] = axis === 'radius' ? [0, maxRadius ?? Math.max(...values)] : [Math.min(...values), 1];
  return curveSpec({
    title,
    width,
    height,
    x: {
      field: axis,
      title: axis === 'radius' ? radiusTitle('radius σ Φ⁻¹(p)', { inputRange }) : 'class probability p',
      ends: left < right ? [left, right] : [0, 1],
    },
    y: { field: 'share', title: 'share of images, correct with at least p' },
    lines: lines.map(({ name, points }) => ({
      name,
      points: points.map(({ share, ...point }) => ({ [axis]: point[axis], share })),
    })),
  });
}

/** An infinite radius, that of p = 1, cannot be drawn: its share continues to the right end. */
function onRadiusAxis(
  curves: readonly ProbabilityDistributionCurve[],
  maxRadius: number | undefined,
): ProbabilityDistributionCurve[] {
  const isFinite = ({ radius = 0 }: ProbabilityPoint): boolean => radius < Infinity;
  const largest = Math.max(...curves.flatMap(({ points }) => points.filter(isFinite).map(({ radius = 0 }) => radius)));
  const right = Math.max(maxRadius ?? 0, 1.02 * largest);
  return curves.map(({ name, points }) => ({
    name,
    points: points.map((point) => (isFinite(point) ? point : { ...point, radius: right })),
  }));
}

function checkProbabilities(points: readonly ProbabilityPoint[], refuse: RefusePoints): void {
  points.forEach(({ probability, share }, i) => {
    const previous = points[i - 1]?.probability ?? 0;
    if (!(probability >= previous && probability <= 1)) {
      throw refuse('must have ascending probabilities in [0, 1]', probability, ` after ${previous}`);
    }
    if (!(share >= 0 && share <= 1)) throw refuse('must have shares in [0, 1]', share);
  });
}

function checkRadii(points: readonly ProbabilityPoint[], refuse: RefusePoints): void {
  checkProbabilities(points, refuse);
  points.forEach(({ radius }, i) => {
    const previous = points[i - 1]?.radius ?? 0;
    if (radius === undefined || !(radius >= previous)) {
      throw refuse('must have ascending radii for a radius axis', radius, ` after ${previous}`);
    }
  });
}
