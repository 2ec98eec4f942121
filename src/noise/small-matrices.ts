/** A square matrix by rows. @internal */
export type SquareMatrix = readonly (readonly number[])[];

/**
 * The inverse X of a matrix A in float64, and ε with ‖A⁻¹v‖₂ ≤ (1 + 2ε) ‖Xv‖₂ for every v; undefined where A has none, or ε > 1/4.
 *
 * By elimination with pivots, and one step of Newton. If ‖I − XA‖_F ≤ ε < 1, then A⁻¹ = (XA)⁻¹X, and ‖(XA)⁻¹‖ ≤ 1/(1 − ε) ≤ 1 + 2ε for ε ≤ 1/2. The
 * residual is computed, and its own roundings are bounded.
 * @internal
 */
export function inverseOf(a: SquareMatrix): { readonly matrix: number[][]; readonly error: number } | undefined {
  const rough = eliminated(a);
  if (rough === undefined) return undefined;
  const product = times(a, rough);
  const corrected = times(
    rough,
    product.map((row, i) => row.map((value, j) => (i === j ? 2 : 0) - value)),
  );
  const best = [rough, corrected].map((matrix) => ({ matrix, error: residual(matrix, a) }));
  const [first, second] = best as [(typeof best)[0], (typeof best)[0]];
  const found = second.error < first.error ? second : first;
  return found.error <= 0.25 ? found : undefined;
}

/** Gauss-Jordan with row pivots. */
function eliminated(a: SquareMatrix): number[][] | undefined {
  const size = a.length;
  const rows = a.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column + 1; i < size; i++) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    }
    const top = rows[pivot]!;
    [rows[pivot], rows[column]] = [rows[column]!, top];
    const by = top[column]!;
    if (by === 0) return undefined;
    for (let j = 0; j < 2 * size; j++) top[j]! /= by;
    for (let i = 0; i < size; i++) {
      const row = rows[i]!;
      const factor = row[column]!;
      if (i === column || factor === 0) continue;
      for (let j = 0; j < 2 * size; j++) row[j]! -= factor * top[j]!;
    }
  }
  const inverse = rows.map((row) => row.slice(size));
  return inverse.flat().every(Number.isFinite) ? inverse : undefined;
}

function times(a: SquareMatrix, b: SquareMatrix): number[][] {
  return a.map((row) =>
    b.map((_, j) => {
      let sum = 0;
      for (let k = 0; k < row.length; k++) sum += row[k]! * b[k]![j]!;
      return sum;
    }),
  );
}

/** A bound on ‖I − XA‖_F: what is computed, and (n + 2) 2⁻⁵³ of |X||A| for its roundings. */
function residual(x: SquareMatrix, a: SquareMatrix): number {
  const size = a.length;
  const absolute = (matrix: SquareMatrix): number[][] => matrix.map((row) => row.map(Math.abs));
  const sizes = times(absolute(x), absolute(a));
  const unit = (size + 2) * 2 ** -52;
  let sum = 0;
  times(x, a).forEach((row, i) =>
    row.forEach((value, j) => {
      const entry = Math.abs((i === j ? 1 : 0) - value) + unit * (sizes[i]![j]! + 1);
      sum += entry * entry;
    }),
  );
  return Math.sqrt(sum) * (1 + unit * size);
}

/** So often a matrix is squared at most; then its trace is its largest eigenvalue to 2⁻⁵⁰ of its size. */
const SQUARINGS = 52;

/**
 * A bound from above on the largest eigenvalue of a symmetric matrix A without negative ones, close to it: ‖A^m‖_F^(1/m) for m = 2ᵏ, which is at most
 * n^(1/2m) times too large.
 *
 * Each product of sums has an error of at most n 2⁻⁵³ ‖A‖²_F ≤ n^(3/2) 2⁻⁵³ ‖A²‖_F, of which squaring k counts 2⁻ᵏ; all together are paid for at the end.
 * @internal
 */
export function largestEigenvalue(a: SquareMatrix): number {
  const size = a.length;
  let matrix = a.map((row) => [...row]);
  let log = 0;
  let bound = Infinity;
  for (let k = 0; k <= SQUARINGS; k++) {
    const norm = frobenius(matrix);
    if (norm === 0) return 0;
    log += Math.log(norm) / 2 ** k;
    if (k > 0 && bound - log < 2 ** -54) break;
    bound = log;
    matrix = matrix.map((row) => row.map((value) => value / norm));
    matrix = times(matrix, matrix);
  }
  return Math.exp(Math.min(bound, log)) * (1 + (4 * size ** 1.5 + 64) * 2 ** -52);
}

function frobenius(matrix: SquareMatrix): number {
  let sum = 0;
  for (const row of matrix) for (const value of row) sum += value * value;
  return Math.sqrt(sum);
}
