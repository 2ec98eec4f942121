import type { CifarBatch } from '../../src/data/cifar.ts';

const PLANE = 32 * 32;

/** The slow, obvious encoder: labels, then every pixel of the red, the green and the blue plane. */
export function encodeCifar({ images, labels, coarseLabels }: CifarBatch): Uint8Array {
  const file: number[] = [];
  labels.data.forEach((label, record) => {
    if (coarseLabels) file.push(coarseLabels.data[record]!);
    file.push(label);
    for (let channel = 0; channel < 3; channel++) {
      for (let pixel = 0; pixel < PLANE; pixel++) file.push(images.data[(record * PLANE + pixel) * 3 + channel]!);
    }
  });
  return Uint8Array.from(file);
}

/** A batch of `size` images whose bytes tell image, row, column and channel apart. */
export function cifarBatch(size: number, classes: 10 | 100): CifarBatch {
  const pixels = Uint8Array.from({ length: size * PLANE * 3 }, (_, i) => (i * 7 + Math.floor(i / 3072) * 31) & 255);
  const bytes = (values: number[]) => ({ dtype: 'uint8', shape: [size], data: Uint8Array.from(values) }) as const;
  const range = Array.from({ length: size }, (_, i) => i);
  return {
    images: { dtype: 'uint8', shape: [size, 32, 32, 3], data: pixels },
    labels: bytes(range.map((i) => (i * 37 + 9) % classes)),
    ...(classes === 100 ? { coarseLabels: bytes(range.map((i) => (i * 7 + 19) % 20)) } : {}),
  };
}
