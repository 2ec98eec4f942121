import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import { isWinogradFaster } from '../../src/wasm/simd/winograd.ts';
import { isFilterGradientFaster } from '../../src/wasm/simd/winograd-filter.ts';
import { expectSameEntries, expectSameOnCpu, runOn, type Sample, sample, sampleWithSpecials } from './compare.ts';

beforeAll(() => useWasm());

type Pad = 'valid' | 'same';
interface Layer {
  readonly images: number;
  readonly size: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly taps: 3 | 5;
  readonly pad: Pad;
}

/** Those of LeNet and of a CIFAR ResNet that Winograd's algorithm takes over. */
const layers: readonly Layer[] = [
  { images: 3, size: 12, inChannels: 20, outChannels: 50, taps: 5, pad: 'valid' },
  { images: 2, size: 32, inChannels: 3, outChannels: 16, taps: 3, pad: 'same' },
  { images: 2, size: 32, inChannels: 16, outChannels: 16, taps: 3, pad: 'same' },
  { images: 2, size: 16, inChannels: 32, outChannels: 32, taps: 3, pad: 'same' },
  { images: 2, size: 8, inChannels: 64, outChannels: 64, taps: 3, pad: 'same' },
];

const outSize = ({ size, taps, pad }: Layer): number => (pad === 'same' ? size : size - taps + 1);

const samplesOf = (layer: Layer): { x: Sample; filter: Sample; dy: Sample } => {
  const { images, size, inChannels, outChannels, taps } = layer;
  return {
    x: sample([images, size, size, inChannels], 1),
    filter: sample([taps, taps, inChannels, outChannels], 2),
    dy: sample([images, outSize(layer), outSize(layer), outChannels], 3),
  };
};

const forward =
  ({ pad }: Layer) =>
  (x: tf.Tensor, filter: tf.Tensor) => [tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, pad)];

const inputGradient = (layer: Layer) => (dy: tf.Tensor, filter: tf.Tensor) => {
  const { images, size, inChannels, pad } = layer;
  const attrs = { strides: [1, 1], pad, dataFormat: 'NHWC', inputShape: [images, size, size, inChannels] };
  return [tf.engine().runKernel('Conv2DBackpropInput', { dy, filter }, attrs) as tf.Tensor];
};

const filterGradient = (layer: Layer) => (x: tf.Tensor, dy: tf.Tensor) => {
  const { inChannels, outChannels, taps, pad } = layer;
  const attrs = { strides: [1, 1], pad, dataFormat: 'NHWC', filterShape: [taps, taps, inChannels, outChannels] };
  return [tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attrs) as tf.Tensor];
};

/** y[p] += x[p + t] w[t], or dx[p + t] += dy[p] w[t], or dw[t] += x[p + t] dy[p], one product after the other, in double or in single precision. */
function sums(
  layer: Layer,
  which: 'forward' | 'gradient' | 'filter',
  precision: 'double' | 'single',
): Float64Array | Float32Array {
  const { images, size, inChannels, outChannels, taps, pad } = layer;
  const { x, filter, dy } = samplesOf(layer);
  const out = outSize(layer);
  const before = pad === 'same' ? (taps - 1) / 2 : 0;
  const length = { forward: dy, gradient: x, filter }[which].values.length;
  const result = precision === 'double' ? new Float64Array(length) : new Float32Array(length);
  const rounded = precision === 'double' ? (value: number): number => value : Math.fround;
  for (let p = 0; p < images * out * out; p++) {
    const [image, row, column] = [Math.floor(p / (out * out)), Math.floor(p / out) % out, p % out];
    for (let t = 0; t < taps * taps; t++) {
      const [y, z] = [row + Math.floor(t / taps) - before, column + (t % taps) - before];
      if (y < 0 || z < 0 || y >= size || z >= size) continue;
      const at = ((image * size + y) * size + z) * inChannels;
      for (let i = 0; i < inChannels; i++) {
        for (let o = 0; o < outChannels; o++) {
          const [w, q] = [(t * inChannels + i) * outChannels + o, p * outChannels + o];
          if (which === 'forward') result[q]! += rounded(x.values[at + i]! * filter.values[w]!);
          else if (which === 'gradient') result[at + i]! += rounded(dy.values[q]! * filter.values[w]!);
          else result[w]! += rounded(x.values[at + i]! * dy.values[q]!);
        }
      }
    }
  }
  return result;
}

