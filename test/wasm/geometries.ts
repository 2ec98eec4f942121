import fc from 'fast-check';

/** Paddings that TensorFlow.js knows. */
export type Pad = 'same' | 'valid' | number | [[number, number], [number, number], [number, number], [number, number]];

export const settings = { seed: 20250801 } as const;
export const size = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
export const seeds = size(0, 2 ** 31 - 1);

/** Shapes of images. */
export const extents = fc.record({
  batch: size(1, 3),
  height: size(4, 9),
  width: size(4, 9),
  channels: size(1, 9),
});

const window = fc.record({
  filterHeight: size(1, 5),
  filterWidth: size(1, 5),
  strideY: size(1, 4),
  strideX: size(1, 4),
});

const explicit = fc.tuple(size(0, 3), size(0, 3), size(0, 3), size(0, 3)).map(([t, b, l, r]): Pad => [
  [0, 0],
  [t, b],
  [l, r],
  [0, 0],
]);

/** Filter, strides and padding; with one number for the padding the output's size is that of a square filter and stride. */
export const geometries = fc
  .record({
    window,
    pad: fc.oneof(fc.constantFrom<Pad>('same', 'valid'), explicit, size(0, 2)),
  })
  .map(({ window: sizes, pad }) => ({ ...sizes, pad }));

/** How the output's size is rounded where the padding is a number. */
export const roundings = fc.constantFrom('floor', 'ceil', 'round');
