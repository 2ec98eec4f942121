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
  return inPythonNotation(threeDigitsDown(radius));
}

/** Writes a number of at least 0 as Python's `'{:.3}'`: three significant digits, rounded to nearest. @internal */
export function formatRounded(value: number): string {
  if (value === 0) return '0.0';
  if (value === Infinity) return 'inf';
  return inPythonNotation(threeDigitsNearest(value));
}

/** The number digits · 10^(exponent − 2) with 100 ≤ digits ≤ 999. */
interface ThreeDigits {
  readonly digits: number;
  readonly exponent: number;
}

function inPythonNotation({ digits, exponent }: ThreeDigits): string {
  if (exponent >= 2 || exponent < -4) {
    const mantissa = (digits / 100).toFixed(2).replace(/\.?0+$/, '');
    const sign = exponent < 0 ? '-' : '+';
    return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return Number(`${digits}e${exponent - 2}`)
    .toFixed(2 - exponent)
    .replace(/(\.\d+?)0+$/, '$1');
}

/** The largest one that is not above `value` when read as a double. */
function threeDigitsDown(value: number): ThreeDigits {
  const { text, digits, exponent } = toThreeDigits(value);
  return Number(text) <= value ? { digits, exponent } : below({ digits, exponent });
}

/** The nearest one; an exact tie goes to the even digit, where `toExponential` takes the larger one. */
function threeDigitsNearest(value: number): ThreeDigits {
  const { digits, exponent } = toThreeDigits(value);
  const isTie = /^.\..{2}50*e/.test(value.toExponential(100));
  return isTie && digits % 2 === 1 ? below({ digits, exponent }) : { digits, exponent };
}

function toThreeDigits(value: number): ThreeDigits & { readonly text: string } {
  const text = value.toExponential(2);
  return { text, digits: Math.round(Number(text.slice(0, 4)) * 100), exponent: Number(text.slice(5)) };
}

function below({ digits, exponent }: ThreeDigits): ThreeDigits {
  return digits === 100 ? { digits: 999, exponent: exponent - 1 } : { digits: digits - 1, exponent };
}
