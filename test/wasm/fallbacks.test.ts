import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import { expectSameEntries, sample } from './compare.ts';

type T3 = tf.Tensor3D;
type T4 = tf.Tensor4D;
type T5 = tf.Tensor5D;

beforeAll(() => useWasm());

/** What functions give on each backend: values, shapes and types. */
async function expectSameResults(f: () => tf.Tensor[]): Promise<void> {
  const results: unknown[] = [];
  for (const backend of ['cpu', 'wasm']) {
    await tf.setBackend(backend);
    const tensors = tf.tidy(f);
    results.push(
      await Promise.all(
        tensors.map(async ({ shape, dtype }, i) => {
          const values = [...((await tensors[i]!.data()) as Iterable<number | string>)];
          return {
            shape,
            dtype,
            values: values.map((value) => (typeof value === 'number' ? Number(value.toFixed(4)) + 0 : value)),
          };
        }),
      ),
    );
    tf.dispose(tensors);
  }
  expect(results[1]).toEqual(results[0]);
}

const shapes = [[0], [0, 3], [3, 0], [2, 0, 3], [0, 4, 4, 2], [2, 4, 4, 0]];

describe('an empty tensor on wasm', () => {
  it.each(shapes.map((shape) => ({ shape })))(
    'of the shape $shape goes through one-to-one operations',
    async ({ shape }) => {
      const x = (): tf.Tensor => tf.zeros(shape);
      const unary = [
        tf.abs,
        tf.exp,
        tf.relu,
        tf.relu6,
        tf.sigmoid,
        tf.elu,
        tf.leakyRelu,
        tf.sign,
        tf.sqrt,
        tf.isNaN,
        tf.sin,
        tf.step,
      ];
      const binary = [tf.add, tf.mul, tf.div, tf.maximum, tf.minimum, tf.equal, tf.pow, tf.floorDiv, tf.mod, tf.prelu];
      await expectSameResults(() => [
        ...unary.map((f) => f(x())),
        ...binary.flatMap((f) => [f(x(), x()), f(x(), tf.scalar(2))]),
        ...[
          tf.clipByValue(x(), 0, 1),
          tf.cast(x(), 'int32'),
          tf.cast(x(), 'bool'),
          tf.softmax(x()),
          tf.logSoftmax(x()),
        ],
      ]);
    },
  );

  it.each(shapes.map((shape) => ({ shape })))(
    'of the shape $shape has the sums, maxima and shapes of cpu',
    async ({ shape }) => {
      const x = (): tf.Tensor => tf.zeros(shape);
      const reductions = [tf.sum, tf.mean, tf.max, tf.min, tf.prod, tf.argMax, tf.argMin, tf.logSumExp, tf.cumsum];
      const each = shape.map((_, axis) => axis);
      await expectSameResults(() => [
        ...reductions.flatMap((f) => each.map((axis) => f(x(), axis))),
        ...[tf.all, tf.any].flatMap((f) => each.map((axis) => f(tf.cast(x(), 'bool'), axis))),
        ...[
          tf.sum(x()),
          tf.mean(x()),
          tf.max(x()),
          tf.tile(
            x(),
            shape.map(() => 2),
          ),
          tf.transpose(x()),
          tf.reverse(x()),
        ],
        ...[tf.concat([x(), x()], 0), tf.stack([x(), x()]), tf.pad(x(), shape.map(() => [1, 1]), 3)], // prettier-ignore
        ...[tf.where(tf.cast(x(), 'bool'), x(), x()), tf.addN([x(), x()])],
      ]);
    },
  );

  it('multiplies matrices, with the bias and the activation', async () => {
    for (const [m, k, n] of [
      [0, 3, 2],
      [2, 0, 3],
      [2, 3, 0],
      [0, 0, 0],
    ] as const) {
      // prettier-ignore
      for (const transposeA of [false, true]) {
        for (const transposeB of [false, true]) {
          const a = (): tf.Tensor => tf.zeros(transposeA ? [k, m] : [m, k]);
          const b = (): tf.Tensor => tf.zeros(transposeB ? [n, k] : [k, n]);
          const bias = (): tf.Tensor => tf.fill([n], -2);
          await expectSameResults(() => [
            tf.matMul(a(), b(), transposeA, transposeB),
            tf.matMul(tf.stack([a(), a()]), b(), transposeA, transposeB),
            tf.fused.matMul({ a: a(), b: b(), transposeA, transposeB, bias: bias(), activation: 'relu' }),
            tf.fused.matMul({ a: a(), b: b(), transposeA, transposeB, bias: bias() }),
          ]);
        }
      }
    }
  });

  it.each([
    { x: [0, 5, 5, 2], filter: [3, 3] },
    { x: [2, 5, 5, 0], filter: [3, 3] },
    { x: [2, 2, 2, 3], filter: [3, 3] },
    { x: [2, 0, 5, 2], filter: [1, 3] },
  ])('goes through convolutions and pooling, as does one that becomes empty: $x', async ({ x: shape, filter }) => {
    const channels = shape[3]!;
    const x = (): T4 => tf.ones<tf.Rank.R4>(shape as [number, number, number, number]);
    const weights = (outputs: number): T4 =>
      tf.ones([...filter, channels, outputs] as [number, number, number, number]);
    const pads = shape[1] === 0 ? (['same'] as const) : (['same', 'valid'] as const);
    for (const pad of pads) {
      await expectSameResults(() => [
        ...[tf.conv2d(x(), weights(4), 1, pad), tf.conv2d(x(), weights(0), 1, pad)],
        tf.depthwiseConv2d(x(), weights(2), 1, pad),
        tf.fused.conv2d({ x: x(), filter: weights(4), strides: 1, pad, bias: tf.ones([4]), activation: 'relu' }),
        tf.fused.depthwiseConv2d({ x: x(), filter: weights(1), strides: 1, pad, bias: tf.ones([channels]) }),
        ...tf.grads((a: tf.Tensor, w: tf.Tensor) => tf.sum(tf.conv2d(a as T4, w as T4, 1, pad)))([x(), weights(4)]),
        ...[tf.maxPool(x(), [filter[0]!, 3], 1, pad), tf.avgPool(x(), [filter[0]!, 3], 1, pad)],
        tf.grad((a: tf.Tensor) => tf.sum(tf.maxPool(a as T4, [filter[0]!, 3], 1, pad)))(x()),
      ]);
    }
  });

  it('is refused where a filter does not fit, and the backend goes on', async () => {
    await tf.setBackend('wasm');
    const x = tf.ones<tf.Rank.R4>([1, 2, 2, 3]);
    expect(() => tf.conv2d(x, tf.ones<tf.Rank.R4>([5, 5, 3, 2]), 1, 'valid')).toThrow(
      'convolution: `x` must be as large as the filter (5x5), got 2x2 (pad it)',
    );
    expect(() => tf.maxPool(x, 5, 1, 'valid')).toThrow('`x` must be as large as the filter');
    expect(await tf.sum(x).data()).toEqual(Float32Array.of(12));
  });

  it('has no segments, and gathers nothing', async () => {
    const none = (): tf.Tensor1D => tf.zeros([0], 'int32');
    await expectSameResults(() => [
      tf.unsortedSegmentSum(tf.zeros([0, 3]), none(), 3),
      tf.gather(tf.ones([3, 2]), none()),
      tf.oneHot(none(), 4),
      tf.grad((x: tf.Tensor) => tf.sum(tf.gather(x, none())))(tf.ones([3, 2])),
    ]);
  });
});

