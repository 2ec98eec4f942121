import { OptionError, refusal } from '../errors.ts';
import { countsChanges } from '../options/counting-norms.ts';
import type { BoundsCertificate, OutputBounds, RadiusCertificate } from '../smoothed/regression/types.ts';
import type { OutputRow } from './output-rows.ts';
import type { OutputCurve, TaskEvaluation } from './task-evaluation.ts';

/** What intervals say of a data set, within one radius: shares and means over all outputs of all examples. */
export interface IntervalMetrics {
  /** The radius. */
  readonly radius: number;
  /** Share of the intervals with two ends. */
  readonly bounded: number;
  /** Mean width of these, in units of the output; null where there are none. */
  readonly meanWidth: number | null;
  /** Share of the known truths that lie in their interval; null where none is known. */
  readonly coverage: number | null;
  /**
   * Certified errors, ascending: how far any answer within the radius is from the truth at most, max(|lower − y|, |upper − y|), Infinity where an end is missing. One
   * for each known truth.
   */
  readonly certifiedErrors: readonly number[];
}

const CALL = 'intervalMetrics';

/**
 * What the intervals of certified rows say as a whole, for each radius that was asked for.
 *
 * The interval is one for the smoothed model's answer, so its coverage of the truth is a measure of the model: nothing promises it. A certified error is a bound
 * on |g(x + δ) − y| for all perturbations within the radius.
 *
 * @param rows - rows of `certifyDataset` with a `SmoothedRegressor` and radii; a target has one number for each output, or is null
 * @throws OptionError for no rows, rows of several runs, and targets of another length
 * @example
 * ```ts
 * for (const { radius, meanWidth, coverage } of intervalMetrics(rows)) console.log(radius, meanWidth, coverage);
 * ```
 */
export function intervalMetrics(rows: readonly OutputRow<BoundsCertificate, readonly number[]>[]): IntervalMetrics[] {
  const [first] = rows;
  if (first === undefined) throw refusal(OptionError, { call: CALL, field: 'rows', value: rows }, 'must not be empty');
  const radii = first.certificate.within.map(({ radius }) => radius);
  for (const { certificate, target } of rows) {
    const { outputs, within } = certificate;
    if (outputs !== first.certificate.outputs || String(within.map(({ radius }) => radius)) !== String(radii)) {
      throw refusal(
        OptionError,
        { call: CALL, field: 'rows', value: rows },
        'must be of one run: the same outputs and radii',
      );
    }
    if (target !== null) checkTarget(CALL, target, outputs);
  }
  return radii.map((radius, k) => {
    const pairs = rows.flatMap(({ certificate, target }) =>
      (certificate.within[k]?.bounds ?? []).map((bounds, i) => ({ bounds, truth: target?.[i] })),
    );
    const widths = pairs.flatMap(({ bounds: { lower, upper } }) =>
      lower === null || upper === null ? [] : upper - lower,
    );
    const known = pairs.flatMap(({ bounds, truth }) => (truth === undefined ? [] : [{ bounds, truth }]));
    return {
      radius,
      bounded: widths.length / pairs.length,
      meanWidth: mean(widths),
      coverage: mean(known.map(({ bounds, truth }) => (holds(bounds, truth) ? 1 : 0))),
      certifiedErrors: known.map(({ bounds, truth }) => certifiedError(bounds, truth)).sort((a, b) => a - b),
    };
  });
}

/** The ends as numbers. */
function endsOf({ lower, upper, always }: OutputBounds): readonly [number, number] {
  if (always !== undefined) return [Number(always), Number(always)];
  return [lower ?? -Infinity, upper ?? Infinity];
}

function holds(bounds: OutputBounds, truth: number): boolean {
  const [lower, upper] = endsOf(bounds);
  return lower <= truth && truth <= upper;
}

