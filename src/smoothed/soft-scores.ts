import type { BatchLogits, Voters } from './draw-votes.ts';

/** Takes the scores of one row. @internal */
export type SeeScores = (scores: Float64Array, isDrawn: boolean) => void;

/**
 * Shows the scores of each row of a batch in float64: softmax(β · logits), which is p^β / Σ p^β of probabilities. A row that could not be drawn
 * has the score 0 everywhere, and `isDrawn` is false.
 *
 * The array that `see` gets is used again for the next row.
 * @internal
 */
export function forEachScores(
  { logits, failed }: BatchLogits,
  { numClasses, output }: Pick<Voters, 'numClasses' | 'output'>,
  beta: number,
  see: SeeScores,
): void {
  const scores = new Float64Array(numClasses);
  const scoresOf = output === 'logits' ? softmax : powers;
  for (let begin = 0, row = 0; begin < logits.length; begin += numClasses, row++) {
    const isDrawn = !failed.has(row);
    if (!isDrawn) scores.fill(0);
    else scoresOf(logits.subarray(begin, begin + numClasses), beta, scores);
    see(scores, isDrawn);
  }
}

function softmax(logits: Float32Array, beta: number, out: Float64Array): void {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  for (let c = 0; c < out.length; c++) {
    out[c] = Math.exp(beta * ((logits[c] as number) - largest));
  }
  normalize(out);
}

function powers(probabilities: Float32Array, beta: number, out: Float64Array): void {
  const largest = probabilities.reduce((most, p) => Math.max(most, p), 0);
  for (let c = 0; c < out.length; c++) {
    out[c] = ((probabilities[c] as number) / largest) ** beta;
  }
  normalize(out);
}

function normalize(out: Float64Array): void {
  const sum = out.reduce((total, weight) => total + weight, 0);
  for (let c = 0; c < out.length; c++) out[c] = (out[c] as number) / sum;
}
