import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import { expectSameEntries, expectSameOnCpu, sample, sampleWithSpecials, scalarOf } from './compare.ts';
import { extents, geometries, roundings, seeds, settings, size } from './geometries.ts';

type T4 = tf.Tensor4D;

beforeAll(() => useWasm());

const activations = ['linear', 'relu', 'relu6', 'elu', 'leakyrelu', 'sigmoid', 'prelu'] as const;

describe('a convolution on wasm', () => {
  it('and both its gradients are those of the cpu backend', async () => {
    await fc.assert(
      fc.asyncProperty(
        extents,
        geometries,
        size(1, 9),
        roundings,
        seeds,
        async ({ batch, height, width, channels }, g, outputs, rounding, seed) => {
          const convolve = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
            tf.conv2d(
              ...[x as T4, w as T4, [g.strideY, g.strideX] as [number, number], g.pad, 'NHWC' as const, 1],
              ...(typeof g.pad === 'number' ? [rounding] : []),
            );
          const both = tf.grads((x: tf.Tensor, w: tf.Tensor) => scalarOf(convolve(x, w)));
          const filter = sample([g.filterHeight, g.filterWidth, channels, outputs], seed + 1);
          const shape = [batch, height, width, channels];
          await expectSameOnCpu((x, w) => [convolve(x!, w!), ...both([x!, w!])], [sample(shape, seed), filter]);
          await expectSameEntries((x, w) => [convolve(x!, w!)], [sampleWithSpecials(shape, seed), filter]);
        },
      ),
      { ...settings, numRuns: 60 },
    );
  });

  it('fused with bias and activation is that of the cpu backend, NaN and infinities included', async () => {
    await fc.assert(
      fc.asyncProperty(
        extents,
        geometries,
        size(1, 9),
        fc.constantFrom(...activations),
        seeds,
        async ({ batch, height, width, channels }, g, outputs, activation, seed) => {
          await expectSameEntries(
            (x, filter, bias, alpha) => [
              tf.fused.conv2d({
                ...{
                  x: x as T4,
                  filter: filter as T4,
                  strides: [g.strideY, g.strideX],
                  pad: g.pad as 'same',
                  bias: bias!,
                },
                ...{ activation, leakyreluAlpha: 0.3 },
                ...(activation === 'prelu' ? { preluActivationWeights: alpha! } : {}),
              }),
            ],
            [
              sampleWithSpecials([batch, height, width, channels], seed),
              sample([g.filterHeight, g.filterWidth, channels, outputs], seed + 1),
              sample([outputs], seed + 2),
              sample([outputs], seed + 3),
            ],
          );
        },
      ),
      { ...settings, numRuns: 60 },
    );
  });

  // TensorFlow.js has no gradient of a dilated convolution on any backend.
  it('with dilations is that of the cpu backend', async () => {
    await fc.assert(
      fc.asyncProperty(extents, size(2, 3), size(2, 3), size(1, 5), seeds, async (e, dy, dx, outputs, seed) => {
        await expectSameOnCpu(
          (x, w) => [tf.conv2d(x as T4, w as T4, 1, 'same', 'NHWC', [dy, dx])],
          [sample([e.batch, e.height, e.width, e.channels], seed), sample([2, 3, e.channels, outputs], seed + 1)],
        );
      }),
      { ...settings, numRuns: 15 },
    );
  });

  it('transposed, from any input to any output, is that of the cpu backend', async () => {
    const outputs = fc.tuple(size(1, 6), size(1, 6));
    await fc.assert(
      fc.asyncProperty(
        extents,
        outputs,
        size(1, 8),
        size(1, 3),
        seeds,
        async (e, [above, right], filter, stride, seed) => {
          // The input may be larger than the output's convolution, but not smaller.
          const height = Math.min(e.height, above) * stride;
          const width = Math.min(e.width, right) * stride;
          await expectSameOnCpu(
            (x, w) => [tf.conv2dTranspose(x as T4, w as T4, [e.batch, height, width, 2], stride, 'same')],
            [sample([e.batch, e.height, e.width, e.channels], seed), sample([filter, filter, 2, e.channels], seed + 1)],
          );
        },
      ),
      { ...settings, numRuns: 30 },
    );
  });

  it('transposed, from 8x8 to 4x4, is that of the cpu backend', async () => {
    await expectSameOnCpu(
      (x, w) => [tf.conv2dTranspose(x as T4, w as T4, [1, 4, 4, 1], 1, 'same')],
      [sample([1, 8, 8, 1], 1), sample([8, 8, 1, 1], 2)],
    );
  });
});

