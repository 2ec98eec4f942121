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

/**
 * An r with valueAt(r) > level, less than 1e-12 relative below the largest one of a value that falls continuously with r, as far as its own digits tell; 0 if there is none. It takes some ten values where
 * {@link largestThatHolds} takes fifty.
 * @internal
 */
export function largestAbove(valueAt: (r: number) => number, level: number): number {
  const over = (r: number): number => valueAt(r) - level;
  let [low, overLow] = [0, over(0)];
  if (!(overLow > 0)) return 0;
  let [high, overHigh] = [1, over(1)];
  while (overHigh > 0) {
    if (high === Infinity) return high;
    [low, overLow, high] = [high, overHigh, 2 * high];
    overHigh = over(high);
  }
  // Chords; the end that stays is given half its weight (the Illinois rule).
  let root = low;
  for (let i = 0, last = ''; i < 60; i++) {
    const chord = low + ((high - low) * overLow) / (overLow - overHigh);
    const isClose = Math.abs(chord - root) <= 1e-14 * chord;
    const isInside = chord > low && chord < high;
    root = isInside ? chord : chord >= high ? high : low;
    if (!isInside) break;
    const value = over(chord);
    if (isClose || Math.abs(value) <= 2 ** -52) break;
    const side = value > 0 ? 'low' : 'high';
    if (side === 'low') [low, overLow, overHigh] = [chord, value, side === last ? overHigh / 2 : overHigh];
    else [high, overHigh, overLow] = [chord, value, side === last ? overLow / 2 : overLow];
    last = side;
  }
  for (let slack = 1e-14; slack < 1e-12; slack *= 4) if (over(root * (1 - slack)) > 0) return root * (1 - slack);
  return largestThatHolds((r) => over(r) > 0, low);
}