describe('types that the shipped kernels misread', () => {
  it('strings are compared, repeated and filled in', async () => {
    const [a, b] = [(): tf.Tensor => tf.tensor1d(['a', 'b', 'c']), (): tf.Tensor => tf.tensor1d(['a', 'x', 'd'])];
    const comparisons = [tf.equal, tf.notEqual, tf.less, tf.greater, tf.lessEqual, tf.greaterEqual];
    await expectSameResults(() => [
      ...comparisons.map((f) => f(a(), b())),
      ...[tf.tile(a(), [2]), tf.concat([a(), b()]), tf.stridedSlice(a(), [0], [3], [2])],
      tf.fill([2], 'z' as unknown as number),
    ]);
  });

  it('masks and integers are numbers', async () => {
    const mask = (): tf.Tensor => tf.tensor1d([true, false, true, false, true], 'bool');
    const integers = (): tf.Tensor => tf.tensor1d([3, -4, 0, 7, -1], 'int32');
    const unary = [tf.abs, tf.neg, tf.relu, tf.relu6, tf.sign, tf.square, tf.exp, tf.round, tf.step, tf.leakyRelu, tf.selu, tf.isNaN, tf.log1p, tf.asin, tf.expm1]; // prettier-ignore
    const binary = [tf.add, tf.mul, tf.maximum, tf.minimum, tf.pow, tf.squaredDifference, tf.equal];
    await expectSameResults(() => [
      ...unary.flatMap((f) => [f(mask()), f(integers())]),
      ...binary.flatMap((f) => [f(mask(), mask()), f(integers(), integers())]),
      ...[tf.sum(mask(), 0), tf.mean(mask(), 0), tf.max(mask(), 0), tf.cumsum(mask(), 0), tf.reverse(mask())],
      ...[tf.concat([mask(), mask()]), tf.gather(mask(), tf.tensor1d([1, 2], 'int32')), tf.slice(mask(), 1, 3)],
      ...[tf.where(mask(), integers(), tf.neg(integers())), tf.floorDiv(integers(), tf.scalar(2, 'int32'))],
      tf.matMul(tf.reshape(integers(), [1, 5]), tf.reshape(integers(), [5, 1])),
    ]);
  });

  it('a mask of a float holds whether it is 0', async () => {
    await expectSameResults(() => [tf.cast(tf.tensor1d([0.5, 256, -0, 0, -1e-40, NaN, 2 ** 31]), 'bool')]);
  });
});

