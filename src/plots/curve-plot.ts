import { OptionError, refusal, showValue } from '../errors.ts';
import * as fields from '../options/fields.ts';
import type { FieldsOf } from '../options/parse.ts';
import type { InputRange } from '../types.ts';
import type { VegaLiteSpec } from './render-svg.ts';

/** What all plots can be told. */
export interface PlotOptions {
  /**
   * Text above the plot.
   *
   * @defaultValue no title
   */
  readonly title?: string | undefined;
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
  /**
   * The input range of the runs, in whose units radii are: an axis of radii names it.
   *
   * @defaultValue the axis names no unit
   */
  readonly inputRange?: InputRange | undefined;
  /**
   * What radii count, where they are numbers of changes (see `radiusUnit`): an axis of radii names it, and has whole numbers.
   *
   * @defaultValue radii are lengths
   */
  readonly unit?: string | undefined;
}

/** The checks of {@link PlotOptions}. @internal */
export const plotFields: FieldsOf<PlotOptions, 'width' | 'height'> = {
  title: fields.optional(fields.text),
  inputRange: fields.optional(fields.finiteRange),
  unit: fields.optional(fields.text),
  width: fields.withDefault(fields.positiveInteger, 480),
  height: fields.withDefault(fields.positiveInteger, 300),
};

/** The title of an axis of radii, with their unit. @internal */
export function radiusTitle(name: string, { inputRange, unit }: Pick<PlotOptions, 'inputRange' | 'unit'>): string {
  if (unit !== undefined) return `${name}, in ${unit}`;
  return inputRange === undefined ? name : `${name}, in units of the input range ${inputRange.join(' to ')}`;
}

/** A plot of lines, one for each method: falling staircases, unless told otherwise. */
interface CurvePlot {
  readonly title: string | undefined;
  readonly width: number;
  readonly height: number;
  /** Field of the points, title and ends of each axis. */
  readonly x: {
    readonly field: string;
    readonly title: string;
    readonly ends: readonly [number, number];
    /** Whether its values are whole numbers. */
    readonly isWhole?: boolean | undefined;
  };
  /** Between 0 and 1, unless `ends` say otherwise. */
  readonly y: { readonly field: string; readonly title: string; readonly ends?: readonly [number, number] | undefined };
  /** Whether points are shown and joined by straight lines. */
  readonly joins?: boolean | undefined;
  readonly lines: readonly { readonly name: string; readonly points: readonly object[] }[];
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

/** Each colour with three dash patterns. */
const MOST_CURVES: number = 3 * COLOURS.length;

/** The Vega-Lite specification of a plot. @internal */
export function curveSpec({ title, width, height, x, y, joins = false, lines }: CurvePlot): VegaLiteSpec {
  const methods = lines.map(({ name }) => name);
  const legend = { ...LEGEND, columns: legendColumns(methods, width) };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...(title !== undefined && {
      title: { text: title, anchor: 'start', frame: 'group', fontSize: 14, offset: 8 },
    }),
    background: 'white',
    padding: 12,
    width,
    height,
    data: { values: lines.flatMap(({ name, points }) => points.map((point) => ({ method: name, ...point }))) },
    mark: { type: 'line', strokeWidth: 2.25, strokeCap: 'butt', ...(joins ? JOINED : STEPS) },
    encoding: {
      x: {
        field: x.field,
        type: 'quantitative',
        scale: { domain: x.ends, nice: false },
        axis: { ...axis(x.title), ...(x.isWhole && WHOLE) },
      },
      y: {
        field: y.field,
        type: 'quantitative',
        scale: { domain: y.ends ?? [0, 1] },
        axis: { ...axis(y.title), ...(y.ends === undefined && SHARES) },
      },
      color: {
        field: 'method',
        type: 'nominal',
        scale: { domain: methods, range: styles(methods, COLOURS, 0) },
        legend,
      },
      strokeDash: {
        field: 'method',
        type: 'nominal',
        scale: { domain: methods, range: styles(methods, DASHES, 1) },
        legend,
      },
    },
    config: { font: 'Helvetica, Arial, sans-serif', view: { stroke: null } },
  };
}

/** One style for each method; after the last it begins again, `shift` further on, so that no pair of colour and dashes comes twice. */
function styles(methods: readonly string[], range: readonly unknown[], shift: number): unknown[] {
  return methods.map((_, i) => range[(i + shift * Math.floor(i / range.length)) % range.length]);
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
  columnPadding: 18,
  rowPadding: -4,
  offset: 8,
} as const;

/** As many columns, up to three, as fit above the plot: about 7 pixels for a letter, 52 for the line and the gap. */
function legendColumns(methods: readonly string[], width: number): number {
  const widest = 52 + 7 * Math.max(...methods.map(({ length }) => length));
  return Math.min(3, Math.max(1, Math.floor(width / widest)));
}

// Between two points the value is that of the right one: rise first, then go right.
const STEPS = { interpolate: 'step-before', clip: true } as const;

const JOINED = { point: { size: 40, filled: true } } as const;

/** Ticks of shares. */
const SHARES = { values: [0, 0.2, 0.4, 0.6, 0.8, 1], format: '.1f' } as const;

/** Ticks at whole numbers. */
const WHOLE = { format: 'd', tickMinStep: 1 } as const;

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

/** The error for the points of one curve; `where` follows the value. @internal */
export type RefusePoints = (must: string, value: unknown, where?: string) => OptionError;

/** Throws unless there are some curves with different names and at least one point each, and `check` passes every curve. @internal */
export function checkCurves<Point>(
  call: string,
  curves: readonly { readonly name: string; readonly points: readonly Point[] }[],
  check: (points: readonly Point[], refuse: RefusePoints) => void,
): void {
  const wrong = (must: string, value: unknown, where = ''): OptionError =>
    refusal(OptionError, { call, field: 'curves', value, got: `${showValue(value)}${where}` }, must);
  if (!Array.isArray(curves as unknown)) throw wrong('must be an array', curves);
  if (curves.length === 0 || curves.length > MOST_CURVES) {
    throw wrong(`must hold 1 to ${MOST_CURVES} curves`, curves.length);
  }
  const names = new Set<string>();
  for (const { name, points } of curves) {
    if (names.has(name)) throw wrong('must have different names', name);
    names.add(name);
    if (points.length === 0) throw wrong('must have at least one point each', points, ` for ${showValue(name)}`);
    check(points, (must, value, where = '') => wrong(must, value, `${where} for ${showValue(name)}`));
  }
}
