/**
 * The log of a training: one row for each epoch, tab-separated, with the columns of the official logs that we have.
 */

/** Figures of an epoch. */
export interface EpochRow {
  /** From 0. */
  readonly epoch: number;
  /** Time of the training steps, on one core. */
  readonly seconds: number;
  readonly learningRate: number;
  /** Mean of the losses of the steps. */
  readonly trainingLoss: number;
  /** Mean cross-entropy of the base classifier on the test images, one draw of noise. */
  readonly testLoss: number;
  /** Accuracy of the base classifier on the test images under the same draw. */
  readonly testAccuracy: number;
}

const HEADER = 'epoch\tseconds\tlr\ttrain loss\ttest loss\ttest acc\n';

/** The text of a log. */
export function trainingLog(rows: readonly EpochRow[]): string {
  const lines = rows.map(({ epoch, seconds, learningRate, trainingLoss, testLoss, testAccuracy }) =>
    [
      epoch,
      seconds.toFixed(1),
      Number(learningRate.toPrecision(6)),
      trainingLoss.toFixed(4),
      testLoss.toFixed(4),
      (100 * testAccuracy).toFixed(2),
    ].join('\t'),
  );
  return `${HEADER}${lines.map((line) => `${line}\n`).join('')}`;
}
