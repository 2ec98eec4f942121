import * as tf from '@tensorflow/tfjs';
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { type DatasetOfOptions, datasetOf, type GivenExample } from '../../src/data/dataset-of.ts';
import type { LabelledExample } from '../../src/data/labelled-dataset.ts';
import { DataError, OptionError } from '../../src/errors.ts';
import { expectError } from '../helpers/errors.ts';

/** What the examples become, one after the other. */
async function read(examples: unknown, options?: DatasetOfOptions): Promise<LabelledExample[]> {
  const dataset = await datasetOf(examples as GivenExample[], options);
  const all: LabelledExample[] = [];
  for (let i = 0; i < dataset.size; i++) all.push(await dataset.example(i));
  return all;
}

const two = [
  { x: Float32Array.of(0.5, -2), label: 3 },
  { x: Float32Array.of(1, 0), label: 0 },
];

describe('datasetOf', () => {
  it('takes lists, iterables and asynchronous ones', async () => {
    async function* later(): AsyncGenerator<GivenExample> {
      for (const one of two) yield await Promise.resolve(one);
    }
    expect(await read(two)).toEqual(two);
    expect(await read(new Set(two))).toEqual(two);
    expect(await read(later())).toEqual(two);
    expect((await datasetOf(two)).shape).toEqual([2]);
    expect((await datasetOf(two, { shape: [2, 1] })).shape).toEqual([2, 1]);
  });

  it('copies each example before the next is asked for', async () => {
    function* filling(): Generator<GivenExample> {
      const x = new Float32Array(1);
      const bytes = Buffer.alloc(1); // a slice of it shares its memory
      for (let label = 0; label < 3; label++) {
        x.fill(label / 4);
        bytes.fill(label);
        yield { x, label: bytes };
      }
    }
    expect(await read(filling())).toEqual([0, 1, 2].map((label) => ({ x: Float32Array.of(label / 4), label })));
  });

  it('takes lists of numbers in lists, and one number', async () => {
    const lists = [{ x: [[0.1, 0.2, 0.3]], label: [0, 1] }];
    expect(await read(lists)).toEqual([{ x: Float32Array.of(0.1, 0.2, 0.3), label: 1 }]);
    expect((await datasetOf(lists)).shape).toEqual([1, 3]);
    expect(await read([{ x: 0.5, label: 1 }])).toEqual([{ x: Float32Array.of(0.5), label: 1 }]);
  });

  it('bytes and other integers fill the input range, floats stay as they are', async () => {
    const bytes = [{ x: Uint8Array.of(0, 51), label: 1 }];
    const levels = [{ x: Int32Array.of(0, 51), label: 1 }];
    for (const examples of [bytes, levels]) {
      expect((await read(examples))[0]!.x).toEqual(Float32Array.of(0, 0.2));
      expect((await read(examples, { inputRange: [0, 255] }))[0]!.x).toEqual(Float32Array.of(0, 51));
    }
    await expect(read([{ x: [0, 51], label: 1 }], { inputRange: [0, 1] })).rejects.toThrow(
      'datasetOf: `values` must lie in the `inputRange` [0, 1], got 51 at index 1',
    );
  });

  it('reads tensors, which stay the host’s', async () => {
    const before = tf.memory().numTensors;
    const examples = [{ xs: tf.tensor2d([[0.5, 1]]), ys: tf.scalar(2, 'int32') }];
    expect(await read(examples)).toEqual([{ x: Float32Array.of(0.5, 1), label: 2 }]);
    expect((await datasetOf(examples)).shape).toEqual([1, 2]);
    tf.dispose(examples);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('datasetOf: tf.data', () => {
  const images = [
    [[0], [0.5]],
    [[1], [0.25]],
    [[0.75], [0]],
  ];
  const expected = images.map((x, label) => ({ x: Float32Array.from(x.flat()), label }));
  const dataset = (labels: tf.TensorContainer[]): tf.data.Dataset<tf.TensorContainer> =>
    tf.data.zip({ xs: tf.data.array(images), ys: tf.data.array(labels) });

  it('one element after the other, with class numbers or one-hot rows', async () => {
    const rows = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    expect(await read(dataset([0, 1, 2]))).toEqual(expected);
    expect(await read(dataset(rows))).toEqual(expected);
    expect((await datasetOf(dataset(rows))).shape).toEqual([2, 1]);
  });

  it('in batches, of which the last is shorter', async () => {
    const rows = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    for (const labels of [[0, 1, 2], rows]) {
      expect(await read(dataset(labels).batch(2), { batched: true })).toEqual(expected);
    }
    expect((await datasetOf(dataset(rows).batch(2), { batched: true })).shape).toEqual([2, 1]);
  });

  it('disposes the tensors that the data set makes, also after an error', async () => {
    const before = tf.memory().numTensors;
    await datasetOf(dataset([0, 1, 2]).batch(2), { batched: true });
    expect(tf.memory().numTensors).toBe(before);
    // Of the second element the input has another shape.
    const generated = tf.data.generator(function* () {
      for (const value of [0, 1]) yield { xs: tf.tensor1d([0, value].slice(value)), ys: tf.scalar(value) };
    });
    await expect(datasetOf(generated)).rejects.toThrow('must all be as the first, float32 of shape [2]');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('datasetOf: errors', () => {
  const map = '(map them before: (e) => ({ x: e.image, label: e.class }), or ([xs, ys]) => ({ xs, ys }))';
  it.each<[string, unknown, string]>([
    ['nothing', [], 'must hold at least one example, got none'],
    [
      'other names',
      [{ image: [1], class: 2 }],
      `must each be { x, label } or { xs, ys }, got an object with image, class in element 0 ${map}`,
    ],
    ['pairs', [[[1], 2]], `must each be { x, label } or { xs, ys }, got [[1], 2] in element 0 ${map}`],
    [
      'an input alone',
      [{ x: [1] }],
      `must each be { x, label } or { xs, ys }, got an object with x in element 0 ${map}`,
    ],
    [
      'values without an example',
      Float32Array.of(1),
      `must each be { x, label } or { xs, ys }, got 1 in element 0 ${map}`,
    ],
    [
      'another shape',
      [...two, { x: Float32Array.of(1), label: 1 }],
      'must all be as the first, float32 of shape [2], got float32 of shape [1] in element 2',
    ],
    [
      'another type',
      [...two, { x: Uint8Array.of(1, 2), label: 1 }],
      'must all be as the first, float32 of shape [2], got uint8 of shape [2] in element 2',
    ],
    [
      'another form of labels',
      [...two, { x: Float32Array.of(1, 2), label: [0, 1] }],
      'must all be as the first, float64 of shape [], got float64 of shape [2] in element 2',
    ],
    ['texts', [{ x: ['a'], label: 1 }], 'must hold typed arrays, lists of numbers or tensors, got "a" in element 0'],
    [
      'lists of two lengths',
      [{ x: [[1, 2], [3]], label: 1 }],
      'must hold lists of one length, got 3 numbers for shape [2,2] in element 0',
    ],
    [
      'integers of 64 bits',
      [{ x: BigInt64Array.of(1n), label: 1 }],
      'must hold typed arrays, lists of numbers or tensors, got an object (BigInt64Array) in element 0',
    ],
    [
      'integers above 255',
      [{ x: Int32Array.of(300), label: 1 }],
      "must be bytes from 0 to 255, or floats, got int32 up to 300 (16-bit levels become 0 to 1 by (x / 65535).astype('float32'); to keep the numbers as they are: x.astype('float32') of NumPy, Float32Array.from of JavaScript)",
    ],
  ])('%s', (_name, examples, text) =>
    expectError(() => datasetOf(examples as never), DataError, `datasetOf: \`examples\` ${text}`),
  );

  it('a label that is none, with the example that has it', async () => {
    await expect(read([...two, { x: Float32Array.of(0, 0), label: -1 }])).rejects.toThrow(
      'datasetOf: `labels` must be integers of at least 0, got -1 at index 2',
    );
  });

  it('batches of two sizes', async () => {
    await expect(read([{ x: [[1], [2]], label: [0] }], { batched: true })).rejects.toThrow(
      'datasetOf: `examples` must have one label for each input of a batch [B, ...], got inputs of shape [2,1] and labels of shape [1] in element 0',
    );
  });

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    ['digits', '"digits"'],
    [{ size: 1 }, 'an object (Object)'],
  ])('%o', (examples, got) =>
    expectError(
      () => datasetOf(examples as never),
      OptionError,
      `datasetOf: \`examples\` must be a list or an iterable of { x, label }, or a data set of tf.data, got ${got}`,
    ),
  );
});
