/**
 * Writes a radius as the official logs do, with three significant digits, but rounded down.
 *
 * The official scripts write Python's `'{:.3}'`, which rounds to nearest, so that a logged radius can exceed the
 * certified one (1.905728 becomes 1.91). Here the text, read back as a number, is never above `radius`. The notation
 * is the same: at least one decimal, an exponent from 1e+02 up and below 1e-04.
 * @internal
 */
export function formatRadius(radius: number): string {
  if (radius === 0) return '0.0';
  if (radius === Infinity) return 'inf';
  const { digits, exponent } = threeDigitsDown(radius);
  if (exponent >= 2 || exponent < -4) {
    const mantissa = (digits / 100).toFixed(2).replace(/\.?0+$/, '');
    const sign = exponent < 0 ? '-' : '+';
    return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return Number(`${digits}e${exponent - 2}`)
    .toFixed(2 - exponent)
    .replace(/(\.\d+?)0+$/, '$1');
}

/** The largest digits · 10^(exponent − 2) with 100 ≤ digits ≤ 999 that is not above `value` when read as a double. */
function threeDigitsDown(value: number): { digits: number; exponent: number } {
  const nearest = value.toExponential(2);
  const digits = Math.round(Number(nearest.slice(0, 4)) * 100);
  const exponent = Number(nearest.slice(5));
  if (Number(nearest) <= value) return { digits, exponent };
  return digits === 100 ? { digits: 999, exponent: exponent - 1 } : { digits: digits - 1, exponent };
}
