/**
 * Canvases of 48 x 48 pixels with one to three handwritten digits of 14 x 14, all different, and where they are.
 */
import { createKey, fillUniforms, foldIn, type Key, type TrueBox } from 'catrs';
import { type Digits, PIXELS } from '../digits/data.ts';

/** Height and width of a canvas. */
export const SIDE = 48;
const DIGIT = 14;
const INK = 0.3;

/** A canvas and what is on it. */
export interface Canvas {
  readonly x: Float32Array;
  readonly truths: TrueBox[];
}

/** Canvas `index` of a key: the same in every run. */
export function canvasOf({ images, labels }: Digits, key: Key, index: number): Canvas {
  const draws = new Float32Array(64);
  fillUniforms(draws, { key: foldIn(key, index), start: 0, dimension: draws.length });
  const below = (i: number, count: number): number => Math.floor((draws[i] as number) * count);
  const x = new Float32Array(SIDE * SIDE);
  const wanted = 1 + below(0, 3);
  const truths: TrueBox[] = [];
  const places: (readonly [number, number])[] = [];
  for (let attempt = 0; attempt < 20 && truths.length < wanted; attempt++) {
    const [image, left, top] = [below(3 * attempt + 1, labels.length), below(3 * attempt + 2, SIDE - DIGIT), below(3 * attempt + 3, SIDE - DIGIT)]; // prettier-ignore
    const label = labels[image] ?? 0;
    const isFree = places.every(([x0, y0]) => Math.abs(x0 - left) >= DIGIT || Math.abs(y0 - top) >= DIGIT);
    if (!isFree || truths.some((one) => one.label === label)) continue;
    places.push([left, top]);
    truths.push({ label, box: paste(x, images.subarray(image * PIXELS, (image + 1) * PIXELS), left, top) });
  }
  return { x, truths };
}

/** Puts a digit at half its size on a canvas; gives the box of its ink. */
function paste(canvas: Float32Array, digit: Float32Array, left: number, top: number): TrueBox['box'] {
  let [x1, y1, x2, y2] = [SIDE, SIDE, 0, 0];
  for (let row = 0; row < DIGIT; row++) {
    for (let column = 0; column < DIGIT; column++) {
      const at = (dy: number, dx: number): number => digit[(2 * row + dy) * 28 + 2 * column + dx] ?? 0;
      const value = Math.max(at(0, 0), at(0, 1), at(1, 0), at(1, 1));
      const [y, x] = [top + row, left + column];
      canvas[y * SIDE + x] = value;
      if (value <= INK) continue;
      [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 1), Math.max(y2, y + 1)];
    }
  }
  return [x1, y1, x2, y2];
}

/** Keys of the canvases to learn from and of those to report on, which hold other digits too. */
export const CANVAS_KEYS = { training: createKey(31), evaluation: createKey(33) } as const;
