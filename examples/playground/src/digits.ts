/**
 * Digits that come with the page.
 */
import { decodeSafetensors } from 'catrs/data';
import { PIXELS } from './protocol.ts';

/** Handwritten digits: `images` holds one after the other, grey values in [0, 1]. */
export interface Digits {
  readonly images: Float32Array;
  readonly labels: readonly number[];
}

/** Reads a file of digits. */
export function readDigits(bytes: Uint8Array): Digits {
  const { tensors } = decodeSafetensors(bytes);
  const [images, labels] = [tensors.get('images'), tensors.get('labels')];
  if (images?.data.length !== PIXELS * (labels?.data.length ?? 0)) throw new Error('the file holds no digits');
  return { images: Float32Array.from(images.data, (grey) => grey / 255), labels: Array.from(labels?.data ?? []) };
}

/** One of the digits, not copied. */
export function imageAt({ images }: Digits, index: number): Float32Array {
  return images.subarray(index * PIXELS, (index + 1) * PIXELS);
}
