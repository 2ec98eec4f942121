import { OptionError, refusal } from '../../errors.ts';
import { centerKeys, certificateKeys } from '../../random/purposes.ts';
import type { Key } from '../../types.ts';
import type { SamplePhases } from '../outputs/phased-process.ts';
import type { ValuesPiece } from '../outputs/read-values.ts';
import type { ValuesLayout } from '../outputs/values-layout.ts';
import { type CenterSearch, centerSearch, isUndrawn } from './center-certificate.ts';
import { type CenterCandidates, coveringIndex, type CoveringRequest } from './center-statistics.ts';
import type { CheckedDistance } from './distances.ts';

/** How outputs are read and compared. @internal */
export interface OutputSpace {
  /** The public call, for error texts. */
  readonly call: string;
  readonly layout: ValuesLayout;
  readonly distance: CheckedDistance;
}

/** How a center is looked for. @internal */
export interface SearchSettings {
  readonly delta: number;
  readonly candidates: CenterCandidates;
  readonly n: number;
  readonly check: number;
  readonly alpha: number;
}

/** A search with the center that it found. @internal */
export interface FoundCenter {
  readonly search: CenterSearch;
  /** Undefined for an abstention. */
  readonly center: Float32Array | undefined;
}

/** A phase without a stop in it is read in whole batches. */
const fixedPhase = (key: Key, n: number) => ({ key, n, every: n, ask: undefined });

/** An output that was drawn; without a row where its numbers are not all finite: then it is infinitely far from all. */
interface Output {
  readonly row: Float32Array | undefined;
}

/**
 * Draws candidates, samples and check samples, and finds the candidate whose ball around a majority of the samples is the smallest.
 *
 * Where the candidates are draws of their own, only they are kept, and of the samples their distances to them.
 * @internal
 */
export function* searchPhases(
  key: Key,
  settings: SearchSettings,
  space: OutputSpace,
): SamplePhases<ValuesPiece, FoundCenter, unknown> {
  const { candidates, n, check } = settings;
  const keys = centerKeys(key);
  const majority = Math.floor(n / 2) + 1;
  const isOfSamples = candidates === 'samples';
  const kept: (Output | undefined)[] = [];
  const keep = (piece: ValuesPiece): void => {
    for (const output of outputsOf(piece, space)) kept.push(output && { row: output.row?.slice() });
  };
  const undrawn = { candidates: 0, samples: 0 };
  if (!isOfSamples) {
    yield { ...fixedPhase(keys.candidates, candidates), take: keep };
    undrawn.candidates = kept.filter((output) => output === undefined).length;
  }

  const distances = isOfSamples ? [] : kept.map(() => new Float64Array(n));
  let taken = 0;
  const compare = (piece: ValuesPiece): void => {
    for (const output of outputsOf(piece, space)) {
      undrawn.samples += output === undefined ? 1 : 0;
      for (const [k, list] of distances.entries()) list[taken] = output ? far(space, kept[k], output) : 0;
      taken++;
    }
  };
  yield { ...fixedPhase(keys.samples, n), take: isOfSamples ? keep : compare };
  if (isOfSamples) undrawn.samples = kept.filter((output) => output === undefined).length;

  const radiusOf = (k: number, below: number): number =>
    isOfSamples ? ballAround(k, kept, { majority, below }, space) : (distances[k]?.sort()[majority - 1] ?? Infinity);
  const best = isUndrawn(undrawn, majority) ? undefined : smallestBall(kept.length, radiusOf);
  const center = best && kept[best.index]?.row;
  const evidence = { ...settings, undrawn, centerIndex: best?.index ?? null, ballRadius: best?.radius ?? null };
  if (best === undefined || center === undefined) {
    return { search: centerSearch({ ...evidence, inside: 0 }), center: undefined };
  }
  let inside = 0;
  const count = (piece: ValuesPiece): void => {
    for (const output of outputsOf(piece, space)) {
      inside += output !== undefined && far(space, { row: center }, output) <= best.radius ? 1 : 0;
    }
  };
  yield { ...fixedPhase(keys.check, check), take: count };
  const search = centerSearch({ ...evidence, inside });
  return { search, center: search.abstained ? undefined : center };
}

/** The first candidate with the smallest ball; undefined where none is finite. A ball that is not below another need not be measured. */
function smallestBall(
  candidates: number,
  radiusOf: (candidate: number, below: number) => number,
): { readonly index: number; readonly radius: number } | undefined {
  let best: { readonly index: number; readonly radius: number } | undefined;
  for (let index = 0; index < candidates; index++) {
    const below = best?.radius ?? Infinity;
    const radius = radiusOf(index, below);
    if (radius < below) best = { index, radius };
  }
  return best;
}

