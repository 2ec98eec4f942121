import { OptionError, refusal } from '../errors.ts';
import type { BoxFormat } from './types.ts';

/** A box by its corners, left, top, right and bottom. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** What a certificate says of one number: null for no bound at that side. */
export interface CoordinateBounds {
  /** It is at least this. */
  readonly lower: number | null;
  /** It is at most this. */
  readonly upper: number | null;
}

/** Boxes of any format as corners, each number times the scale of its axis, rounded to float32. @internal */
export function cornersOf(
  boxes: ArrayLike<number>,
  format: BoxFormat,
  [width, height]: readonly [width: number, height: number],
): Float32Array<ArrayBuffer> {
  const corners = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    const [a, b, c, d] = [boxes[i], boxes[i + 1], boxes[i + 2], boxes[i + 3]] as [number, number, number, number];
    const [x1, y1, x2, y2] = TO_CORNERS[format](a, b, c, d);
    corners.set([x1 * width, y1 * height, x2 * width, y2 * height], i);
  }
  return corners;
}

const TO_CORNERS: Readonly<Record<BoxFormat, (a: number, b: number, c: number, d: number) => Box>> = {
  xyxy: (x1, y1, x2, y2) => [x1, y1, x2, y2],
  yxyx: (y1, x1, y2, x2) => [x1, y1, x2, y2],
  xywh: (x, y, width, height) => [x, y, x + width, y + height],
  cxcywh: (x, y, width, height) => [x - width / 2, y - height / 2, x + width / 2, y + height / 2],
};

/**
 * Intersection over union of two boxes: |A ∩ B| / |A ∪ B| with areas max(0, x2 − x1) · max(0, y2 − y1), and 0 where both areas are 0.
 *
 * Corners are points, not pixels: nothing is added to a width.
 */
export function boxIou(a: Box, b: Box): number {
  const both = areaOf([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  const union = areaOf(a) + areaOf(b) - both;
  return both > 0 && union > 0 ? both / union : 0;
}

function areaOf([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

/**
 * The least intersection over union with a fixed box that a box can have whose coordinates are within bounds.
 *
 * IoU is quasi-concave in each coordinate (it rises up to the edge of the other box and falls beyond), so the least of the 16 corners of the bounds is exact.
 * 0 where a coordinate is not bounded, or may be infinite: a box that may be absent.
 *
 * @param bounds - of x1, y1, x2 and y2, as `bounds` of a certificate has them for one slot
 * @param box - the fixed box, by its corners
 * @throws OptionError unless there are four bounds
 * @example
 * ```ts
 * const bounds = [8, 9, 48, 49].map((lower, i) => ({ lower, upper: lower + (i % 2 === 0 ? 4 : 2) }));
 * console.log(worstIou(bounds, [10, 10, 50, 50])); // 0.855
 * ```
 */
export function worstIou(bounds: readonly CoordinateBounds[], box: Box): number {
  if (bounds.length !== 4) {
    const details = { call: 'worstIou', field: 'bounds', value: bounds, got: `${bounds.length}` };
    throw refusal(OptionError, details, 'must be the bounds of four coordinates');
  }
  if (!bounds.every(({ lower, upper }) => Number.isFinite(lower) && Number.isFinite(upper))) return 0;
  let least = 1;
  for (let corner = 0; corner < 16; corner++) {
    const at = (i: number): number => bounds[i]?.[(corner >> i) & 1 ? 'upper' : 'lower'] ?? 0;
    least = Math.min(least, boxIou([at(0), at(1), at(2), at(3)], box));
  }
  return least;
}