/** Root mean square error, and the largest error relative to the largest result. */
function errors(actual: ArrayLike<number>, exact: ArrayLike<number>): { mean: number; worst: number } {
  let [squares, worst, largest] = [0, 0, 0];
  for (let i = 0; i < exact.length; i++) {
    const value = exact[i]!;
    const error = Math.abs(actual[i]! - value);
    squares += error ** 2;
    worst = Math.max(worst, error);
    largest = Math.max(largest, Math.abs(value));
  }
  return { mean: Math.sqrt(squares / exact.length), worst: worst / largest };
}

describe('a convolution by fewer multiplications', () => {
  it.each(layers)(
    'has at most 10 times the rounding error of the plain sum: $taps x $taps, $inChannels to $outChannels',
    async (layer) => {
      const { x, filter, dy } = samplesOf(layer);
      for (const [f, inputs, which] of [
        [forward(layer), [x, filter], 'forward'],
        [inputGradient(layer), [dy, filter], 'gradient'],
        [filterGradient(layer), [x, dy], 'filter'],
      ] as const) {
        const exact = sums(layer, which, 'double');
        const plain = errors(sums(layer, which, 'single'), exact);
        const fewer = errors((await runOn('wasm', f as (...t: tf.Tensor[]) => tf.Tensor[], inputs)).values[0]!, exact);
        expect(fewer.mean).not.toBe(plain.mean);
        expect(fewer.mean).toBeLessThan(10 * plain.mean);
        expect(fewer.worst).toBeLessThan(1e-5);
      }
    },
  );

  it.each(layers)(
    'gives an image the same bits in every batch: $taps x $taps, $inChannels to $outChannels',
    async (layer) => {
      const images = 37;
      const many = { ...layer, images };
      const { x, filter, dy } = samplesOf(many);
      for (const [of, input] of [
        [forward, x],
        [inputGradient, dy],
      ] as const) {
        const run = async (count: number, values: Float32Array): Promise<Float32Array> => {
          const f = of({ ...layer, images: count }) as (...t: tf.Tensor[]) => tf.Tensor[];
          const part = { shape: [count, ...input.shape.slice(1)], values };
          return (await runOn('wasm', f, [part, filter])).values[0]!;
        };
        const together = await run(images, input.values);
        const [inSize, outLength] = [input.values.length / images, together.length / images];
        for (const [first, count] of [
          [0, 1],
          [36, 1],
          [5, 2],
          [9, 5],
          [3, 33],
        ] as const) {
          // prettier-ignore
          const alone = await run(count, input.values.slice(first * inSize, (first + count) * inSize));
          const expected = together.slice(first * outLength, (first + count) * outLength);
          expect(Buffer.from(alone.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
        }
      }
    },
  );

  it('keeps NaN and infinities where the plain sum has them, and other images as they are', async () => {
    for (const layer of layers.slice(0, 2)) {
      const { x, filter } = samplesOf(layer);
      const f = forward(layer) as (...t: tf.Tensor[]) => tf.Tensor[];
      const usual = (await runOn('wasm', f, [x, filter])).values[0]!;
      for (const special of [NaN, Infinity, -Infinity]) {
        const values = x.values.slice();
        values[values.length - 5] = special; // in the last image
        await expectSameEntries(f, [{ ...x, values }, filter]);
        const { values: given } = await runOn('wasm', f, [{ ...x, values }, filter]);
        const first = usual.length / layer.images;
        expect(given[0]!.slice(0, first)).toEqual(usual.slice(0, first));
        // The cpu backend leaves out what lies in the padding, where here a weight that is NaN meets a zero.
        if (layer.pad === 'same') continue;
        const weights = filter.values.slice();
        weights[7] = special;
        await expectSameEntries(f, [x, { ...filter, values: weights }]);
      }
    }
  });

  it('keeps NaN and infinities of the gradient of the filter where the plain sum has them', async () => {
    const layer: Layer = { images: 2, size: 9, inChannels: 5, outChannels: 6, taps: 5, pad: 'valid' };
    const { x, dy } = samplesOf(layer);
    const f = filterGradient(layer) as (...t: tf.Tensor[]) => tf.Tensor[];
    for (const special of [NaN, Infinity, -Infinity]) {
      for (const place of [0, 407]) {
        const [images, slopes] = [x.values.slice(), dy.values.slice()];
        [images[place], slopes[place / 11]] = [special, special];
        await expectSameEntries(f, [{ ...x, values: images }, dy]);
        await expectSameEntries(f, [x, { ...dy, values: slopes }]);
      }
    }
    await expectSameEntries(f, [sampleWithSpecials(x.shape, 1, 50), dy]);
    await expectSameEntries(f, [x, sampleWithSpecials(dy.shape, 3, 50)]);
    // Finite, but not its transforms.
    const large = { ...x, values: x.values.map((value) => value * 2 ** 126) };
    const small = { ...dy, values: dy.values.map((value) => value * 2 ** -20) };
    await expectSameOnCpu(f, [large, small]);
  });

  it.each([
    { shape: [1, 62, 59, 24], filter: [3, 3, 24, 21], pad: 'same' },
    { shape: [2, 19, 30, 13], filter: [5, 5, 13, 3], pad: 'valid' },
    { shape: [3, 9, 10, 5], filter: [5, 5, 5, 7], pad: [[0, 0], [3, 1], [0, 4], [0, 0]] }, // prettier-ignore
    { shape: [3, 9, 10, 5], filter: [3, 3, 5, 7], pad: [[0, 0], [5, 6], [7, 4], [0, 0]] }, // prettier-ignore
  ])(
    'is that of the cpu backend in all strips and with any padding, gradient and ending included: %j',
    async (given) => {
      const pad = given.pad as Pad;
      await expectSameOnCpu(
        (x, filter, bias) => {
          const [input, weights] = [x as tf.Tensor4D, filter as tf.Tensor4D];
          const convolve = (t: tf.Tensor): tf.Tensor => tf.conv2d(t as tf.Tensor4D, weights, 1, pad);
          const ended = (activation: 'relu' | 'relu6' | 'elu'): tf.Tensor =>
            tf.fused.conv2d({ x: input, filter: weights, strides: 1, pad, bias: bias!, activation });
          const ofFilter = tf.grad((w: tf.Tensor) => tf.conv2d(input, w as tf.Tensor4D, 1, pad));
          return [
            convolve(input),
            tf.grad(convolve)(input),
            ofFilter(weights),
            ended('relu'),
            ended('relu6'),
            ended('elu'),
          ];
        },
        [sample(given.shape, 1), sample(given.filter, 2), sample([given.filter[3]!], 3)],
      );
    },
  );

  it('is left where it would not be faster', () => {
    const shape = { images: 1, inHeight: 8, inWidth: 8, inChannels: 8, outHeight: 8, outWidth: 8, outChannels: 8 };
    const rest = { top: 1, left: 1, taps: 3, turned: false } as const;
    expect(isWinogradFaster({ ...shape, ...rest })).toBe(true);
    expect(isWinogradFaster({ ...shape, ...rest, inChannels: 2 })).toBe(false);
    expect(isWinogradFaster({ ...shape, ...rest, outChannels: 1 })).toBe(false);
    expect(isWinogradFaster({ ...shape, ...rest, outHeight: 1, outWidth: 1 })).toBe(false);
    expect(isFilterGradientFaster({ ...shape, ...rest })).toBe(true);
    expect(isFilterGradientFaster({ ...shape, ...rest, inChannels: 2 })).toBe(false);
    expect(isFilterGradientFaster({ ...shape, ...rest, outHeight: 4, outWidth: 4 })).toBe(false);
    expect(isFilterGradientFaster({ ...shape, ...rest, inChannels: 256, outChannels: 256 })).toBe(false);
  });
});
