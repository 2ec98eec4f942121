import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import { expectSameEntries, expectSameOnCpu, runOn, sample, sampleWithSpecials, scalarOf } from './compare.ts';
import type { Pad } from './geometries.ts';
import { extents, geometries, roundings, seeds, settings, size } from './geometries.ts';

type T4 = tf.Tensor4D;

beforeAll(() => useWasm());

const activations = ['linear', 'relu', 'relu6', 'elu', 'leakyrelu', 'sigmoid', 'prelu'] as const;

describe('a depthwise convolution on wasm', () => {
  // TensorFlow.js issue 6629: all zeros.
  it('with a filter shorter than the stride along one axis is that of the cpu backend', async () => {
    for (const [filter, strides] of [
      [
        [1, 3],
        [2, 2],
      ],
      [
        [3, 1],
        [2, 2],
      ],
      [
        [2, 2],
        [3, 1],
      ],
      [
        [1, 1],
        [2, 2],
      ],
    ] as const) {
      const inputs = [sample([2, 8, 7, 3], 1), sample([...filter, 3, 1], 2)];
      await expectSameEntries((x, w) => [tf.depthwiseConv2d(x as T4, w as T4, [...strides], 'same')], inputs);
    }
  });

  it('of any shape is that of the cpu backend, NaN and infinities included', async () => {
    await fc.assert(
      fc.asyncProperty(
        extents,
        geometries,
        fc.tuple(size(1, 3), size(1, 3)),
        roundings,
        seeds,
        async ({ batch, height, width, channels }, g, [multiplier, dilation], rounding, seed) => {
          const dilations = g.strideY * g.strideX === 1 ? dilation : 1;
          const filter = sample([g.filterHeight, g.filterWidth, channels, multiplier], seed + 1);
          const convolve = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
            tf.depthwiseConv2d(
              ...[x as T4, w as T4, [g.strideY, g.strideX] as [number, number], g.pad, 'NHWC' as const, dilations],
              ...(typeof g.pad === 'number' ? [rounding] : []),
            );
          for (const x of [sample, sampleWithSpecials]) {
            await expectSameEntries((a, w) => [convolve(a!, w!)], [x([batch, height, width, channels], seed), filter]);
          }
        },
      ),
      { ...settings, numRuns: 60 },
    );
  });

  it('and both its gradients are those of the cpu backend, NaN and infinities included', async () => {
    await fc.assert(
      fc.asyncProperty(
        extents,
        geometries,
        size(1, 3),
        roundings,
        seeds,
        async ({ batch, height, width, channels }, g, multiplier, rounding, seed) => {
          const convolve = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
            tf.depthwiseConv2d(
              ...[x as T4, w as T4, [g.strideY, g.strideX] as [number, number], g.pad, 'NHWC' as const, 1],
              ...(typeof g.pad === 'number' ? [rounding] : []),
            );
          const both = tf.grads((x: tf.Tensor, w: tf.Tensor) => scalarOf(convolve(x, w)));
          const filter = sample([g.filterHeight, g.filterWidth, channels, multiplier], seed + 1);
          const shape = [batch, height, width, channels];
          await expectSameOnCpu((x, w) => both([x!, w!]), [sample(shape, seed), filter]);
          await expectSameEntries((x, w) => both([x!, w!]), [sampleWithSpecials(shape, seed), filter]);
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
        size(1, 2),
        fc.constantFrom(...activations),
        seeds,
        async ({ batch, height, width, channels }, g, multiplier, activation, seed) => {
          const outputs = channels * multiplier;
          await expectSameEntries(
            (x, filter, bias, alpha) => [
              tf.fused.depthwiseConv2d({
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
              sample([g.filterHeight, g.filterWidth, channels, multiplier], seed + 1),
              sample([outputs], seed + 2),
              sample([outputs], seed + 3),
            ],
          );
        },
      ),
      { ...settings, numRuns: 60 },
    );
  });

  it.each([16, 18, 35])('of %i channels, its gradients too, is that of the cpu backend', async (channels) => {
    for (const [filter, strides, pad] of [
      [3, 1, 'same'],
      [3, 2, 'same'],
      [3, 3, 'valid'],
      [5, 2, 'same'],
    ] as const) {
      const inputs = [sample([2, 7, 13, channels], 1), sample([filter, filter, channels, 1], 2), sample([channels], 3)];
      const convolve = (x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor, activation: 'linear' | 'relu6'): tf.Tensor =>
        tf.fused.depthwiseConv2d({ x: x as T4, filter: filter as T4, bias, activation, strides, pad });
      const all = tf.grads((x: tf.Tensor, w: tf.Tensor, b: tf.Tensor) => scalarOf(convolve(x, w, b, 'relu6')));
      await expectSameEntries((x, w, b) => [convolve(x!, w!, b!, 'linear'), convolve(x!, w!, b!, 'relu6')], inputs);
      await expectSameOnCpu((x, w, b) => all([x!, w!, b!]), inputs);
    }
  });

  it('gives an image the same bits in every batch, and so does the gradient of its input', async () => {
    const [x, filter] = [sample([3, 9, 11, 10], 1), sample([3, 3, 10, 1], 2)];
    for (const strides of [1, 2]) {
      const convolve = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.depthwiseConv2d(x as T4, w as T4, strides, 'same');
      const both = (x: tf.Tensor, w: tf.Tensor): tf.Tensor[] => [
        convolve(x, w),
        tf.grad((x: tf.Tensor) => tf.sum(tf.square(convolve(x, w))))(x),
      ];
      const { values } = await runOn('wasm', (x, w) => both(x!, w!), [x, filter]);
      for (const image of [0, 1, 2]) {
        const alone = { shape: [1, 9, 11, 10], values: x.values.slice(990 * image, 990 * image + 990) };
        const { values: given } = await runOn('wasm', (x, w) => both(x!, w!), [alone, filter]);
        given.forEach((own, i) => {
          expect(own).toEqual(values[i]!.slice(own.length * image, own.length * (image + 1)));
        });
      }
    }
  });

  it('as a part of a separable one, and its gradients, are those of the cpu backend', async () => {
    for (const pad of ['same', 'valid'] satisfies Pad[]) {
      const inputs = [sample([2, 9, 8, 3], 1), sample([1, 3, 3, 2], 2), sample([1, 1, 6, 4], 3)];
      const separable = (x: tf.Tensor, depthwise: tf.Tensor, pointwise: tf.Tensor): tf.Tensor =>
        tf.separableConv2d(x as T4, depthwise as T4, pointwise as T4, 2, pad);
      const all = tf.grads((...given: tf.Tensor[]) => scalarOf(separable(given[0]!, given[1]!, given[2]!)));
      await expectSameEntries((x, depthwise, pointwise) => [separable(x!, depthwise!, pointwise!)], inputs);
      await expectSameOnCpu((x, ...filters) => all([x!, ...filters]), inputs);
    }
  });

  it('in NCHW is refused, and not read as NHWC', async () => {
    await tf.setBackend('wasm');
    const [x, filter] = [tf.zeros<tf.Rank.R4>([1, 3, 3, 3]), tf.zeros<tf.Rank.R4>([2, 2, 3, 1])];
    expect(() => tf.depthwiseConv2d(x, filter, 1, 'valid', 'NCHW')).toThrow(
      'convolution: `dataFormat` must be \'NHWC\' on the wasm backend, got "NCHW"',
    );
    expect(() => tf.fused.depthwiseConv2d({ x, filter, strides: 1, pad: 'valid', dataFormat: 'NCHW' })).toThrow(
      'convolution: `dataFormat` must be \'NHWC\' on the wasm backend, got "NCHW"',
    );
    expect(() => tf.conv2d(x, tf.zeros([2, 2, 3, 1]), 1, 'valid', 'NCHW')).toThrow(
      'convolution: `dataFormat` must be \'NHWC\' on the wasm backend, got "NCHW"',
    );
  });
});
