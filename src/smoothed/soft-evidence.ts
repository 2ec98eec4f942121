import type * as tf from '@tensorflow/tfjs';
import type { ScoreSums } from '../certify/types.ts';
import { topClass } from '../certify/vote-counts.ts';
import { certificateKeys } from '../random/purposes.ts';
import { noiseAssumptions, noiseRecord, type SoftSettings } from './certificates.ts';
import {
  type KeptSamples,
  type OtherSamples,
  otherSamples,
  type SampleName,
  type SamplePiece,
  type SampleRecord,
} from './earlier-samples.ts';
import type { SampleRequest } from './read-rows.ts';
import { softRule } from './soft-bound.ts';
import { classSums, type RunningSums, type ScoredClassifier, scoreSums } from './soft-scores.ts';

/** What is drawn for a soft certificate, and who is told on the way. */
interface SoftRequest extends SampleRequest {
  readonly n0: number;
  /** At which the scores are counted; undefined where they are not. */
  readonly thresholds: readonly number[] | undefined;
  readonly kept: KeptSamples | undefined;
  readonly record: SampleRecord;
  /** Told after each batch how many copies count. */
  readonly onDrawn: ((drawn: number) => void) | undefined;
}

/** What a soft certificate follows from. */
interface SoftEvidence {
  readonly cAHat: number;
  readonly scores: ScoreSums;
  /** Estimation samples that could not be drawn. */
  readonly failures: number;
}

/** Of the estimation sample, before the counts: sum, sum of squares, failures. */
const SUMS = 3;

/** Where the two samples stand. */
type Standing = Readonly<Record<SampleName, RunningSums>>;

/**
 * Draws the selection sample and the estimation sample of a soft certificate, or what an earlier run has left of them.
 *
 * The sums of an earlier run count once its first batch has been drawn again, to the same sums; else all is drawn anew.
 * @internal
 */
export async function softEvidence(
  scored: ScoredClassifier,
  x: tf.Tensor,
  request: SoftRequest,
): Promise<SoftEvidence> {
  const { key, n0, n, kept, record, onDrawn } = request;
  const keys = certificateKeys(key);
  const begun = performance.now();
  const { earlier, other } = await earlierSums(scored, x, request);
  let untold = other;
  const tell = (sample: SampleName, start: number, { drawn, sums }: RunningSums): void => {
    const all = sample === 'selection' ? drawn : n0 + drawn;
    const milliseconds = performance.now() - begun + (kept?.earlier?.milliseconds ?? 0);
    const pieces = [{ sample, start, drawn: drawn - start, values: sums }];
    kept?.onNews({ record, pieces, other: untold, drawn: all, milliseconds });
    untold = undefined;
    onDrawn?.(all);
  };
  const requestFor = (sample: SampleName): Parameters<typeof classSums>[2] => {
    let start = earlier[sample].drawn;
    const onBatch = (now: RunningSums): void => {
      tell(sample, start, now);
      start = now.drawn;
    };
    return { ...request, key: keys[sample], n: sample === 'selection' ? n0 : n, from: earlier[sample], onBatch };
  };
  const cAHat = leader(await classSums(scored, x, requestFor('selection')), n0);
  const { thresholds } = request;
  const counted = { label: cAHat, thresholds: thresholds ?? [] };
  const sums = await scoreSums(counted, scored, x, requestFor('estimation'));
  const [sum = 0, sumOfSquares = 0, failures = 0, ...counts] = sums;
  return { cAHat, scores: { sum, sumOfSquares, ...(thresholds && { counts }) }, failures };
}

/** The class with the largest mean score. */
const leader = (sums: readonly number[], n0: number): number => topClass(sums.map((sum) => sum / n0));

/** What counts of an earlier run, and why nothing does. */
async function earlierSums(
  scored: ScoredClassifier,
  x: tf.Tensor,
  { kept, record, ...request }: SoftRequest,
): Promise<{ readonly earlier: Standing; readonly other?: OtherSamples | undefined }> {
  const { numClasses } = scored.voting;
  const { thresholds = [] } = request;
  const width = SUMS + thresholds.length;
  const nothing: Standing = {
    selection: { drawn: 0, sums: new Array<number>(numClasses).fill(0) },
    estimation: { drawn: 0, sums: new Array<number>(width).fill(0) },
  };
  if (kept?.earlier === undefined) return { earlier: nothing };
  const { pieces } = kept.earlier;
  const other = otherSamples(record, kept.earlier, (piece) => isSum(piece, numClasses, width));
  if (other !== undefined) return { earlier: nothing, other };
  const standing = (sample: SampleName): RunningSums => {
    const last = pieces.findLast((piece) => piece.sample === sample);
    return last ? { drawn: last.start + last.drawn, sums: last.values } : nothing[sample];
  };
  const earlier = { selection: standing('selection'), estimation: standing('estimation') };
  const first = pieces.find(({ sample }) => sample === pieces.at(-1)?.sample);
  if (first === undefined) return { earlier };
  const { sample, drawn, values } = first;
  // In a batch of the same size: the last bits of logits may depend on it.
  const again = {
    ...request,
    key: certificateKeys(request.key)[sample],
    n: drawn,
    batchSize: drawn,
    from: nothing[sample],
  };
  const counted = { label: leader(earlier.selection.sums, request.n0), thresholds };
  const sums = await (sample === 'selection' ? classSums(scored, x, again) : scoreSums(counted, scored, x, again));
  return sums.every((sum, i) => sum === values[i]) ? { earlier } : { earlier: nothing, other: { kind: 'votes' } };
}

/** Whether a piece holds sums of scores in [0, 1]; of the estimation sample, so many: sum, sum of squares, failures, and counts at thresholds. */
function isSum({ sample, start, drawn, values }: SamplePiece, numClasses: number, width: number): boolean {
  const most = start + drawn;
  const isInRange = values.every((value) => value >= 0 && value <= most);
  if (sample === 'selection') return isInRange && values.length === numClasses;
  const [sum = 0, sumOfSquares = 0, failures = 0, ...counts] = values;
  return (
    isInRange &&
    values.length === width &&
    counts.every((count, j) => Number.isInteger(count) && count <= (counts[j - 1] ?? most)) &&
    sumOfSquares <= sum * (1 + 1e-9) &&
    Number.isInteger(failures) &&
    sum <= most - failures
  );
}

/** What the scores of an example depend on. @internal */
export function softRecord(settings: SoftSettings, numClasses: number): SampleRecord {
  const { key, n0, n, alpha, norm, noise, dimension } = settings;
  return {
    smoothing: 'soft',
    noise: noiseRecord(noise),
    norm,
    rule: softRule(settings),
    n0,
    n,
    alpha,
    checkEvery: n,
    domain: noise.domain,
    assumptions: noiseAssumptions(noise, settings),
    dimension,
    key,
    classes: numClasses,
  };
}