function certifiedError(bounds: OutputBounds, truth: number): number {
  const [lower, upper] = endsOf(bounds);
  return Math.max(Math.abs(lower - truth), Math.abs(upper - truth));
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Throws for a target that is not one finite number for each output. */
function checkTarget(call: string, target: readonly number[], outputs?: number): void {
  const isList = Array.isArray(target) && target.length > 0 && target.every((value) => Number.isFinite(value));
  if (isList && (outputs === undefined || target.length === outputs)) return;
  const what =
    outputs === undefined ? 'a list of finite numbers, one for each output' : `a list of ${outputs} finite numbers`;
  throw refusal(OptionError, { call, field: 'target', value: target }, `must be ${what}`);
}

type Row = OutputRow<BoundsCertificate | RadiusCertificate, readonly number[]>;
const isOfBounds = (row: Row): row is OutputRow<BoundsCertificate, readonly number[]> =>
  row.certificate.claim === 'bounds';
const isOfRadius = (row: Row): row is OutputRow<RadiusCertificate, readonly number[]> =>
  row.certificate.claim === 'radius';

/** What a log of a smoothed regressor says: of intervals, or of radii. @internal */
export const regressionEvaluation: TaskEvaluation<BoundsCertificate | RadiusCertificate, readonly number[]> = {
  checkTarget,
  figures: (rows) => (rows.every(isOfBounds) ? intervalFigures(rows) : radiusFigures(rows.filter(isOfRadius))),
};

function intervalFigures(
  rows: readonly OutputRow<BoundsCertificate, readonly number[]>[],
): ReturnType<typeof regressionEvaluation.figures> {
  const metrics = intervalMetrics(rows);
  const unit = unitOf(rows);
  const figures: Record<string, number | null> = {};
  for (const { radius, bounded, meanWidth, coverage, certifiedErrors } of metrics) {
    figures[`mean width at radius ${radius}`] = meanWidth;
    figures[`share of intervals with two ends at radius ${radius}`] = bounded;
    figures[`share of truths in their interval at radius ${radius}`] = coverage;
    figures[`median certified error at radius ${radius}`] = finite(
      certifiedErrors[Math.ceil(certifiedErrors.length / 2) - 1],
    );
  }
  const overRadii = (label: string, y: string, of: (one: IntervalMetrics) => number | null): OutputCurve[] => {
    const points = metrics.flatMap((one) => {
      const value = of(one);
      return value === null ? [] : [[one.radius, value] as const];
    });
    return metrics.length > 1 && points.length > 0 ? [{ label, x: `radius (${unit})`, y, points }] : [];
  };
  return {
    figures,
    curves: [
      ...metrics.flatMap(({ radius, certifiedErrors }) => errorCurve(radius, certifiedErrors)),
      ...overRadii('mean width', 'mean width of the intervals', ({ meanWidth }) => meanWidth),
      ...overRadii('coverage', 'share of truths in their interval', ({ coverage }) => coverage),
    ],
  };
}

/** The share of truths to within a tolerance of which every answer stays, as its corners. */
function errorCurve(radius: number, errors: readonly number[]): OutputCurve[] {
  const finiteErrors = errors.filter((error) => Number.isFinite(error));
  const last = finiteErrors.flatMap((error, i) =>
    finiteErrors[i + 1] === error ? [] : [[error, (i + 1) / errors.length] as const],
  );
  if (last.length === 0) return [];
  const [x, y] = ['tolerance (units of the output)', 'share of truths with a certified error up to it'];
  return [{ label: `radius ${radius}`, x, y, points: [[0, 0], ...last] }];
}

function radiusFigures(
  rows: readonly OutputRow<RadiusCertificate, readonly number[]>[],
): ReturnType<typeof regressionEvaluation.figures> {
  const certified = rows.filter(({ certificate }) => !certificate.abstained);
  const radii = certified.map(({ certificate }) => certificate.radius).sort((a, b) => a - b);
  const unit = unitOf(rows);
  const points = radii.flatMap((radius, i) =>
    radii[i - 1] === radius ? [] : [[radius, (radii.length - i) / rows.length] as const],
  );
  return {
    figures: {
      'share certified': rows.length === 0 ? null : certified.length / rows.length,
      'mean radius (abstentions as 0)':
        rows.length === 0 ? null : radii.reduce((sum, radius) => sum + radius, 0) / rows.length,
      'median radius of the certified': finite(radii[Math.ceil(radii.length / 2) - 1]),
    },
    curves:
      points.length === 0
        ? []
        : [{ label: 'inside the interval', x: `radius (${unit})`, y: 'share of examples', points }],
  };
}

const unitOf = ([row]: readonly Row[]): string => (countsChanges(row?.certificate.norm) ? 'changes' : 'input units');

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;
