import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import {
  deviation,
  expectSameEntries,
  expectSameOnCpu,
  runOn,
  sample,
  sampleWithSpecials,
  scalarOf,
} from './compare.ts';

const settings = { seed: 20250802, numRuns: 40 } as const;
const size = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const seeds = size(0, 2 ** 31 - 1);

beforeAll(() => useWasm());

describe('matMul on wasm', () => {
  it('with and without transposing, stacked or not, is that of the cpu backend', async () => {
    const stacks = fc.constantFrom([], [1], [3], [2, 2]);
    await fc.assert(
      fc.asyncProperty(
        fc.record({ m: size(1, 21), k: size(1, 13), n: size(1, 21), a: fc.boolean(), b: fc.boolean() }),
        stacks,
        seeds,
        async ({ m, k, n, a, b }, stack, seed) => {
          const gradients = tf.grads((x: tf.Tensor, y: tf.Tensor) => scalarOf(tf.matMul(x, y, a, b)));
          await expectSameOnCpu(
            (x, y) => [tf.matMul(x!, y!, a, b), ...gradients([x!, y!])],
            [
              sample([...stack, ...(a ? [k, m] : [m, k])], seed),
              sample([...stack, ...(b ? [n, k] : [k, n])], seed + 1),
            ],
          );
        },
      ),
      settings,
    );
  });

  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])(
    'fused with bias and activation (transposed: %s, %s) is that of the cpu backend',
    async (transposeA, transposeB) => {
      await expectSameOnCpu(
        (a, b, bias) => [tf.fused.matMul({ a: a!, b: b!, transposeA, transposeB, bias: bias!, activation: 'relu' })],
        [sample(transposeA ? [5, 7] : [7, 5], 1), sample(transposeB ? [6, 5] : [5, 6], 2), sample([6], 3)],
      );
    },
  );

  it.each(['linear', 'relu', 'relu6', 'elu', 'leakyrelu', 'sigmoid', 'prelu'] as const)(
    'fused with bias and %s, of any shapes and stacks, is that of the cpu backend, NaN included',
    async (activation) => {
      const shapes = fc.record({ m: size(1, 9), k: size(1, 60), n: size(1, 9), a: fc.boolean(), b: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(shapes, size(1, 3), seeds, async ({ m, k, n, a: transposeA, b: transposeB }, stack, seed) => {
          const matrix = (rows: number, columns: number, transposed: boolean): number[] => [
            ...(stack > 1 ? [stack] : []),
            ...(transposed ? [columns, rows] : [rows, columns]),
          ];
          await expectSameEntries(
            (a, b, bias, alpha) => [
              tf.fused.matMul({
                ...{ a: a!, b: b!, transposeA, transposeB, bias: bias!, activation, leakyreluAlpha: 0.3 },
                ...(activation === 'prelu' ? { preluActivationWeights: alpha! } : {}),
              }),
            ],
            [
              sampleWithSpecials(matrix(m, k, transposeA), seed, 60),
              sample(matrix(k, n, transposeB), seed + 1),
              sample([n], seed + 2),
              sample([n], seed + 3),
            ],
          );
        }),
        { ...settings, numRuns: 10 },
      );
    },
  );

  // The cpu backend leaves a part of these products undefined, so here each stack is written out.
  it('of stacks that are repeated along different axes is that of the repeated stacks', async () => {
    for (const [a, b, stack] of [
      [
        [2, 1],
        [1, 3],
        [2, 3],
      ],
      [
        [2, 1],
        [2, 3],
        [2, 3],
      ],
      [[2, 3], [3], [2, 3]],
      [[3], [2, 1], [2, 3]],
      [
        [2, 3],
        [1, 1],
        [2, 3],
      ],
    ] as const) {
      const written = (x: tf.Tensor): tf.Tensor => tf.broadcastTo(x, [...stack, ...x.shape.slice(-2)]);
      for (const transposed of [false, true]) {
        const inputs = [sample([...a, 4, 5], 1), sample([...b, ...(transposed ? [6, 5] : [5, 6])], 2)];
        const expected = await runOn('cpu', (x, y) => [tf.matMul(written(x!), written(y!), false, transposed)], inputs);
        const actual = await runOn('wasm', (x, y) => [tf.matMul(x!, y!, false, transposed)], inputs);
        expect(actual.shapes).toEqual(expected.shapes);
        expect(deviation(actual.values[0]!, expected.values[0]!)).toBeLessThan(1e-5);
      }
    }
  });

  it('takes a weight in another shape for another matrix, whatever it was multiplied with before', async () => {
    const products = (x: tf.Tensor, y: tf.Tensor, w: tf.Tensor): tf.Tensor[] => [
      tf.matMul(x, w),
      tf.matMul(y, tf.reshape(w, [4, 6])),
      tf.matMul(x, w),
    ];
    await expectSameOnCpu((x, y, w) => products(x!, y!, w!), [sample([2, 6], 1), sample([3, 4], 2), sample([6, 4], 3)]);
  });

  it('gives a row the same bits among any number of rows', async () => {
    const [rows, terms] = [75, 70];
    const [a, b, bias] = [sample([rows, terms], 1), sample([terms, 43], 2), sample([43], 3)];
    const f = (x: tf.Tensor, y: tf.Tensor, z: tf.Tensor): tf.Tensor[] => [
      tf.matMul(x, y),
      tf.fused.matMul({ a: x as tf.Tensor2D, b: y as tf.Tensor2D, bias: z, activation: 'relu' }),
    ];
    const many = (await runOn('wasm', (x, y, z) => f(x!, y!, z!), [a, b, bias])).values;
    for (const count of [1, 2, 3, 4, 5, 6, 8, 9, 36, 63, 64, 65]) {
      const first = rows - count;
      const part = { shape: [count, terms], values: a.values.slice(first * terms) };
      const few = (await runOn('wasm', (x, y, z) => f(x!, y!, z!), [part, b, bias])).values;
      expect(few).toEqual(many.map((values) => values.slice(first * 43)));
    }
  });

  it('adds up a gradient in the order of its terms, whatever its size', async () => {
    const [rows, terms, columns] = [66, 9, 21];
    const [a, b] = [sample([terms, rows], 1), sample([columns, terms], 2)];
    const { values } = await runOn(
      'wasm',
      (x, y) => [
        tf.matMul(x!, y!, true, true),
        tf.matMul(tf.transpose(x!), y!, false, true),
        tf.matMul(x!, tf.transpose(y!), true, false),
      ],
      [a, b],
    );
    const sums = new Float32Array(rows * columns);
    for (let i = 0; i < sums.length; i++) {
      const [row, column] = [Math.floor(i / columns), i % columns];
      for (let t = 0; t < terms; t++) {
        const product = Math.fround(a.values[t * rows + row]! * b.values[column * terms + t]!);
        sums[i] = sums[i]! + product;
      }
    }
    expect(values).toEqual([sums, sums, sums]);
  });

  it('refuses a vector, and goes on', async () => {
    await runOn(
      'wasm',
      (a, v) => {
        expect(() => tf.matMul(a!, v!)).toThrow();
        return [tf.matMul(a!, a!, false, true)];
      },
      [sample([2, 4], 1), sample([4], 2)],
    );
  });

  it('keeps a NaN in the rows that it belongs to', async () => {
    const a = sample([6, 5], 1);
    a.values[7] = NaN;
    const { values } = await runOn('wasm', (x, y) => [tf.matMul(x!, y!, false, true)], [a, sample([7, 5], 2)]);
    const rows = [...Array(6).keys()].map((row) => values[0]!.subarray(7 * row, 7 * row + 7).every(Number.isFinite));
    expect(rows).toEqual([true, false, true, true, true, true]);
  });

  it('multiplies more rows than are done at a time', async () => {
    await expectSameOnCpu((a, b) => [tf.matMul(a!, b!, true, false)], [sample([9, 203], 1), sample([9, 30], 2)]);
  });
});

