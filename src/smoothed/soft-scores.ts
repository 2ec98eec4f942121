import type { BatchLogits } from './draw-votes.ts';

/** Takes the scores of one row. @internal */
export type SeeScores = (scores: Float64Array, isDrawn: boolean) => void;

/**
 * Shows the scores softmax(β · logits) of each row of a batch, in float64; a row that could not be drawn has the score 0 everywhere, and
 * `isDrawn` is false.
 *
 * The array that `see` gets is used again for the next row.
 * @internal
 */
export function forEachScores({ logits, failed }: BatchLogits, numClasses: number, beta: number, see: SeeScores): void {
  const scores = new Float64Array(numClasses);
  for (let begin = 0, row = 0; begin < logits.length; begin += numClasses, row++) {
    const isDrawn = !failed.has(row);
    if (!isDrawn) scores.fill(0);
    else softmax(logits.subarray(begin, begin + numClasses), beta, scores);
    see(scores, isDrawn);
  }
}

function softmax(logits: Float32Array, beta: number, out: Float64Array): void {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  let sum = 0;
  for (let c = 0; c < out.length; c++) {
    const weight = Math.exp(beta * ((logits[c] as number) - largest));
    out[c] = weight;
    sum += weight;
  }
  for (let c = 0; c < out.length; c++) out[c] = (out[c] as number) / sum;
}
