import { certificateKeys } from '../../random/purposes.ts';
import type { Key } from '../../types.ts';
import type { SamplePhases } from '../outputs/phased-process.ts';
import type { ValuesPiece } from '../outputs/read-values.ts';
import { boundsCertificate, type BoundsSettings, looksOf, orderPlan, valueOf } from './bounds-certificate.ts';
import type { OrderIndices, OrderPlan } from './order-plan.ts';
import { keptNumbers, type KeptValues, QuantileSample } from './quantile-sample.ts';
import type { BoundsCertificate, QuantileLook, RegressionPrediction } from './types.ts';

/** When sampling at any time ends. @internal */
export interface WidthStop {
  /** Once no interval is wider, one number or one for each output. */
  readonly width?: number | readonly number[] | undefined;
  readonly milliseconds?: number | undefined;
  readonly now: () => number;
}

/** How bounds are sampled. @internal */
export interface BoundsRun extends BoundsSettings {
  readonly call: string;
  readonly checkEvery: number;
  /** Undefined where the size of the sample is fixed. */
  readonly stop: WidthStop | undefined;
  /** How often the same draws are made, each time for a part of the outputs; undefined: as seldom as their memory allows. */
  readonly passes: number | undefined;
  /** Whether the sample percentiles are wanted too. */
  readonly wantsPoint: boolean;
}

/** Most numbers that are kept of an example: 64 MiB. */
const MOST_NUMBERS = 2 ** 24;

/** The samples of an example and its certificate, with the sample percentiles where they are wanted. @internal */
export function* boundsPhases(
  run: BoundsRun,
  key: Key,
  plan: OrderPlan = orderPlan(run),
): SamplePhases<ValuesPiece, BoundsCertificate | RegressionPrediction> {
  const { call, n, outputs, grid, outputRange, percentile, checkEvery, wantsPoint } = run;
  plan.assertEnough(call);
  const sizes = looksOf(run);
  const kept: KeptValues = { n, grid, ends: wantsPoint || sizes?.length !== 1 ? undefined : ends(plan.at(n)) };
  const perPass = Math.ceil(outputs / (run.passes ?? passesFor(outputs, keptNumbers(kept))));
  const parts: QuantileLook[][] = [];
  let stop = 'all-drawn';
  for (let first = 0; first < outputs; first += perPass) {
    const block = { first, end: Math.min(outputs, first + perPass), size: outputs };
    const sample = new QuantileSample(call, block, { ...kept, range: outputRange });
    const looks: QuantileLook[] = [];
    const look = (drawn: number): void => {
      if (!sizes?.includes(drawn)) return;
      const found = sample.look(plan.at(drawn));
      looks.push(wantsPoint ? { ...found, point: sample.point(percentile) } : found);
    };
    const stops = run.stop && stopsOf(run.stop, plan, sample);
    yield {
      key: certificateKeys(key).estimation,
      n,
      every: stops ? checkEvery : n,
      ask: undefined,
      take: (piece) => sample.take(piece, look),
      isEnough: stops && ((used) => (stop = stops(used) ?? stop) !== 'all-drawn'),
    };
    if (sizes === undefined) looks.push(sample.look(plan.at(sample.drawn)));
    parts.push(looks);
  }
  const looks = joined(parts);
  if (looks.at(-1)?.n === n) stop = 'all-drawn';
  return boundsCertificate({ ...run, key }, plan, { looks, stop });
}

/** So many of each end are enough for all radii. */
function ends(indices: readonly OrderIndices[]): OrderIndices {
  return {
    lower: Math.max(...indices.map(({ lower }) => lower)),
    upper: Math.max(...indices.map(({ upper }) => upper)),
  };
}

/** The draws are made again rather than that more numbers are kept at once. */
const passesFor = (outputs: number, each: number): number =>
  Math.min(outputs, Math.ceil((outputs * each) / MOST_NUMBERS));

/** Whether sampling has come to its end, and by what. */
function stopsOf(
  { width, milliseconds, now }: WidthStop,
  plan: OrderPlan,
  sample: QuantileSample,
): (used: number) => string | undefined {
  const begun = now();
  return (used) => {
    if (width !== undefined && widths(sample.look(plan.at(used))).every((each, i) => each <= entry(width, i)))
      return 'stop-at-width';
    return milliseconds !== undefined && now() - begun >= milliseconds ? 'stop-at-deadline' : undefined;
  };
}

const entry = (width: number | readonly number[], output: number): number =>
  typeof width === 'number' ? width : (width[output] ?? 0);

/** How wide the intervals of a look are, within the largest radius. @internal */
export function widths({ statistics }: QuantileLook): number[] {
  const { lower = [], upper = [] } = statistics.at(-1) ?? {};
  return lower.map((low, i) => {
    const [from, to] = [valueOf(low, -Infinity), valueOf(upper[i] ?? null, Infinity)];
    return from === to ? 0 : to - from; // of two equal infinities too
  });
}

/** The looks at several parts of the outputs as looks at all of them. */
function joined(parts: readonly (readonly QuantileLook[])[]): QuantileLook[] {
  const [first = []] = parts;
  return first.map((look, k) => ({
    n: look.n,
    failures: look.failures,
    nan: parts.flatMap((part) => part[k]?.nan ?? []),
    missing: parts.flatMap((part) => part[k]?.missing ?? []),
    ...(look.point && { point: parts.flatMap((part) => part[k]?.point ?? []) }),
    statistics: look.statistics.map((statistic, radius) => ({
      ...statistic,
      lower: parts.flatMap((part) => part[k]?.statistics[radius]?.lower ?? []),
      upper: parts.flatMap((part) => part[k]?.statistics[radius]?.upper ?? []),
    })),
  }));
}
