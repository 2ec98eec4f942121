import type { BatchLogits } from './draw-votes.ts';

/** The vote of a copy that could not be drawn. */
const NO_VOTE = -1;

/** Hard votes: for each row the class of its largest logit, the lowest index among equals, or {@link NO_VOTE}. @internal */
export function votesOf({ logits, failed }: BatchLogits, numClasses: number): Int32Array {
  const votes = new Int32Array(logits.length / numClasses);
  for (let row = 0; row < votes.length; row++) {
    votes[row] = failed.has(row) ? NO_VOTE : argMax(logits, row * numClasses, numClasses);
  }
  return votes;
}

/** Index of the largest of `length` values from `begin`; the lowest index among equals. */
function argMax(values: Float32Array, begin: number, length: number): number {
  let best = 0;
  for (let c = 1; c < length; c++) {
    if ((values[begin + c] as number) > (values[begin + best] as number)) best = c;
  }
  return best;
}
