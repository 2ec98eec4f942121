import { BackendError } from '../errors.ts';

/** Largest finite value, without its sign, of some rows of outputs. @internal */
export function largestOf(reference: readonly Float32Array[]): number {
  let largest = 0;
  for (const row of reference)
    for (const value of row) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return largest;
}

/** Largest difference; infinite where one side is not finite and the other is something else. @internal */
export function distance(expected: Float32Array, found: Float32Array): number {
  let largest = expected.length === found.length ? 0 : Infinity;
  expected.forEach((value, i) => {
    const other = found[i] as number;
    if (Object.is(value, other)) return;
    const apart = Math.abs(value - other);
    largest = Math.max(largest, Number.isNaN(apart) ? Infinity : apart);
  });
  return largest;
}

/** Whether the classes differ although the two largest outputs are farther apart than `bound`. @internal */
export function otherClass(expected: Float32Array, found: Float32Array, bound: number): boolean {
  const top = topOf(expected);
  const second = expected.reduce((most, value, c) => (c === top ? most : Math.max(most, value)), -Infinity);
  return (expected[top] as number) - second > bound && topOf(found) !== top;
}

function topOf(row: Float32Array): number {
  return row.reduce((best, value, c) => (value > (row[best] as number) ? c : best), 0);
}

/** Outputs that differ, and where. @internal */
export interface Mismatch {
  readonly backend: string | null;
  readonly apart: number;
  readonly scale: number;
  readonly size: number;
  readonly place: string | undefined;
}

/** The error of a check. @internal */
export function mismatch(call: string, { backend, apart, scale, size, place }: Mismatch): BackendError {
  const shown = Number.isFinite(apart) ? String(Number(apart.toPrecision(3))) : 'without limit (one is not finite)';
  const where = place === undefined ? '' : `, first in ${place}`;
  const found = `outputs that differ by ${shown} in a batch of ${size}, where the largest is ${Number(scale.toPrecision(3))}${where}`;
  const text =
    backend === null || backend === 'cpu'
      ? `\`classifier\` must give a row the same outputs in every batch, got ${found} (checkClassifier says more of the classifier)`
      : `\`backend\` must compute what cpu computes, got ${backend} with ${found} (take another backend, for example by tf.setBackend('cpu'))`;
  const field = backend === null || backend === 'cpu' ? 'classifier' : 'backend';
  return new BackendError(text, { call, field, value: backend });
}
