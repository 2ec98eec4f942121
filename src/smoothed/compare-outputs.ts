/** Largest finite value, without its sign, of some rows of outputs. @internal */
export function largestOf(rows: readonly Float32Array[]): number {
  let largest = 0;
  for (const row of rows) {
    for (const value of row) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  }
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

/** Whether every row of a batch agrees with the expected one, within a share of its largest value. @internal */
export function isNear(expected: Float32Array, batch: Float32Array, tolerance: number): boolean {
  const scale = largestOf([expected]);
  return batch.every((value, i) => {
    const other = expected[i % expected.length] as number;
    return Object.is(value, other) || Math.abs(value - other) <= tolerance * scale;
  });
}