/** The m-th smallest distance of one sample to all; Infinity as soon as it is clear that it is not below a number. */
function ballAround(
  k: number,
  kept: readonly (Output | undefined)[],
  { majority, below }: { readonly majority: number; readonly below: number },
  space: OutputSpace,
): number {
  const from = kept[k];
  if (from?.row === undefined) return Infinity;
  const distances = new Float64Array(kept.length);
  let beyond = 0;
  for (const [i, output] of kept.entries()) {
    const distance = output ? far(space, from, output) : 0;
    distances[i] = distance;
    beyond += distance >= below ? 1 : 0;
    if (beyond > kept.length - majority) return Infinity;
  }
  return distances.sort()[majority - 1] ?? Infinity;
}

/** How the distances to a center are drawn. @internal */
export interface CoveringSettings {
  readonly key: Key;
  readonly n: number;
  /** For each of the radii what its index rests on. */
  readonly bounds: readonly Omit<CoveringRequest, 'n' | 'isAnytime'>[];
  /** Drawing stops once 3R is at most this within all of the radii. */
  readonly stopAt: number | null;
  readonly checkEvery: number;
}

/** What the draws around a center say. @internal */
export interface Covering {
  readonly nUsed: number;
  readonly missing: number;
  /** For each of the radii the distance of its index, null where it is not known. */
  readonly coveringRadii: readonly (number | null)[];
}

/** Draws distances to a center, and finds those that cover enough of the outputs. @internal */
export function* coveringPhases(
  center: Float32Array,
  { key, n, bounds, stopAt, checkEvery }: CoveringSettings,
  space: OutputSpace,
): SamplePhases<ValuesPiece, Covering, unknown> {
  const isAnytime = stopAt !== null;
  const distances = new GrowingList();
  let isLooked = false;
  const take = (piece: ValuesPiece): void => {
    if (!isLooked) assertSize(space, center);
    isLooked = true;
    for (const output of outputsOf(piece, space)) distances.push(far(space, { row: center }, output));
  };
  const isEnough = (used: number): boolean => {
    const near = distances.count((distance) => 3 * distance <= (stopAt ?? 0));
    return bounds.every((bound) => near >= (coveringIndex({ ...bound, n: used, isAnytime }) ?? Infinity));
  };
  const { estimation } = certificateKeys(key);
  const every = isAnytime ? checkEvery : n;
  yield { key: estimation, n, every, ask: undefined, take, isEnough: isAnytime ? isEnough : undefined };
  const sorted = distances.sorted();
  const coveringRadii = bounds.map((bound) => {
    const index = coveringIndex({ ...bound, n: sorted.length, isAnytime });
    const distance = index === null ? Infinity : (sorted[index - 1] ?? Infinity);
    return Number.isFinite(distance) ? distance : null;
  });
  const missing = distances.count((distance) => distance === Infinity);
  return { nUsed: sorted.length, missing, coveringRadii };
}

/** Numbers, as many as come. */
class GrowingList {
  #values = new Float64Array(256);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  count(isCounted: (value: number) => boolean): number {
    let counted = 0;
    for (let i = 0; i < this.#length; i++) counted += isCounted(this.#values[i] as number) ? 1 : 0;
    return counted;
  }

  sorted(): Float64Array {
    return this.#values.slice(0, this.#length).sort();
  }
}

/** The outputs of a piece, valid until the next batch; undefined for those that could not be drawn. */
function* outputsOf(
  { drawn, values, failed }: ValuesPiece,
  { layout: { size } }: OutputSpace,
): Generator<Output | undefined, void, undefined> {
  const undrawn = new Set(failed);
  for (let i = 0; i < drawn; i++) {
    const row = values.subarray(i * size, (i + 1) * size);
    yield undrawn.has(i) ? undefined : { row: isFiniteRow(row) ? row : undefined };
  }
}

/** The distance of two outputs, Infinity where one is absent or not finite. */
function far({ call, distance }: OutputSpace, a: Output | undefined, b: Output | undefined): number {
  return a?.row === undefined || b?.row === undefined ? Infinity : distance.between(call, a.row, b.row);
}

/** Whether an output consists of finite numbers. */
function isFiniteRow(row: Float32Array): boolean {
  for (const value of row) if (value - value !== 0) return false;
  return true;
}

function assertSize({ call, layout: { size } }: OutputSpace, center: Float32Array): void {
  if (center.length === size) return;
  const details = { call, field: 'center', value: center.length, got: `${center.length} numbers` };
  throw refusal(OptionError, details, `must have the ${size} numbers of an output`);
}
