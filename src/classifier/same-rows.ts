import { ClassifierError } from '../errors.ts';

const TOLERANCE = 1e-3;

/**
 * Throws unless two outputs of the same rows are the same but for rounding.
 *
 * Entries may differ by 1e-3, relative to the larger of the entry itself and the two largest entries of any row: those decide votes, and beside
 * a class that is masked with −1e9 nothing would differ.
 * @internal
 */
export function assertSameRows(
  call: string,
  { numClasses, when, way }: { readonly numClasses: number; readonly when: string; readonly way: string },
  a: Float32Array,
  b: Float32Array,
): void {
  const scale = scaleOf(a, numClasses);
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const [one, other] = [a[i] as number, b[i] as number];
    const difference = Math.abs(one - other);
    if (difference <= TOLERANCE * Math.max(scale, Math.abs(one), Math.abs(other))) continue;
    if (!(difference <= most)) most = difference;
  }
  if (most === 0) return;
  throw new ClassifierError(
    `\`classifier\` must be one fixed function of each row, got logits that differ by ${Number(most.toPrecision(3))} when ${when} (${way})`,
    { call, field: 'classifier', value: most },
  );
}

/** Magnitude of the two largest entries of any row. */
function scaleOf(values: Float32Array, numClasses: number): number {
  let scale = 0;
  for (let begin = 0; begin < values.length; begin += numClasses) {
    let [first, second] = [-Infinity, -Infinity];
    for (let c = 0; c < numClasses; c++) {
      const value = values[begin + c] as number;
      if (value > first) [first, second] = [value, first];
      else if (value > second) second = value;
    }
    scale = Math.max(scale, Math.abs(first), Math.abs(second));
  }
  return scale;
}
