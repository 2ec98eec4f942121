import { ClassifierError, refusal } from '../errors.ts';
import type { ClassifierOutput } from './types.ts';

const SUM_TOLERANCE = 1e-3;
/** With fewer rows, honest logits could look like probabilities by accident. @internal */
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
    const must = `must return shape [batch, numClasses] = [${batch}, ${numClasses ?? 'C'}]`;
    throw refusal(ClassifierError, { call, field: 'classifier', value: shape, got: `[${shape}]` }, must);
  }
  if (columns < 2) {
    const must = 'must return one logit for each of at least 2 classes';
    const way = columns === 1 ? 'binary(classifier, { output }) makes two classes of one unit' : undefined;
    throw refusal(ClassifierError, { call, field: 'classifier', value: columns, way }, must);
  }
  if (numClasses !== undefined && columns !== numClasses) {
    const must = `must equal the number of logits of the classifier (${columns})`;
    throw refusal(ClassifierError, { call, field: 'numClasses', value: numClasses }, must);
  }
}

/** Throws at the first logit that is NaN or infinite. A row with such a logit must never become a vote. @internal */
export function assertFiniteLogits(call: string, logits: ArrayLike<number>): void {
  for (let i = 0; i < logits.length; i++) {
    const value = logits[i] as number;
    if (value - value === 0) continue;
    const way = 'check the weights and the scale of the inputs';
    throw refusal(ClassifierError, { call, field: 'classifier', value, way }, 'must return finite logits');
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
      const way = "set `output: 'probabilities'`, or remove the final softmax";
      const must = "must be 'probabilities' for a classifier whose rows are probabilities";
      throw refusal(ClassifierError, { call, field: 'output', value: output, got: `'${output}'`, way }, must);
    }
    if (output === 'probabilities' && distributions < rows) {
      const must = "must be 'logits' for a classifier whose rows are not non-negative with sum 1";
      throw refusal(ClassifierError, { call, field: 'output', value: output, got: `'${output}'` }, must);
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
  const got = `logits that differ by ${Number(most.toPrecision(3))} when ${when}`;
  const details = { call, field: 'classifier', value: most, got, way };
  throw refusal(ClassifierError, details, 'must be one fixed function of each row');
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