describe('clamps on wasm', () => {
  it('keep NaN, infinities and signs as the cpu backend does, at any length', async () => {
    await fc.assert(
      fc.asyncProperty(size(0, 23), seeds, async (length, seed) => {
        const [x, other] = [sampleWithSpecials([length], seed, 3), sampleWithSpecials([length], seed + 1, 3)];
        await expectSameEntries(
          (a, b) => [
            tf.relu(a!),
            tf.relu6(tf.mul(a!, 9)),
            tf.clipByValue(a!, -0.5, 0.25),
            tf.maximum(a!, b!),
            tf.minimum(a!, b!),
            tf.maximum(a!, 0.1),
            tf.minimum(NaN, a!),
            tf.maximum(tf.reshape(a!, [length, 1]), tf.reshape(b!, [1, length])),
          ],
          [x, other],
        );
      }),
      settings,
    );
  });
});

describe('add on wasm', () => {
  it('adds a bias to many rows of any length with the bits of the cpu backend, NaN and infinities included', async () => {
    for (const shape of [
      [4096, 1],
      [1371, 3],
      [41, 101],
      [9, 8, 7, 10],
      [64, 128],
      [513, 8],
      [17, 1300],
    ]) {
      const bias = shape.length > 3 ? shape.slice(-2) : shape.slice(-1);
      const inputs = [sampleWithSpecials(shape, 1, 60), sampleWithSpecials(bias, 2, 40)];
      const f = (a: tf.Tensor, b: tf.Tensor): tf.Tensor[] => [tf.add(a, b), tf.add(b, a)];
      const expected = await runOn('cpu', (a, b) => f(a!, b!), inputs);
      expect(await runOn('wasm', (a, b) => f(a!, b!), inputs)).toEqual(expected);
    }
  });
});

