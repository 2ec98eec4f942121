/** Whether two values are other inputs: to the bit, so that 0 and -0 are, and NaN is itself. */
const differ = (a: number | undefined, b: number | undefined): boolean => !Object.is(a, b);

/** Number of positions with another value: `width` neighbouring values, the channels of a pixel, are one position. @internal */
export function changedPositions(a: Float32Array, b: Float32Array, width = 1): number {
  let changed = 0;
  for (let start = 0; start < a.length; start += width) {
    let i = start;
    while (i < start + width && !differ(a[i], b[i])) i++;
    if (i < start + width) changed++;
  }
  return changed;
}

/** Side of the smallest axis-parallel square that holds all changed pixels of images [height, width, ...channels]. @internal */
export function patchSide(a: Float32Array, b: Float32Array, shape: readonly number[]): number {
  const [height = 1, width = 1] = shape;
  const channels = a.length / (height * width);
  let [top, bottom, left, right] = [Infinity, -1, Infinity, -1];
  for (let i = 0; i < a.length; i++) {
    if (!differ(a[i], b[i])) continue;
    const pixel = Math.floor(i / channels);
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
  }
  return bottom < 0 ? 0 : 1 + Math.max(bottom - top, right - left);
}

/**
 * Least number of insertions, deletions and substitutions that make one sequence the other (Levenshtein), by rows of the table between what both begin and
 * end with.
 * @internal
 */
export function editDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) [endA, endB] = [endA - 1, endB - 1];
  let before = Uint32Array.from({ length: endB - start + 1 }, (_, j) => j);
  let row = new Uint32Array(before.length);
  for (let i = start; i < endA; i++) {
    row[0] = i - start + 1;
    for (let j = start; j < endB; j++) {
      const at = j - start;
      const [kept, gone, added] = [before[at]!, before[at + 1]!, row[at]!];
      row[at + 1] = a[i] === b[j] ? kept : 1 + Math.min(kept, gone, added);
    }
    [before, row] = [row, before];
  }
  return before[endB - start]!;
}
