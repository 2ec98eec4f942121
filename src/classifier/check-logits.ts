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
          "(set output: 'probabilities', or remove the final softmax)",
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