describe('kernels that the backend ships and that err', () => {
  it('gather with batches, one-hot with values, slopes of any axes', async () => {
    await expectSameResults(() => [
      tf.gather(fixed([3, 4, 5]), tf.tensor2d([[0, 2], [1, 1], [3, 0]], [3, 2], 'int32'), 1, 1), // prettier-ignore
      tf.oneHot(tf.tensor1d([0, 5, -1, 2], 'int32'), 3, 7, 2, 'float32'),
      ...[[3], [2, 3], [1, 2, 3], [4, 1, 1], [2, 1], [4, 2, 1], [4, 2, 3]].map((slopes) =>
        tf.prelu(fixed([4, 2, 3]), fixed(slopes)),
      ),
      ...[tf.prelu(fixed([3]), fixed([2, 3])), tf.prelu(fixed([2, 1, 3]), fixed([4, 1]))],
    ]);
  });

  it.each([
    [1, 1, 'same'],
    [2, 1, 'valid'],
    [2, 2, 'same'],
    [3, 2, 'valid'],
  ] as const)('3D convolutions and pooling, with gradients: %s, stride %s, %s', async (size, strides, pad) => {
    const conv = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.conv3d(x as T5, w as T5, strides, pad);
    const max = (x: tf.Tensor): tf.Tensor => tf.maxPool3d(tf.sub(x, 1) as T5, size, strides, pad);
    const mean = (x: tf.Tensor): tf.Tensor => tf.avgPool3d(x as T5, size, strides, pad);
    const gradients = tf.grads((x: tf.Tensor, w: tf.Tensor) => tf.sum(tf.square(conv(x, w))));
    await expectSameEntries(
      (x, w) => [
        ...[conv(x!, w!), ...gradients([x!, w!]), max(x!), mean(x!)],
        ...[max, mean].map((pool) => tf.grad((y: tf.Tensor) => tf.sum(tf.square(pool(y))))(x!)),
      ],
      [sample([1, 4, 5, 6, 3], 1), sample([size, size, size, 3, 2], 2)],
    );
  });

  it('maxima with their places, dilations, turns and crops', async () => {
    const pool = (x: tf.Tensor): tf.Tensor[] => Object.values(tf.maxPoolWithArgmax(tf.sub(x, 1) as T4, 2, 1, 'same'));
    const dilate = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.dilation2d(x as T4, w as T3, 1, 'same');
    await expectSameEntries(
      (x, w) => [
        ...[...pool(x!), dilate(x!, w!), ...tf.grads((a, b) => tf.sum(tf.square(dilate(a!, b!))))([x!, w!])],
        tf.image.rotateWithOffset(x as T4, 0.5, [0.1, 0.2, 0.3]),
        tf.image.cropAndResize(x as T4, tf.tensor2d([[0.1, -0.2, 1.2, 0.9]]), tf.tensor1d([0], 'int32'), [3, 4], 'nearest'), // prettier-ignore
      ],
      [sample([1, 5, 6, 3], 1), sample([2, 2, 3], 2)],
    );
  });
});

describe('an operation that the backend lacks', () => {
  it('is computed where the cpu backend can stand in', async () => {
    await expectSameResults(() => [tf.einsum('ij,jk->ik', fixed([2, 3]), fixed([3, 4]))]);
  });

  it('else says what to do', async () => {
    await tf.setBackend('wasm');
    expect(() => tf.complex([1], [2])).toThrow(
      "catrs/wasm: `Complex` must be a kernel of the backend, got none on wasm (run this part on another: tf.setBackend('cpu'))",
    );
  });
});

function fixed(shape: number[]): tf.Tensor {
  return tf.tensor(sample(shape, shape.length).values, shape);
}

describe('a padding on wasm', () => {
  it('has the value that is asked for, whatever the ones before had', async () => {
    for (const value of [NaN, 3, NaN, 0, NaN, -Infinity])
      await expectSameResults(() => [tf.pad(tf.ones([2]), [[1, 1]], value)]);
  });
});
