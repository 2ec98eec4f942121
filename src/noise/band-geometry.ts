/** Which cells the copies of one axis keep: intervals of `size` cells that begin every `stride` cells. @internal */
export interface AxisBands {
  /** Number of cells. */
  readonly axis: number;
  readonly size: number;
  readonly stride: number;
  /** Whether intervals go on at the first cell after the last one; else a last interval ends with the axis. */
  readonly wrap: boolean;
}

/** Where the intervals begin. Without wrapping, every cell is in one of them. @internal */
export function bandStarts({ axis, size, stride, wrap }: AxisBands): number[] {
  const last = wrap ? axis - 1 : axis - size;
  const starts: number[] = [];
  for (let start = 0; start <= last; start += stride) starts.push(start);
  if (!wrap && starts.at(-1) !== last) starts.push(last);
  return starts;
}

/** The cells of the interval that begins at `start`. */
function bandCells({ axis, size }: Pick<AxisBands, 'axis' | 'size'>, start: number): number[] {
  return Array.from({ length: Math.min(size, axis) }, (_, i) => (start + i) % axis);
}

/**
 * The largest number of intervals that one place of `patch` neighbouring cells meets; the patch does not wrap.
 *
 * Counted for every place: ⌈(patch + size − 1) / stride⌉ is too small where the stride does not divide the axis, because the last interval
 * wraps and its neighbour at 0 is nearer than one stride.
 *
 * @internal
 */
export function bandHits(bands: AxisBands, patch: number): number {
  const { axis } = bands;
  const hits = new Array<number>(axis - patch + 1).fill(0);
  for (const start of bandStarts(bands)) {
    const met = new Uint8Array(axis);
    for (const cell of bandCells(bands, start)) met[cell] = 1;
    let inside = 0; // cells of the interval among those of the patch
    for (let end = 0; end < axis; end++) {
      inside += met[end]!;
      if (end >= patch) inside -= met[end - patch]!;
      if (end >= patch - 1 && inside > 0) hits[end - patch + 1]!++;
    }
  }
  return Math.max(...hits);
}

/** What a copy keeps of an image: all rows of some columns, all columns of some rows, both, or a block. */
export type BandKind = 'columns' | 'rows' | 'rows+columns' | 'blocks';

/** All copies of an image by the intervals of its two axes. @internal */
export interface ImageBands {
  readonly keep: BandKind;
  readonly rows: AxisBands;
  readonly columns: AxisBands;
}

/** Number of copies. @internal */
export function bandCopies({ keep, rows, columns }: ImageBands): number {
  const [r, c] = [bandStarts(rows).length, bandStarts(columns).length];
  return { columns: c, rows: r, 'rows+columns': r + c, blocks: r * c }[keep];
}

/** The largest number of copies that one place of a rectangle of height × width pixels meets. @internal */
export function patchHits({ keep, rows, columns }: ImageBands, [height, width]: readonly [number, number]): number {
  const ofRows = keep === 'columns' ? 0 : bandHits(rows, height);
  const ofColumns = keep === 'rows' ? 0 : bandHits(columns, width);
  return keep === 'blocks' ? ofRows * ofColumns : ofRows + ofColumns;
}

/**
 * How far the vote is from being turned by the changed copies: min over c ≠ label of n_label − n_c − 1[c < label] − 2 hits.
 *
 * At least 0 is certified: every changed copy can take its vote from the label and give one to another class; ties go to the lower class.
 *
 * @internal
 */
export function voteMargin(counts: readonly number[], label: number, hits: number): number {
  const own = counts[label] ?? 0;
  const leads = counts.map((count, c) => (c === label ? Infinity : own - count - (c < label ? 1 : 0)));
  return Math.min(...leads) - 2 * hits;
}

/**
 * Side of the largest square, of at most `most`, of which every place is certified; 0 for none.
 *
 * @param hitsOf - copies that a square of a side meets at most; they grow with the side
 * @internal
 */
export function largestSquare(
  most: number,
  hitsOf: (side: number) => number,
  counts: readonly number[],
  label: number,
): number {
  let side = 0;
  while (side < most && voteMargin(counts, label, hitsOf(side + 1)) >= 0) side++;
  return side;
}

/** An interval of one axis, which may go on at its beginning. */
interface Interval {
  readonly start: number;
  readonly cells: number;
}

/** A set of copies: every interval of rows with every one of columns, rows outermost. @internal */
export interface BandSet {
  readonly rows: readonly Interval[];
  readonly columns: readonly Interval[];
}

/** The sets of copies. @internal */
export function bandSets(bands: ImageBands): BandSet[] {
  const { keep } = bands;
  const intervals = (axis: 'rows' | 'columns'): Interval[] =>
    bandStarts(bands[axis]).map((start) => ({ start, cells: bands[axis].size }));
  const whole = (axis: 'rows' | 'columns'): Interval[] => [{ start: 0, cells: bands[axis].axis }];
  if (keep === 'blocks') return [{ rows: intervals('rows'), columns: intervals('columns') }];
  const sets: BandSet[] = [];
  if (keep !== 'columns') sets.push({ rows: intervals('rows'), columns: whole('columns') });
  if (keep !== 'rows') sets.push({ rows: whole('rows'), columns: intervals('columns') });
  return sets;
}
