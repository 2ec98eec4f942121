import type { OwnBoxes } from './ask-detector.ts';
import { binsOf, type BoxLayout, SLOT_SIZE } from './box-layout.ts';
import { byScore, indicesAbove, suppressed } from './non-max-suppression.ts';

/**
 * Writes the boxes of one row, given by their corners, into its slots, which hold +∞.
 *
 * @param size - height and width of the image in pixels, for cells
 * @internal
 */
export function fillSlots(
  into: Float32Array,
  found: OwnBoxes,
  layout: BoxLayout,
  size: readonly [height: number, width: number],
): void {
  const { slots, sort, labels, threshold, overlap, beyond } = layout;
  if (!areFinite(found)) {
    into.fill(NaN);
    return;
  }
  const seen = indicesAbove(found, threshold).filter((i) => labels?.includes(found.labels[i] as number) ?? true);
  const ranked = byScore(found.scores, seen);
  const kept = overlap === null ? ranked : suppressed(found, ranked, { overlap, byLabel: true, most: Infinity });
  const bins = binsOf(layout);
  const used = new Int32Array(bins);
  let dropped = 0;
  for (const i of sort === 'score' ? kept : byCenter(found, kept)) {
    const bin = binOf(layout, found, i, size);
    const place = used[bin] as number;
    if (place === slots / bins) {
      dropped += 1;
      continue;
    }
    used[bin] = place + 1;
    const numbers = [...found.boxes.subarray(4 * i, 4 * i + 4), found.labels[i] as number, found.scores[i] as number];
    into.set(numbers, SLOT_SIZE * ((bin * slots) / bins + place));
  }
  if (beyond) into[SLOT_SIZE * slots] = dropped > 0 ? 1 : 0;
}

/** Whether all numbers are finite, but those of padding. */
function areFinite({ boxes, scores, labels }: OwnBoxes): boolean {
  for (let i = 0; i < scores.length; i++) {
    if ((labels[i] as number) < 0) continue;
    if (!Number.isFinite(scores[i])) return false;
    for (let k = 4 * i; k < 4 * i + 4; k++) if (!Number.isFinite(boxes[k])) return false;
  }
  return true;
}

/** From left to right, of equal ones from top to bottom, then as the detector gave them. */
function byCenter(found: OwnBoxes, indices: readonly number[]): number[] {
  return [...indices].sort((a, b) => {
    const [one, other] = [centerOf(found, a), centerOf(found, b)];
    return one.x - other.x || one.y - other.y || a - b;
  });
}

function centerOf({ boxes }: OwnBoxes, i: number): { readonly x: number; readonly y: number } {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(4 * i, 4 * i + 4);
  return { x: (x1 + x2) / 2, y: (y1 + y2) / 2 };
}

/** The bin of a box; a centre outside the image belongs to the nearest cell. */
function binOf(
  { bins, labels, cells }: BoxLayout,
  found: OwnBoxes,
  i: number,
  [height, width]: readonly [height: number, width: number],
): number {
  const [rows, columns] = cells ?? [1, 1];
  const byLabel = bins.includes('label') ? (labels?.indexOf(found.labels[i] as number) ?? 0) : 0;
  if (!bins.includes('cell')) return byLabel;
  const { x, y } = centerOf(found, i);
  const along = (at: number, length: number, count: number): number =>
    Math.min(count - 1, Math.max(0, Math.floor((at / length) * count)));
  return (byLabel * rows + along(y, height, rows)) * columns + along(x, width, columns);
}
