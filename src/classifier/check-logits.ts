import { ClassifierError } from '../errors.ts';
import type { ClassifierOutput } from './types.ts';

const SUM_TOLERANCE = 1e-3;
// With fewer rows, honest logits could look like probabilities by accident.
/** @internal */
export const LEAST_ROWS_TO_JUDGE = 8;

/** Throws unless the output has shape [batch, numClasses]; any class count of at least 2 passes when none is given. @internal */
export function assertLogitsShape(
  call: string,
  { shape }: { readonly shape: readonly number[] },
  batch: number,
  numClasses?: number,
): void {
  const [rows, columns = 0] = shape;
  if (shape.length !== 2 || rows !== batch) {
    throw new ClassifierError(
      `\`classifier\` must return shape [batch, numClasses] = [${batch}, ${numClasses ?? 'C'}], got [${shape}]`,
      { call, field: 'classifier', value: shape },
    );
  }
  if (columns < 2) {
    throw new ClassifierError(`\`classifier\` must return one logit for each of at least 2 classes, got ${columns}`, {
      call,
      field: 'classifier',
      value: columns,
    });
  }
  if (numClasses !== undefined && columns !== numClasses) {
    throw new ClassifierError(
      `\`numClasses\` must equal the number of logits of the classifier (${columns}), got ${numClasses}`,
      { call, field: 'numClasses', value: numClasses },
    );
  }
}

/** Throws at the first logit that is NaN or infinite. A row with such a logit must never become a vote. @internal */
export function assertFiniteLogits(call: string, logits: ArrayLike<number>): void {
  for (let i = 0; i < logits.length; i++) {
    const value = logits[i] as number;
    if (value - value === 0) continue;
    throw new ClassifierError(
      `\`classifier\` must return finite logits, got ${value} (check the weights and the scale of the inputs)`,
      { call, field: 'classifier', value },
    );
  }
}

/**
 * Makes a function that is shown the rows batch by batch and throws once they contradict the declared kind of output:
 * probabilities where logits are declared, or a row that is no distribution where probabilities are declared. It returns true once no row
 * that follows can contradict them.
 * @internal
 */
export function outputJudge(
  call: string,
  numClasses: number,
  output: ClassifierOutput,
): (values: ArrayLike<number>) => boolean {
  let rows = 0;
  let distributions = 0;
  return (values) => {
    if (output === 'logits' && distributions < rows) return true; // one row that is no distribution settles it
    rows += values.length / numClasses;
    distributions += countDistributions(values, numClasses);
    if (output === 'logits' && rows >= LEAST_ROWS_TO_JUDGE && distributions === rows) {
      throw new ClassifierError(
        "`output` must be 'probabilities' for a classifier whose rows are probabilities, got 'logits' " +
          "(set `output: 'probabilities'`, or remove the final softmax)",
        { call, field: 'output', value: output },
      );
    }
    if (output === 'probabilities' && distributions < rows) {
      throw new ClassifierError(
        "`output` must be 'logits' for a classifier whose rows are not non-negative with sum 1, got 'probabilities'",
        { call, field: 'output', value: output },
      );
    }
    return distributions < rows;
  };
}

/** How many rows are non-negative with sum 1. @internal */
export function countDistributions(values: ArrayLike<number>, numClasses: number): number {
  let found = 0;
  for (let row = 0; row < values.length; row += numClasses) {
    let sum = 0;
    let least = Infinity;
    for (let c = 0; c < numClasses; c++) {
      const probability = values[row + c] as number;
      sum += probability;
      least = Math.min(least, probability);
    }
    if (least >= 0 && Math.abs(sum - 1) <= SUM_TOLERANCE) found++;
  }
  return found;
}

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
