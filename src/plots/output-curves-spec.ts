import { OptionError, refusal } from '../errors.ts';
import type { OutputCurve } from '../evaluate/task-evaluation.ts';
import { optionsOf } from '../options/parse.ts';
import { checkCurves, curveSpec, plotFields, type PlotOptions, type RefusePoints } from './curve-plot.ts';
import type { VegaLiteSpec } from './render-svg.ts';

const CALL = 'outputCurvesSpec';

/** Options of {@link outputCurvesSpec}. */
export type OutputCurvesSpecOptions = Pick<PlotOptions, 'title' | 'width' | 'height'>;

const outputCurvesSpecOptions = optionsOf<OutputCurvesSpecOptions>()({
  title: plotFields.title,
  width: plotFields.width,
  height: plotFields.height,
});

/**
 * Makes a Vega-Lite specification that plots curves of outputs against what they depend on: widths of intervals, mIoU, sizes of sets, distances or scores
 * against radius, points joined by lines.
 *
 * The axis at the side is from 0 to 1 where all values are in there, else as wide as they are, with 0 in it.
 *
 * @param curves - Curves of `outputFigures`, in the order of the legend, all of the same `x` and `y`; at most 21.
 * @throws OptionError if there is no curve or more than 21, two have one label, two have different axes, one has no points or points that are not finite or do
 * not ascend, or an option is unknown.
 * @example
 * ```ts
 * const { curves } = outputFigures(rows);
 * const [{ y } = { y: '' }] = curves;
 * await writeFile('curve.svg', await renderSvg(outputCurvesSpec(curves.filter((curve) => curve.y === y))));
 * ```
 */
export function outputCurvesSpec(curves: readonly OutputCurve[], options: OutputCurvesSpecOptions = {}): VegaLiteSpec {
  const { title, width, height } = outputCurvesSpecOptions.parse(CALL, options);
  const lines = Array.isArray(curves as unknown)
    ? curves.map(({ label, points }) => ({ name: label, points }))
    : curves;
  checkCurves(CALL, lines as readonly { name: string; points: OutputCurve['points'] }[], checkPoints);
  const [{ x, y }] = curves as readonly [OutputCurve];
  const other = curves.find((curve) => curve.x !== x || curve.y !== y);
  if (other !== undefined) {
    const got = `${y} against ${x} and ${other.y} against ${other.x}`;
    throw refusal(OptionError, { call: CALL, field: 'curves', value: other, got }, 'must have the same axes');
  }
  const all = curves.flatMap(({ points }) => points);
  const areShares = all.every(([, value]) => value >= 0 && value <= 1);
  return curveSpec({
    title,
    width,
    height,
    joins: true,
    x: { field: 'x', title: x, ends: endsOf(all.map(([at]) => at)) },
    y: { field: 'y', title: y, ends: areShares ? undefined : endsOf(all.map(([, value]) => value)) },
    lines: curves.map(({ label, points }) => ({
      name: label,
      points: points.map(([at, value]) => ({ x: at, y: value })),
    })),
  });
}

/** All values and 0, and a little more. */
function endsOf(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const more = low === high ? 1 : 0.02 * (high - low);
  return [low === 0 ? 0 : low - more, high + more];
}

function checkPoints(points: OutputCurve['points'], refuse: RefusePoints): void {
  points.forEach(([x, y], i) => {
    const previous = points[i - 1]?.[0] ?? -Infinity;
    if (!(x > previous && Number.isFinite(x)))
      throw refuse('must have finite, ascending places', x, ` after ${previous}`);
    if (!Number.isFinite(y)) throw refuse('must have finite values', y, ` at ${x}`);
  });
}
