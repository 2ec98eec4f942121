import { topClass } from '../../certify/vote-counts.ts';
import { certificateKeys } from '../../random/purposes.ts';
import type { Noise } from '../../noise/types.ts';
import type { InputRange, Norm } from '../../types.ts';
import type { OutputExample } from '../outputs/output-runs.ts';
import type { SamplePhases } from '../outputs/phased-process.ts';
import type { ValuesPiece } from '../outputs/read-values.ts';
import { isEnough, rangeOfScore, scoreCertificate, shareOfAlpha } from './score-certificate.ts';
import type { ScoreSettings } from './score-options.ts';
import { SideTally, thresholdsFrom } from './score-tallies.ts';
import type { ScoreCertificate, ScoreName } from './types.ts';

/** Pieces end at multiples of this. */
const EVERY = 100;

/** The model whose scores are certified. */
interface ScoredModel {
  readonly noise: Noise;
  readonly numClasses: number;
  readonly beta: number;
  readonly inputRange: InputRange;
  /** Fills in the scores of one row of outputs. */
  readonly fill: (row: Float32Array, beta: number, out: Float64Array) => void;
}

/** Settings of a call, checked. @internal */
export interface ScoreRequest extends ScoreSettings {
  readonly call: string;
  readonly norm: Norm;
}

/** The samples of one example, and its certificate: the selection sample chooses the class and the thresholds. @internal */
export function* scorePhases(
  model: ScoredModel,
  { key, dimension, inferenceForm }: OutputExample,
  request: ScoreRequest,
): SamplePhases<ValuesPiece, ScoreCertificate> {
  const { call, n0, n, alpha, norm, score, bound, radii, side, looks, enough } = request;
  const { noise, beta, inputRange } = model;
  const keys = certificateKeys(key);
  const range = rangeOfScore(score);
  const sums = new Float64Array(n0 === 0 ? 0 : model.numClasses);
  const rows: Float64Array[] = [];
  const select = (scores: Float64Array): void => {
    scores.forEach((value, c) => (sums[c] = (sums[c] as number) + value));
    rows.push(scores.slice());
  };
  const selection = { key: keys.selection, n: n0, every: EVERY, ask: undefined };
  yield { ...selection, take: (piece) => void eachScores(model, piece, select) };

  const label = request.class ?? topClass([...sums]);
  const chosen = rows.map((scores) => scoreOf(score, scores, label));
  const tallies = sidesOf(side).map((one) => {
    const { thresholds: given } = request;
    const most = typeof given === 'number' ? thresholdsFrom(chosen, given, { side: one, range }) : given;
    return [one, new SideTally(one, bound === 'band' ? undefined : most, bound !== 'thresholds')] as const;
  });
  let failures = 0;
  const count = (scores: Float64Array): void => {
    const value = scoreOf(score, scores, label);
    for (const [, tally] of tallies) tally.take(value);
  };
  const quantiles = bound !== 'band' && typeof request.thresholds === 'number' ? request.thresholds : null;
  const each = shareOfAlpha(alpha, { bound, looks, isTwoSided: side === 'both' });
  const certificateAt = (nUsed: number): ScoreCertificate => {
    const counted = new Map(tallies.map(([one, tally]) => [one, tally.counted(nUsed, each)]));
    return scoreCertificate(call, {
      ...(looks && { looks, enough, nUsed }),
      ...{
        key,
        n0,
        n,
        alpha,
        norm,
        dimension,
        noise,
        beta,
        score,
        bound,
        quantiles,
        radii,
        label,
        inputRange,
        inferenceForm,
        failures,
      },
      isGiven: request.class !== undefined,
      selectionSums: [...sums],
      lower: counted.get('lower'),
      upper: counted.get('upper'),
    });
  };
  let used = n;
  const ends = (drawn: number): boolean => {
    if (!looks?.includes(drawn) || !isEnough(certificateAt(drawn))) return false;
    used = drawn;
    return true;
  };
  const estimation = { key: keys.estimation, n, every: looks ? divisorOf(looks) : EVERY, ask: undefined };
  const take = (piece: ValuesPiece): void => void (failures += eachScores(model, piece, count));
  yield { ...estimation, take, isEnough: looks && ends };
  return certificateAt(used);
}

/** The greatest common divisor: looks fall on multiples of it. */
function divisorOf(looks: readonly number[]): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  return looks.reduce(divisor);
}

/** The sides of which bounds are asked for. */
function sidesOf(side: 'lower' | 'upper' | 'both'): readonly ('lower' | 'upper')[] {
  return side === 'both' ? ['lower', 'upper'] : [side];
}

/** Shows the scores of each sample that was drawn; how many were not. */
function eachScores(
  { numClasses, beta, fill }: ScoredModel,
  { values, drawn, failed }: ValuesPiece,
  see: (scores: Float64Array) => void,
): number {
  const scores = new Float64Array(numClasses);
  const isVoid = new Set(failed);
  for (let row = 0; row < drawn; row++) {
    if (isVoid.has(row)) continue;
    fill(values.subarray(row * numClasses, (row + 1) * numClasses), beta, scores);
    see(scores);
  }
  return isVoid.size;
}

/** The score of one class. */
function scoreOf(name: ScoreName, scores: Float64Array, label: number): number {
  const own = scores[label] as number;
  if (name === 'softmax') return own;
  return own - scores.reduce((most, score, c) => (c === label ? most : Math.max(most, score)), 0);
}
