import { DataError, OptionError } from '../errors.ts';
import type { SoftTargetRow } from '../recipes/soft-targets.ts';
import type { RowsFile } from './rows-file.ts';

/** A file, for error texts. @internal */
export interface TargetsFile {
  /** The public call that error texts name. */
  readonly call: string;
  /** The file. */
  readonly path: string;
}

/** What is in a file of soft targets already. @internal */
export interface EarlierTargets {
  /** Examples of the run that have their row. */
  readonly done: number;
  /** Of these, the one whose largest probability is smallest: another model would show there most likely. */
  readonly leastClear: Pick<SoftTargetRow, 'index' | 'probabilities'> | undefined;
}

/** How far the sum of a row may be from 1; samples that could not be drawn are missing in it. */
const TOLERANCE = 1e-3;

/**
 * Throws DataError unless the rows of a file are distributions, uniform where the run leaves an example out, and all there if it is
 * finished.
 * @internal
 */
export async function checkEarlierTargets(
  file: RowsFile,
  indices: readonly number[],
  {
    call,
    path,
    isFinished,
    signal,
  }: TargetsFile & { readonly isFinished: boolean; readonly signal?: AbortSignal | undefined },
): Promise<EarlierTargets> {
  let index = 0;
  let done = 0;
  let leastClear: EarlierTargets['leastClear'];
  let least = Infinity;
  for await (const row of file.read()) {
    const isChosen = indices[done] === index;
    const sum = row.reduce((total, value) => total + value, 0);
    const isDistribution = row.every((value) => value >= 0) && Math.abs(sum - 1) <= TOLERANCE;
    const isUniform = row.every((value) => value === 1 / row.length);
    if (!(isChosen ? isDistribution : isUniform)) throw damaged(call, path, `row ${index} is not as it was written`);
    const clarity = Math.max(...row);
    if (isChosen && clarity < least) {
      least = clarity;
      leastClear = { index, probabilities: [...row] };
    }
    if (isChosen) done++;
    if (++index % 1000 === 0) signal?.throwIfAborted();
  }
  if (isFinished && !file.isComplete) throw damaged(call, path, `it ends after ${index} rows`);
  return { done, leastClear };
}

/** Makes a row again and throws OptionError unless it is the same. @internal */
export async function recheckTargets(
  earlier: Pick<SoftTargetRow, 'index' | 'probabilities'>,
  made: (indices: Iterable<number>) => AsyncIterable<SoftTargetRow>,
  { call, path }: TargetsFile,
): Promise<void> {
  for await (const { index, probabilities } of made([earlier.index])) {
    if (probabilities.every((value, c) => value === earlier.probabilities[c])) continue;
    throw new OptionError(
      `\`file\` must be soft targets of this model, these images and this backend, got ${path} where row ${index}` +
        ' now comes out differently (take another file; to go on all the same set `recheck: false`)',
      { call, field: 'file', value: path },
    );
  }
}

function damaged(call: string, path: string, reason: string): DataError {
  const text = `\`file\` must be soft targets without damage, got ${path} where ${reason} (restore it, or delete it and begin again)`;
  return new DataError(text, { call, field: 'file', value: path });
}
