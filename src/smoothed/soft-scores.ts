import type * as tf from '@tensorflow/tfjs';
import type { ScoreSums } from '../certify/types.ts';
import type { ClassifierOutput } from '../classifier/types.ts';
import { hostTurns } from '../host/turns.ts';
import type { Noise } from '../noise/types.ts';
import { sampleRange, valuesFor } from './noisy-copies.ts';
import { type BatchRows, rowsReader, type SampleRequest, type VotingClassifier } from './read-rows.ts';

/** A classifier under noise whose scores are softmax(β · logits), which is p^β / Σ p^β of probabilities. @internal */
export interface ScoredClassifier {
  readonly voting: VotingClassifier;
  readonly noise: Noise;
  /** The inverse temperature β. */
  readonly beta: number;
}

/** Mean score per class over samples 0 .. n − 1; a sample that could not be drawn has score 0 for every class. @internal */
export async function meanScores(scored: ScoredClassifier, x: tf.Tensor, request: SampleRequest): Promise<number[]> {
  const sums = new Float64Array(scored.voting.numClasses);
  await eachScores(scored, x, request, (scores) => addTo(sums, scores));
  return Array.from(sums, (sum) => sum / request.n);
}

/** Sums over the scores of samples that are drawn on from where they stand. @internal */
export interface RunningSums {
  /** Number of samples in the sums. */
  readonly drawn: number;
  readonly sums: readonly number[];
}

/** How far to draw, and who is told after each batch. */
interface SumRequest extends SampleRequest {
  readonly from: RunningSums;
  readonly onBatch?: ((now: RunningSums) => void) | undefined;
}

/** Sum of the scores per class over samples 0 .. n − 1, those up to `from.drawn` taken from there. @internal */
export async function classSums(scored: ScoredClassifier, x: tf.Tensor, request: SumRequest): Promise<number[]> {
  return runningSums(scored, x, request, (sums, scores) => addTo(sums, scores));
}

/** The class whose scores are summed, and the thresholds above 0 at which they are counted. @internal */
export interface SummedScores {
  readonly label: number;
  readonly thresholds: readonly number[];
}

/**
 * Sum of the scores of one class, sum of their squares, how many samples could not be drawn, and how many scores are at least each threshold, as
 * {@link classSums}.
 * @internal
 */
export async function scoreSums(
  { label, thresholds }: SummedScores,
  scored: ScoredClassifier,
  x: tf.Tensor,
  request: SumRequest,
): Promise<number[]> {
  return runningSums(scored, x, request, (sums, scores, isDrawn) => {
    const score = scores[label] as number;
    const more = [score, score * score, isDrawn ? 0 : 1];
    more.forEach((value, i) => (sums[i] = (sums[i] as number) + value));
    thresholds.forEach((threshold, j) => {
      if (score >= threshold) sums[more.length + j] = (sums[more.length + j] as number) + 1;
    });
  });
}

async function runningSums(
  scored: ScoredClassifier,
  x: tf.Tensor,
  request: SumRequest,
  add: (sums: Float64Array, scores: Float64Array, isDrawn: boolean) => void,
): Promise<number[]> {
  const { from, onBatch } = request;
  const sums = Float64Array.from(from.sums);
  const see: SeeScores = (scores, isDrawn) => add(sums, scores, isDrawn);
  await eachScores(scored, x, { ...request, start: from.drawn }, see, (drawn) =>
    onBatch?.({ drawn, sums: Array.from(sums) }),
  );
  return Array.from(sums);
}

/**
 * Mean score per class, and for each class the sums of the leads of `label` over it: (score_label − score_c + 1)/2, in [0, 1], whose mean
 * exceeds 1/2 where `label` leads. The lead of a sample that could not be drawn is 0: it may have been a loss.
 * @internal
 */
export async function leadsOf(
  label: number,
  scored: ScoredClassifier,
  x: tf.Tensor,
  request: SampleRequest,
): Promise<{ readonly means: readonly number[]; readonly leads: readonly ScoreSums[] }> {
  const { numClasses } = scored.voting;
  const sums = new Float64Array(numClasses);
  const leads = new Float64Array(numClasses);
  const squares = new Float64Array(numClasses);
  await eachScores(scored, x, request, (scores, isDrawn) => {
    const own = scores[label] as number;
    const lead = scores.map((score) => (isDrawn ? (own - score + 1) / 2 : 0));
    addTo(sums, scores);
    addTo(leads, lead);
    lead.forEach((value, c) => (lead[c] = value * value));
    addTo(squares, lead);
  });
  return {
    means: Array.from(sums, (sum) => sum / request.n),
    leads: Array.from(leads, (sum, c) => ({ sum, sumOfSquares: squares[c] as number })),
  };
}

/** Takes the scores of one sample; the array is used again for the next. */
type SeeScores = (scores: Float64Array, isDrawn: boolean) => void;

/** Shows the scores of samples 0 .. n − 1, or from `start` on, around one example, in their order; of one that could not be drawn they are 0. */
async function eachScores(
  { voting, noise, beta }: ScoredClassifier,
  x: tf.Tensor,
  { call, key, n, batchSize, signal, run, start: first = 0 }: SampleRequest & { readonly start?: number },
  see: SeeScores,
  afterBatch: (drawn: number) => void = () => undefined,
): Promise<void> {
  const reader = rowsReader(voting, call, run);
  const hostTurn = hostTurns(signal);
  signal?.throwIfAborted();
  const values = await valuesFor(noise, x);
  for (let start = first; start < n;) {
    const count = Math.min(batchSize ?? voting.batches.next(x.size), n - start);
    showScores(await reader.rows([sampleRange(noise, x, { key, start, count }, values)]), voting, beta, see);
    start += count;
    afterBatch(start);
    await hostTurn();
  }
}

function showScores(
  { values: logits, failed }: BatchRows,
  { numClasses, output }: VotingClassifier,
  beta: number,
  see: SeeScores,
): void {
  const scores = new Float64Array(numClasses);
  const fillScores = scoreFiller(output);
  for (let begin = 0, row = 0; begin < logits.length; begin += numClasses, row++) {
    const isDrawn = !failed.has(row);
    if (!isDrawn) scores.fill(0);
    else fillScores(logits.subarray(begin, begin + numClasses), beta, scores);
    see(scores, isDrawn);
  }
}

/** Fills `out` with the scores of one row of outputs: softmax(β · logits), or p^β / Σ p^β of probabilities. @internal */
export function scoreFiller(output: ClassifierOutput): (row: Float32Array, beta: number, out: Float64Array) => void {
  return output === 'logits' ? softmax : powers;
}

function softmax(logits: Float32Array, beta: number, out: Float64Array): void {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  for (let c = 0; c < out.length; c++) out[c] = Math.exp(beta * ((logits[c] as number) - largest));
  normalize(out);
}

function powers(probabilities: Float32Array, beta: number, out: Float64Array): void {
  const largest = probabilities.reduce((most, p) => Math.max(most, p), 0);
  for (let c = 0; c < out.length; c++) out[c] = ((probabilities[c] as number) / largest) ** beta;
  normalize(out);
}

function normalize(out: Float64Array): void {
  const sum = out.reduce((total, weight) => total + weight, 0);
  for (let c = 0; c < out.length; c++) out[c] = (out[c] as number) / sum;
}

function addTo(sums: Float64Array, values: Float64Array): void {
  values.forEach((value, c) => (sums[c] = (sums[c] as number) + value));
}
