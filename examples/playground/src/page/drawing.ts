/**
 * A drawing of 28 by 28 grey values: pure arithmetic, no page.
 */
import { PIXELS, SIDE } from '../protocol.ts';

/** A point in pixels; (0, 0) is the upper left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The pen covers pixels closer than this in full; over the next pixel it fades. */
const PEN_RADIUS = 0.9;

/** Draws a straight line with a round, soft pen, in place. */
export function drawLine(image: Float32Array, from: Point, to: Point): void {
  const steps = Math.max(1, Math.ceil(2 * Math.hypot(to.x - from.x, to.y - from.y)));
  for (let step = 0; step <= steps; step++) {
    const t = step / steps;
    dab(image, { x: from.x + t * (to.x - from.x), y: from.y + t * (to.y - from.y) });
  }
}

function dab(image: Float32Array, { x, y }: Point): void {
  for (let row = Math.max(0, Math.floor(y - 2)); row <= Math.min(SIDE - 1, y + 2); row++) {
    for (let column = Math.max(0, Math.floor(x - 2)); column <= Math.min(SIDE - 1, x + 2); column++) {
      const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
      const grey = Math.min(1, Math.max(0, 1 + PEN_RADIUS - distance));
      const at = row * SIDE + column;
      image[at] = Math.max(image[at] ?? 0, grey);
    }
  }
}

/** The drawing moved by whole pixels so that its centre of mass is in the middle; what would fall off stays on. */
export function centred(image: Float32Array): Float32Array {
  let [mass, sumX, sumY] = [0, 0, 0];
  let [left, right, top, bottom] = [SIDE, -1, SIDE, -1];
  image.forEach((grey, at) => {
    if (grey === 0) return;
    const [x, y] = [at % SIDE, Math.floor(at / SIDE)];
    mass += grey;
    sumX += grey * x;
    sumY += grey * y;
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  });
  const moved = new Float32Array(PIXELS);
  if (mass === 0) return moved;
  const middle = (SIDE - 1) / 2;
  const byX = Math.max(-left, Math.min(SIDE - 1 - right, Math.round(middle - sumX / mass)));
  const byY = Math.max(-top, Math.min(SIDE - 1 - bottom, Math.round(middle - sumY / mass)));
  image.forEach((grey, at) => {
    if (grey > 0) moved[at + byY * SIDE + byX] = grey;
  });
  return moved;
}
