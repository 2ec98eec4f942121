import { createKey, fillUniforms, foldIn, type TargetDataset } from 'catrs';
import { DIGIT_SHAPE, type Digits, loadDigits } from '../load-digits.ts';

/** Height and width of a canvas. */
export const CANVAS = 64;

/** The digits on the canvases. Class 0 is the background, class i + 1 the strokes of the i-th of these. */
const DIGITS = [0, 1, 4, 7, 9];

/** Number of classes. */
export const NUM_CLASSES: number = DIGITS.length + 1;

const [SIDE] = DIGIT_SHAPE;

/** Digits on one canvas. */
const DIGITS_ON_CANVAS = 4;

/** Strokes are where a digit is at least so bright. */
const STROKE = 0.3;

/** Canvases of 64 x 64 pixels with four real digits each, at random places; what is true of a pixel is the digit whose stroke it is. */
export async function canvases(
  size: number,
  { seed, from, perClass }: { seed: number; from: number; perClass: number },
): Promise<TargetDataset<readonly number[]>> {
  const digits = await loadDigits({ digits: DIGITS, from, perClass });
  return {
    size,
    shape: [CANVAS, CANVAS, 1],
    example: (index) => drawCanvas(digits, seed, index),
  };
}

function drawCanvas({ values, labels }: Digits, seed: number, index: number) {
  const random = new Float32Array(3 * DIGITS_ON_CANVAS);
  fillUniforms(random, { key: foldIn(createKey(seed), index), start: 0, dimension: random.length });
  const x = new Float32Array(CANVAS * CANVAS);
  const target = new Array<number>(CANVAS * CANVAS).fill(0);
  for (let digit = 0; digit < DIGITS_ON_CANVAS; digit++) {
    const [which = 0, across = 0, down = 0] = random.subarray(3 * digit, 3 * digit + 3);
    const image = Math.floor(which * labels.length);
    // One in each quarter, moved by up to eight pixels.
    const left = 32 * (digit % 2) + Math.floor(across * 9) - 2;
    const top = 32 * Math.floor(digit / 2) + Math.floor(down * 9) - 2;
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const [i, j] = [top + row, left + column];
        if (i < 0 || j < 0 || i >= CANVAS || j >= CANVAS) continue;
        const value = values[(image * SIDE + row) * SIDE + column]!;
        const at = i * CANVAS + j;
        if (value >= STROKE && value >= x[at]!) target[at] = labels[image]! + 1;
        x[at] = Math.max(x[at]!, value);
      }
    }
  }
  return { x, target };
}
