import { fillUniforms } from '../../random/fill-bits.ts';
import { conformalKeys } from '../../random/purposes.ts';
import { textDigest } from '../../random/text-digest.ts';
import type { CallContext } from '../../options/call-context.ts';
import type { Key } from '../../types.ts';
import { OutputRuns, type OutputRunSettings } from '../outputs/output-runs.ts';
import { PhasedProcess, type SamplePhases } from '../outputs/phased-process.ts';
import { type ValuesPiece, valuesReader } from '../outputs/read-values.ts';
import type { StreamExample } from '../types.ts';
import { drawsScore, sortedScores } from './conformal-sets.ts';
import type { ScoredModel, ScoreTarget } from './scored-model.ts';

/** What a calibration came to. @internal */
export interface Calibration {
  /** The key of its draws: point i had `foldIn(key, i)`. */
  readonly key: Key;
  /** Scores from the smallest; Infinity for those that were not seen. */
  readonly scores: Float64Array;
  /** Number of coordinates of an input. */
  readonly dimension: number;
  /** Draws of each point, and which counts; null where there was one. */
  readonly draws: { readonly calibration: number; readonly orderStatistic: number } | null;
}

/** The draws of one sample, read one after the other. @internal */
export class DrawnRows {
  readonly #scored: ScoredModel;
  readonly #uniforms: Key;
  readonly #uniform: Float32Array = new Float32Array(1);
  #next = 0;

  constructor(scored: ScoredModel, uniforms: Key) {
    this.#scored = scored;
    this.#uniforms = uniforms;
  }

  /** What the draws of a piece say, undefined for one that failed. */
  *read({ drawn, values, failed }: ValuesPiece): Generator<number[] | undefined, void, undefined> {
    const size = values.length / drawn;
    for (let row = 0; row < drawn; row++) {
      const draw = this.#next++;
      if (failed.includes(row)) yield undefined;
      else yield this.#scored.seen(values.subarray(row * size, (row + 1) * size), this.#uniformOf(draw));
    }
  }

  #uniformOf(draw: number): number {
    if (this.#scored.labelScore?.usesUniform !== true) return 0;
    fillUniforms(this.#uniform, { key: this.#uniforms, start: draw, dimension: 1 });
    return this.#uniform[0] as number;
  }
}

/** How a calibration is run. @internal */
export interface CalibrationRequest extends OutputRunSettings {
  /** What is true of the example with an index of the stream, once it was read. */
  readonly targetOf: (index: number) => ScoreTarget;
  readonly draws: Calibration['draws'];
}

/** The scores of examples for what is true of them, sorted; of many draws the j-th smallest of each. @internal */
export async function calibrate(
  context: CallContext,
  scored: ScoredModel,
  examples: AsyncIterable<StreamExample>,
  request: CalibrationRequest,
): Promise<Calibration> {
  const { key, draws } = request;
  const n = draws?.calibration ?? 1;
  let dimension = 0;
  const runs = new OutputRuns<CalibrationRequest, ValuesPiece, number, unknown>(scored.checked, {
    reader: valuesReader,
    process: (example, { targetOf }) => {
      dimension = example.dimension;
      return new PhasedProcess(pointScore(scored, { ...example, n, target: targetOf(example.index), draws }));
    },
    most: () => n,
    rowsOfExample: () => n,
  });
  const scores: number[] = [];
  for await (const { certificate } of runs.stream(context, examples, request)) scores.push(certificate);
  return { key, scores: sortedScores(scores), dimension, draws };
}

function* pointScore(
  scored: ScoredModel,
  point: {
    readonly key: Key;
    readonly n: number;
    readonly target: ScoreTarget;
    readonly draws: Calibration['draws'];
  },
): SamplePhases<ValuesPiece, number, unknown> {
  const keys = conformalKeys(point.key, 'calibration');
  const rows = new DrawnRows(scored, keys.uniforms);
  const scores: number[] = [];
  const take = (piece: ValuesPiece): void => {
    for (const seen of rows.read(piece)) scores.push(seen === undefined ? NaN : scored.scoreOf(seen, point.target));
  };
  yield { key: keys.noise, n: point.n, every: point.n, ask: undefined, take };
  return drawsScore(scores, point.draws?.orderStatistic ?? 1);
}

/** Checksum of a record, whatever the order of its fields was in a file. @internal */
export function recordDigest(record: object): string {
  return textDigest(JSON.stringify(ordered(record)));
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, entry]) => [name, ordered(entry)]));
}