describe('pooling on wasm', () => {
  it.each(['max', 'avg'] as const)('%s: it and its gradient are those of the cpu backend', async (kind) => {
    await fc.assert(
      fc.asyncProperty(
        extents,
        geometries,
        roundings,
        seeds,
        async ({ batch, height, width, channels }, g, rounding, seed) => {
          const pool = (x: tf.Tensor): tf.Tensor => {
            const filter: [number, number] = [g.filterHeight, g.filterWidth];
            const strides: [number, number] = [g.strideY, g.strideX];
            const mode = typeof g.pad === 'number' ? rounding : undefined;
            return kind === 'max'
              ? tf.maxPool(x as T4, filter, strides, g.pad as number, mode)
              : tf.avgPool(x as T4, filter, strides, g.pad as number, mode);
          };
          const shape = [batch, height, width, channels];
          for (const x of [sample(shape, seed), sampleWithSpecials(shape, seed, 4)]) {
            await expectSameEntries((t) => [pool(t!)], [x]);
          }
          const gradient = tf.grad((x: tf.Tensor) => {
            const y = pool(x);
            return tf.sum(tf.mul(y, tf.tensor(sample(y.shape, 7).values, y.shape)));
          });
          await expectSameEntries((t) => [gradient(t!)], [sample(shape, seed)]);
        },
      ),
      { ...settings, numRuns: 50 },
    );
  });

  const filters = [[3, 'same'], [2, 'valid']] as const; // prettier-ignore

  it.each(filters)(
    'max: gives the gradient of a tie to the first entry, as the cpu backend does: %d, %s',
    async (size, pad) => {
      const gradient = tf.grad((x: tf.Tensor) => scalarOf(tf.maxPool(x as T4, size, 2, pad)));
      const ties = { shape: [2, 7, 6, 9], values: Float32Array.from({ length: 756 }, (_, i) => (i * 7) % 3) };
      await expectSameOnCpu((x) => [gradient(x!)], [ties]);
    },
  );

  it.each(filters)('max: gives no gradient to NaN, as the cpu backend does: %d, %s', async (size, pad) => {
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.maxPool(x as T4, size, 2, pad)));
    for (const every of [2, 4, 20]) {
      await expectSameEntries((x) => [gradient(x!)], [sampleWithSpecials([2, 7, 6, 9], 5, every)]);
    }
    const least = { shape: [1, 4, 4, 5], values: new Float32Array(80).fill(-Infinity) };
    await expectSameEntries((x) => [gradient(x!)], [least]);
  });

  it('max: a gradient that is NaN or infinite goes where the cpu backend lets it go', async () => {
    const gradient = (x: tf.Tensor, dy: tf.Tensor): tf.Tensor =>
      tf.grad((t: tf.Tensor) => tf.maxPool(t as T4, 2, 2, 'valid'))(x, dy);
    const dy = sampleWithSpecials([2, 3, 3, 9], 6, 3);
    await expectSameEntries((x, t) => [gradient(x!, t!)], [sample([2, 7, 6, 9], 5), dy]);
  });

  it('max: with dilations it and its gradient are those of the cpu backend', async () => {
    const pool = (x: tf.Tensor): tf.Tensor => tf.pool(x as T4, [2, 2], 'max', 'valid', [2, 2], 1);
    const gradient = tf.grad((x: tf.Tensor) => scalarOf(pool(x)));
    await expectSameOnCpu((x) => [pool(x!), gradient(x!)], [sample([2, 8, 8, 5], 3)]);
  });
});
