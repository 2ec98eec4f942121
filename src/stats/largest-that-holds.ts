/** The largest r with holds(r), from below to 1e-14, for a `holds` that is true up to some r and false beyond; `from` if false there. @internal */
export function largestThatHolds(holds: (r: number) => boolean, from: number): number {
  if (!holds(from)) return from;
  let low = from;
  let high = Math.max(1, 2 * from);
  while (holds(high)) {
    if (high === Infinity) return high;
    low = high;
    high *= 2;
  }
  while (high - low > 1e-14 * high && high - low > 1e-16) {
    const middle = low + (high - low) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
