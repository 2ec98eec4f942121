import { OptionError, showValue } from '../errors.ts';
import type { CertifiedAccuracyPoint } from '../evaluate/certified-accuracy.ts';
import { certifiedAccuracySpecOptions } from '../options/certified-accuracy-spec-options.ts';
import { parseOptions } from '../options/parse.ts';
import type { VegaLiteSpec } from './vega-lite-spec.ts';

const CALL = 'certifiedAccuracySpec';

/** One line of the plot: a method and its certified accuracy. */
export interface CertifiedAccuracyCurve {
  /** Name of the method, as the legend shows it. */
  readonly name: string;
  /** Corners of the staircase with ascending radii, as `certifiedAccuracyCurve(rows)` gives them. */
  readonly points: readonly CertifiedAccuracyPoint[];
}

/** Options of {@link certifiedAccuracySpec}. */
export interface CertifiedAccuracySpecOptions {
  /**
   * Text above the plot.
   *
   * @defaultValue no title
   */
  readonly title?: string | undefined;
  /**
   * Right end of the radius axis, in input units.
   *
   * @defaultValue the largest radius of all curves and a little more
   */
  readonly maxRadius?: number | undefined;
  /**
   * Width of the plot without axes, in pixels.
   *
   * @defaultValue 480
   */
  readonly width?: number | undefined;
  /**
   * Height of the plot without axes, in pixels.
   *
   * @defaultValue 300
   */
  readonly height?: number | undefined;
}

/** Okabe and Ito's colours, told apart with any colour vision, without the yellow that is too light on white. */
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000'] as const;

/** The second cue beside colour: it also shows where one line hides another, and survives printing in grey. */
const DASHES = [
  [1, 0],
  [7, 3],
  [2, 2],
  [8, 3, 2, 3],
  [12, 4],
  [5, 2],
  [4, 4],
] as const;

/**
 * Makes a Vega-Lite specification that plots certified accuracy against radius, one staircase for each method.
 *
 * At most seven methods: more cannot be told apart. Show it with any Vega-Lite tool or write it with {@link renderSvg}.
 *
 * @param curves - The methods, in the order of the legend.
 * @throws OptionError if there is no curve or more than seven, two have one name, one has no points or points
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
  const { title, maxRadius, width = 480, height = 300 } = parseOptions(CALL, certifiedAccuracySpecOptions, options);
  checkCurves(curves);
  const largest = Math.max(...curves.flatMap(({ points }) => points.map(({ radius }) => radius)));
  const xMax = maxRadius ?? (largest > 0 ? 1.02 * largest : 1);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...(title === undefined
      ? {}
      : { title: { text: title, anchor: 'start', frame: 'group', fontSize: 14, offset: 8 } }),
    background: 'white',
    padding: 12,
    width,
    height,
    data: { values: curves.flatMap(({ name, points }) => linePoints(name, points, xMax)) },
    // Between two points a certified accuracy is that of the right one: rise first, then go right.
    mark: { type: 'line', interpolate: 'step-before', strokeWidth: 2.25, strokeCap: 'butt', clip: true },
    encoding: {
      x: { field: 'radius', type: 'quantitative', scale: { domain: [0, xMax], nice: false }, axis: axis('radius') },
      y: {
        field: 'accuracy',
        type: 'quantitative',
        scale: { domain: [0, 1] },
        axis: { ...axis('certified accuracy'), values: [0, 0.2, 0.4, 0.6, 0.8, 1], format: '.1f' },
      },
      color: { field: 'method', type: 'nominal', scale: methodScale(curves, COLOURS), legend: LEGEND },
      strokeDash: { field: 'method', type: 'nominal', scale: methodScale(curves, DASHES), legend: LEGEND },
    },
    config: { font: 'Helvetica, Arial, sans-serif', view: { stroke: null } },
  };
}

// Above the plot, since a curve can be anywhere inside it.
const LEGEND = {
  title: null,
  orient: 'top',
  direction: 'horizontal',
  labelFontSize: 13,
  labelLimit: 0,
  symbolType: 'stroke',
  symbolSize: 700,
  symbolStrokeWidth: 2.25,
  columns: 3,
  columnPadding: 18,
  rowPadding: 6,
  offset: 8,
} as const;

function axis(title: string): Readonly<Record<string, unknown>> {
  return {
    title,
    titleFontSize: 13,
    titleFontWeight: 'normal',
    titlePadding: 8,
    labelFontSize: 12,
    labelFlush: false,
    domainColor: '#444',
    tickColor: '#444',
    gridColor: '#e6e6e6',
  };
}

/** The corners of a curve up to `xMax`, and its fall to 0 after the last. */
function linePoints(method: string, points: readonly CertifiedAccuracyPoint[], xMax: number): object[] {
  const last = points.at(-1)?.radius ?? 0;
  const fall = [last, Math.max(last, xMax)].map((radius) => ({ radius, accuracy: 0 }));
  return [...points, ...fall].map(({ radius, accuracy }) => ({ method, radius, accuracy }));
}

function methodScale(curves: readonly CertifiedAccuracyCurve[], range: readonly unknown[]): object {
  return { domain: curves.map(({ name }) => name), range: range.slice(0, curves.length) };
}

function checkCurves(curves: readonly CertifiedAccuracyCurve[]): void {
  if (!Array.isArray(curves as unknown)) throw wrong('must be an array', curves);
  if (curves.length === 0 || curves.length > COLOURS.length) {
    throw wrong(`must hold 1 to ${COLOURS.length} curves`, curves.length);
  }
  const names = new Set<string>();
  for (const { name, points } of curves) {
    if (names.has(name)) throw wrong('must have different names', name);
    names.add(name);
    if (points.length === 0) throw wrong('must have at least one point each', points, ` for ${showValue(name)}`);
    points.forEach(({ radius, accuracy }, i) => {
      const previous = points[i - 1]?.radius ?? 0;
      if (!(radius >= previous && radius < Infinity)) {
        throw wrong(
          'must have finite, ascending radii of at least 0',
          radius,
          ` after ${previous} for ${showValue(name)}`,
        );
      }
      if (!(accuracy >= 0 && accuracy <= 1)) {
        throw wrong('must have accuracies in [0, 1]', accuracy, ` for ${showValue(name)}`);
      }
    });
  }
}

function wrong(must: string, value: unknown, suffix = ''): OptionError {
  return new OptionError(`\`curves\` ${must}, got ${showValue(value)}${suffix}`, {
    call: CALL,
    field: 'curves',
    value,
  });
}
