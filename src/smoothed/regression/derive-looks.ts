import { valueOf } from './bounds-certificate.ts';
import type { OrderIndices, OrderPlan } from './order-plan.ts';
import { missingFaults } from './regression-faults.ts';
import type { BoundsCertificate, OrderStatistic, QuantileEvidence, QuantileLook } from './types.ts';
import { ValueGrid } from './value-grid.ts';

/**
 * The looks of a certificate with the indices that follow; what their values cannot be is added to `faults`: others than float32 numbers (or edges of the
 * grid), outside of the range, in another order than their indices, present where no index holds.
 * @internal
 */
export function derivedLooks(stored: BoundsCertificate, plan: OrderPlan, faults: string[]): QuantileLook[] {
  return stored.looks.map((look, k) => {
    const before = stored.looks[k - 1] ?? { n: 0, failures: 0, nan: [] };
    faults.push(...missingFaults(stored, look));
    const more = (nan: number, i: number): number => nan - (before.nan[i] ?? 0);
    if (look.failures < before.failures || look.nan.some((nan, i) => more(nan, i) < 0))
      faults.push(`missing are fewer at ${look.n} samples than at ${before.n}`);
    if (look.statistics.length !== plan.levels.length) faults.push(`a look has statistics for other radii than within`);
    if (look.point && look.point.length !== stored.outputs) faults.push('point has not one entry for each output');
    const indices = plan.at(look.n);
    const statistics = look.statistics.map((evidence, radius) => {
      const index = indices[radius] ?? { lower: 0, upper: 0 };
      faults.push(...valueFaults(stored, look, evidence, index));
      return {
        lower: evidence.lower,
        upper: evidence.upper,
        lowerIndex: index.lower > 0 ? index.lower : null,
        upperIndex: index.upper > 0 ? look.n + 1 - index.upper : null,
      };
    });
    faults.push(...orderFaults(look));
    const { n, failures, nan, missing, point } = look;
    return { n, failures, nan, missing, ...(point && { point }), statistics };
  });
}

function valueFaults(
  { outputs, grid, outputRange }: BoundsCertificate,
  { missing, n, point }: QuantileLook,
  { lower, upper }: QuantileEvidence,
  index: OrderIndices,
): string[] {
  if (lower.length !== outputs || upper.length !== outputs) return ['statistics have not one entry for each output'];
  const [least, most] = [outputRange?.[0] ?? -Infinity, outputRange?.[1] ?? Infinity];
  const faults: string[] = [];
  for (let i = 0; i < outputs; i++) {
    const bins = grid ? new ValueGrid(grid, i) : undefined;
    const isValue = (statistic: OrderStatistic): boolean => {
      if (statistic === null) return false;
      const value = Number(statistic);
      if (bins) return !Number.isFinite(value) || bins.isEdge(value);
      return Object.is(Math.fround(value) + 0, value) && value >= least && value <= most;
    };
    const none = missing[i] ?? 0;
    const [low, high] = [lower[i] ?? null, upper[i] ?? null];
    for (const [name, statistic, count] of [
      ['lower', low, index.lower],
      ['upper', high, index.upper],
    ] as const) {
      if (count > none ? !isValue(statistic) : statistic !== null)
        faults.push(`${name} of output ${i} at ${n} samples is ${JSON.stringify(statistic)}, which cannot be`);
    }
    if (low !== null && high !== null && Number(low) > Number(high))
      faults.push(`lower of output ${i} at ${n} samples is above upper`);
    if (point) {
      const middle = point[i] ?? null;
      const isInside =
        isValue(middle) && valueOf(low, -Infinity) <= Number(middle) && Number(middle) <= valueOf(high, Infinity);
      if (none < n ? !isInside : middle !== null)
        faults.push(`point of output ${i} is ${JSON.stringify(middle)}, which cannot be`);
    }
  }
  return faults;
}

/** Statistics of a larger radius lie further out. */
function orderFaults({ n, statistics }: QuantileLook): string[] {
  const faults: string[] = [];
  for (const [k, { lower, upper }] of statistics.entries()) {
    const before = statistics[k - 1];
    if (!before) continue;
    const isOut = (i: number): boolean =>
      valueOf(lower[i] ?? null, -Infinity) <= valueOf(before.lower[i] ?? null, -Infinity) &&
      valueOf(upper[i] ?? null, Infinity) >= valueOf(before.upper[i] ?? null, Infinity);
    if (!lower.every((_, i) => isOut(i))) faults.push(`statistics at ${n} samples are not wider for a larger radius`);
  }
  return faults;
}
