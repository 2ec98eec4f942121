import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { parseField } from '../options/parse.ts';
import { inverseOf, largestEigenvalue, type SquareMatrix } from './small-matrices.ts';

/** Radii of a certificate of ‖S⁻¹δ‖₂ in the norms of changes, in input units. */
export interface LinearRadii {
  /** z times the smallest singular value of S: all that the ball of that radius holds is covered, and no larger ball is. */
  readonly l2: number;
  /** z over the largest length of a column of S⁻¹. */
  readonly l1: number;
  /** z over the largest ‖S⁻¹s‖₂ of vectors s of signs, up to 20 coordinates; beyond that z/√Σ|M|, M = S⁻ᵀS⁻¹, which is sound and may be smaller. */
  readonly linf: number;
}

const CALL = 'linearRadii';

/** Up to so many coordinates all vectors of signs are tried. */
const MOST_ENUMERATED = 20;

/** Beyond, the cube of the dimension takes minutes. */
const MOST_COORDINATES = 500;

const mapField = fields.field<SquareMatrix>(
  `must be a square matrix of finite numbers, row by row, of at most ${MOST_COORDINATES} rows`,
  (value) =>
    Array.isArray(value) &&
    fields.isInteger(value.length, 1, MOST_COORDINATES) &&
    value.every(
      (row: unknown) => Array.isArray(row) && row.length === value.length && row.every(fields.isFiniteNumber),
    ),
);

/**
 * Radii of smoothing with the noise S w, w standard normal, whose certificate is ‖S⁻¹δ‖₂ < z: how large a change may be in ℓ2, ℓ1 and ℓ∞. Rounded down.
 *
 * z over the Frobenius norm of S⁻¹ is no radius in ℓ∞, though it looks like one: it is a mean over signs, and the worst signs are longer. For S with one
 * scale on the diagonal for each coordinate, take {@link GaussianNoise} with a list and {@link gaussianRegion}.
 *
 * @param map - S, by rows: `map[i][j]` is what w_j adds to coordinate i
 * @param z - Φ⁻¹ of the lower bound on the probability of the class, or any radius in units of w, at least 0
 * @throws OptionError unless `map` is square and has an inverse that float64 can hold, and `z` is at least 0
 * @example
 * ```ts
 * linearRadii([[1, 0], [1, 1]], 1.5); // { l2: 0.927..., l1: 1.060..., linf: 0.670... }
 * ```
 */
export function linearRadii(map: readonly (readonly number[])[], z: number): LinearRadii {
  const rows = parseField(CALL, 'map', mapField, map);
  parseField(CALL, 'z', fields.nonNegative, z);
  const inverse = inverseOf(rows);
  if (inverse === undefined) {
    const way = 'it is singular, or nearly so: noise along some direction vanishes';
    throw refusal(OptionError, { call: CALL, field: 'map', value: map, way }, 'must have an inverse');
  }
  const { matrix, error } = inverse;
  // ‖S⁻¹v‖ is at most (1 + 2 error) ‖Xv‖ for the computed inverse X; the rest pays for the roundings below.
  const outward = (1 + 2 * error) * (1 + 4 * (rows.length + 8) * 2 ** -52);
  const over = (length: number): number => z / (length * outward);
  return {
    l2: over(Math.sqrt(largestEigenvalue(gram(matrix)))),
    l1: over(Math.max(...columnsOf(matrix).map((column) => Math.hypot(...column)))),
    linf: over(rows.length <= MOST_ENUMERATED ? longestOfSigns(columnsOf(matrix)) : Math.sqrt(absoluteSum(matrix))),
  };
}

const columnsOf = (matrix: SquareMatrix): number[][] => matrix.map((_, j) => matrix.map((row) => row[j]!));

/** XᵀX. */
function gram(matrix: SquareMatrix): number[][] {
  const columns = columnsOf(matrix);
  return columns.map((a) => columns.map((b) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)));
}

const absoluteSum = (matrix: SquareMatrix): number =>
  gram(matrix)
    .flat()
    .reduce((sum, m) => sum + Math.abs(m), 0);

/** The largest ‖Σ sⱼcⱼ‖₂ of signs s; that of the first column is free. */
function longestOfSigns(columns: readonly (readonly number[])[]): number {
  const longestFrom = (sum: readonly number[], next: number): number => {
    const column = columns[next];
    if (column === undefined) return sum.reduce((total, value) => total + value * value, 0);
    const plus = longestFrom(
      sum.map((value, i) => value + column[i]!),
      next + 1,
    );
    return Math.max(
      plus,
      longestFrom(
        sum.map((value, i) => value - column[i]!),
        next + 1,
      ),
    );
  };
  return Math.sqrt(longestFrom(columns[0]!, 1));
}
