import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import { expectSameOnCpu, sample, scalarOf } from './compare.ts';

type Pad = 'same' | 'valid' | number | [[number, number], [number, number], [number, number], [number, number]];

const settings = { seed: 20250801, numRuns: 60 } as const;
const size = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const extents = fc.record({ batch: size(1, 3), height: size(4, 9), width: size(4, 9), channels: size(1, 6) });
const window = fc.record({
  filterHeight: size(1, 4),
  filterWidth: size(1, 4),
  strideY: size(1, 3),
  strideX: size(1, 3),
});
const pads: fc.Arbitrary<Pad> = fc.oneof(
  fc.constantFrom<Pad>('same', 'valid'),
  fc.tuple(size(0, 2), size(0, 2), size(0, 2), size(0, 2)).map(([t, b, l, r]): Pad => [
    [0, 0],
    [t, b],
    [l, r],
    [0, 0],
  ]),
);
// With one number for the padding, TensorFlow.js computes the output's size as if filter and stride were square.
const square = fc
  .record({ filter: size(1, 4), stride: size(1, 3), pad: size(0, 2) })
  .map(({ filter, stride, pad }) => ({
    filterHeight: filter,
    filterWidth: filter,
    strideY: stride,
    strideX: stride,
    pad: pad as Pad,
  }));
const geometry = fc.oneof(
  fc.tuple(window, pads).map(([sizes, pad]) => ({ ...sizes, pad })),
  square,
);
const seeds = size(0, 2 ** 31 - 1);

beforeAll(() => useWasm());

describe('a convolution on wasm', () => {
  it('and both its gradients are those of the cpu backend', async () => {
    await fc.assert(
      fc.asyncProperty(
        extents,
        geometry,
        size(1, 9),
        seeds,
        async ({ batch, height, width, channels }, g, outputs, seed) => {
          const convolve = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
            tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, [g.strideY, g.strideX], g.pad);
          const both = tf.grads((x: tf.Tensor, w: tf.Tensor) => scalarOf(convolve(x, w)));
          await expectSameOnCpu(
            (x, w) => [convolve(x!, w!), ...both([x!, w!])],
            [
              sample([batch, height, width, channels], seed),
              sample([g.filterHeight, g.filterWidth, channels, outputs], seed + 1),
            ],
          );
        },
      ),
      settings,
    );
  });

  // TensorFlow.js has no gradient of a dilated convolution on any backend.
  it('with dilations is that of the cpu backend', async () => {
    await fc.assert(
      fc.asyncProperty(extents, size(2, 3), size(2, 3), size(1, 5), seeds, async (e, dy, dx, outputs, seed) => {
        await expectSameOnCpu(
          (x, w) => [tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same', 'NHWC', [dy, dx])],
          [sample([e.batch, e.height, e.width, e.channels], seed), sample([2, 3, e.channels, outputs], seed + 1)],
        );
      }),
      { ...settings, numRuns: 15 },
    );
  });
});

describe('pooling on wasm', () => {
  it.each(['max', 'avg'] as const)('%s: it and its gradient are those of the cpu backend', async (kind) => {
    await fc.assert(
      fc.asyncProperty(extents, geometry, seeds, async ({ batch, height, width, channels }, g, seed) => {
        // A window that lies in the padding alone has no largest entry.
        const within = (n: number, filter: number): boolean => n < filter;
        const outer = typeof g.pad === 'number' ? [g.pad] : typeof g.pad === 'string' ? [] : g.pad.flat();
        fc.pre(outer.every((n) => within(n, Math.min(g.filterHeight, g.filterWidth))));
        const pool = (x: tf.Tensor): tf.Tensor => {
          const filter: [number, number] = [g.filterHeight, g.filterWidth];
          const strides: [number, number] = [g.strideY, g.strideX];
          return kind === 'max'
            ? tf.maxPool(x as tf.Tensor4D, filter, strides, g.pad as number)
            : tf.avgPool(x as tf.Tensor4D, filter, strides, g.pad as number);
        };
        const gradient = tf.grad((x: tf.Tensor) => scalarOf(pool(x)));
        await expectSameOnCpu((x) => [pool(x!), gradient(x!)], [sample([batch, height, width, channels], seed)]);
      }),
      { ...settings, numRuns: 40 },
    );
  });

  it('max: gives the gradient of a tie to the first entry, as the cpu backend does', async () => {
    const gradient = tf.grad((x: tf.Tensor) => scalarOf(tf.maxPool(x as tf.Tensor4D, 3, 2, 'same')));
    const ties = { shape: [2, 7, 6, 9], values: Float32Array.from({ length: 756 }, (_, i) => (i * 7) % 3) };
    await expectSameOnCpu((x) => [gradient(x!)], [ties]);
  });

  it('max: with dilations it and its gradient are those of the cpu backend', async () => {
    const pool = (x: tf.Tensor): tf.Tensor => tf.pool(x as tf.Tensor4D, [2, 2], 'max', 'valid', [2, 2], 1);
    const gradient = tf.grad((x: tf.Tensor) => scalarOf(pool(x)));
    await expectSameOnCpu((x) => [pool(x!), gradient(x!)], [sample([2, 8, 8, 5], 3)]);
  });
});
