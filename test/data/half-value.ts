/** The value of a float of one sign bit, `exponentBits` and `fractionBits`, by its definition. */
export function halfValue(word: number, exponentBits: number, fractionBits: number): number {
  const fraction = (word % 2 ** fractionBits) / 2 ** fractionBits;
  const exponent = Math.floor(word / 2 ** fractionBits) % 2 ** exponentBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = word >= 2 ** 15 ? -1 : 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}
