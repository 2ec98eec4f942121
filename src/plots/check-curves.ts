import { OptionError, showValue } from '../errors.ts';
import { MOST_CURVES } from './curve-plot.ts';

/** Throws unless there are some curves with different names and at least one point each, and `check` passes every curve. @internal */
export function checkCurves<Point>(
  call: string,
  curves: readonly { readonly name: string; readonly points: readonly Point[] }[],
  check: (points: readonly Point[], refuse: (must: string, value: unknown, where?: string) => OptionError) => void,
): void {
  const wrong = (must: string, value: unknown, suffix = ''): OptionError =>
    new OptionError(`\`curves\` ${must}, got ${showValue(value)}${suffix}`, { call, field: 'curves', value });
  if (!Array.isArray(curves as unknown)) throw wrong('must be an array', curves);
  if (curves.length === 0 || curves.length > MOST_CURVES)
    throw wrong(`must hold 1 to ${MOST_CURVES} curves`, curves.length);
  const names = new Set<string>();
  for (const { name, points } of curves) {
    if (names.has(name)) throw wrong('must have different names', name);
    names.add(name);
    if (points.length === 0) throw wrong('must have at least one point each', points, ` for ${showValue(name)}`);
    check(points, (must, value, where = '') => wrong(must, value, `${where} for ${showValue(name)}`));
  }
}