describe('sum and mean on wasm', () => {
  it('over any axes are those of the cpu backend', async () => {
    const shapes = fc.array(size(1, 7), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(shapes, size(1, 15), fc.boolean(), seeds, async (shape, mask, keepDims, seed) => {
        const axes = [...shape.keys()].filter((axis) => (mask >> axis) & 1);
        fc.pre(axes.length > 0);
        await expectSameOnCpu((x) => [tf.sum(x!, axes, keepDims), tf.mean(x!, axes, keepDims)], [sample(shape, seed)]);
      }),
      settings,
    );
  });

  it('over many rows keep their accuracy', async () => {
    const ones = { shape: [70_000, 3], values: new Float32Array(210_000).fill(0.1) };
    const { values } = await runOn('wasm', (x) => [tf.sum(x!, 0), tf.mean(x!, 0)], [ones]);
    const tenth = Math.fround(0.1);
    // At most 64 roundings of 2^-24 each, whatever the number of rows.
    expect(deviation(values[0]!, new Float32Array(3).fill(70_000 * tenth))).toBeLessThan(64 * 2 ** -24);
    expect(deviation(values[1]!, new Float32Array(3).fill(tenth))).toBeLessThan(64 * 2 ** -24);
  });
});

describe('tile on wasm', () => {
  it('with any repetitions is that of the cpu backend, gradient included', async () => {
    const axes = fc.array(fc.tuple(size(1, 4), size(1, 4)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(axes, seeds, async (pairs, seed) => {
        const reps = pairs.map(([, times]) => times);
        const gradient = tf.grad((x: tf.Tensor) => scalarOf(tf.tile(x, reps)));
        const x = sample(
          pairs.map(([extent]) => extent),
          seed,
        );
        await expectSameOnCpu((t) => [tf.tile(t!, reps), tf.tile(tf.cast(t!, 'int32'), reps), gradient(t!)], [x]);
      }),
      settings,
    );
  });
});

describe('unsortedSegmentSum on wasm', () => {
  it('is that of the cpu backend, leaving out ids that are no segments', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(size(-1, 4), { minLength: 1, maxLength: 9 }),
        size(1, 5),
        seeds,
        async (ids, width, seed) => {
          const rows = ids.length;
          await expectSameOnCpu(
            (x) => [tf.unsortedSegmentSum(x!, tf.tensor1d(ids, 'int32'), 4)],
            [sample([rows, width, 2], seed)],
          );
        },
      ),
      settings,
    );
  });

  it('is the gradient of gather along any axis', async () => {
    for (const axis of [0, 1, 2]) {
      const pick = (x: tf.Tensor): tf.Tensor => tf.gather(x, tf.tensor1d([2, 0, 2, 1], 'int32'), axis);
      const gradient = tf.grad((x: tf.Tensor) => scalarOf(pick(x)));
      await expectSameOnCpu((x) => [gradient(x!)], [sample([3, 4, 5], axis)]);
    }
  });
});
