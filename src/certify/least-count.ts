/**
 * Least integer in [0, n] for which a monotone condition holds, or Infinity if it does not hold for n: by bisection.
 * @internal
 */
export function leastCount(n: number, holds: (count: number) => boolean): number {
  if (!holds(n)) return Infinity;
  let fails = -1;
  let succeeds = n;
  while (succeeds - fails > 1) {
    const middle = Math.floor((fails + succeeds) / 2);
    if (holds(middle)) succeeds = middle;
    else fails = middle;
  }
  return succeeds;
}
