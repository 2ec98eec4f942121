import { type Key, split } from 'catrs';
import { loadDigits } from '../load-digits.ts';

/** Canvases with two or three different digits. */
export interface Canvases {
  /** Grey values in [0, 1], row major. */
  readonly images: readonly Float32Array[];
  /** The digits on each, ascending. */
  readonly targets: readonly (readonly number[])[];
}

/** Height, width, channels: room for three digits beside each other. */
export const CANVAS_SHAPE: [number, number, number] = [28, 84, 1];

/** Makes canvases from digits of the package `mnist`, `perClass` of each from `from` on. */
export async function canvases({
  key,
  count,
  from,
  perClass,
}: {
  readonly key: Key;
  readonly count: number;
  readonly from: number;
  readonly perClass: number;
}): Promise<Canvases> {
  const { values } = await loadDigits({ from, perClass });
  const next = numbers(key);
  const images: Float32Array[] = [];
  const targets: number[][] = [];
  for (let i = 0; i < count; i++) {
    const image = new Float32Array(28 * 84);
    const digits = new Set<number>();
    const many = 2 + (next() % 2);
    while (digits.size < many) digits.add(next() % 10);
    const empty = many === 2 ? next() % 3 : -1;
    const slots = [0, 1, 2].filter((slot) => slot !== empty);
    [...digits].forEach((digit, d) => {
      const begin = ((next() % perClass) * 10 + digit) * 784;
      const left = (slots[d] ?? 0) * 28;
      for (let row = 0; row < 28; row++)
        image.set(values.subarray(begin + row * 28, begin + (row + 1) * 28), row * 84 + left);
    });
    images.push(image);
    targets.push([...digits].sort((a, b) => a - b));
  }
  return { images, targets };
}

/** Whole numbers from a key. */
function numbers(key: Key): () => number {
  let words: readonly number[] = [];
  let at = 0;
  let from = key;
  return () => {
    if (at === words.length) {
      const keys = split(from, 65);
      from = keys[64] as Key;
      words = keys.slice(0, 64).flat();
      at = 0;
    }
    return words[at++] as number;
  };
}
