import { DataError, OptionError, refusal } from '../errors.ts';
import type { LogContent } from './log-file.ts';

/** A row of a log of several files. @internal */
export interface PlacedRow<Row> {
  readonly row: Row;
  /** Where it stands, for error texts. */
  readonly at: string;
}

/** Throws DataError for a log that ends within a line. @internal */
export function checkWhole(call: string, path: string, { tail }: LogContent): void {
  if (tail === '') return;
  const got = `${path}, which ends within a line`;
  const details = { call, field: 'files', value: path, got, way: 'run its shard again' };
  throw refusal(DataError, details, 'must be finished logs');
}

/** Throws OptionError for rows of two engines. @internal */
export function checkOneEngine(
  found: string | undefined,
  first: string | undefined,
  { call, at }: { readonly call: string; readonly at: string },
): void {
  if (found === first) return;
  const [one, other] = [first, found].map((engine) => engine ?? 'one that is not known');
  const way = 'to have rows of both, each of which says which, set `mixEngines: true`';
  const details = { call, field: 'files', value: found, got: `${one} and, in ${at} ${other}`, way };
  throw refusal(OptionError, details, 'must be logs of one engine');
}

/** The rows of the run in its order. Throws DataError unless each is there once. @internal */
export function inOrder<Row extends { readonly index: number }>(
  call: string,
  placed: readonly PlacedRow<Row>[],
  indices: readonly number[],
): Row[] {
  const notHeld = (must: string, value: number, got: string, way?: string): DataError =>
    refusal(DataError, { call, field: 'files', value, got, way }, `must hold ${must}`);
  const wanted = new Set(indices);
  const found = new Map<number, PlacedRow<Row>>();
  for (const one of placed) {
    const { index } = one.row;
    const other = found.get(index);
    const at = one.at.slice(0, -1);
    if (other) throw notHeld('each image once', index, `image ${index} in ${other.at} and again in ${at}`);
    if (!wanted.has(index)) {
      const way = '`size`, `start`, `skip` or `max` differ';
      throw notHeld('only images of the run', index, `image ${index} in ${at}`, way);
    }
    found.set(index, one);
  }
  const missing = indices.filter((index) => !found.has(index));
  const [gap] = missing;
  if (gap !== undefined) {
    const others = missing.length > 1 ? ` and ${missing.length - 1} others` : '';
    const way = 'a shard is not finished, or its log not listed';
    throw notHeld('all images of the run', gap, `no image ${gap}${others}`, way);
  }
  return indices.flatMap((index) => found.get(index)?.row ?? []);
}
