import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classNumbers, givenLabels, labelsOf } from '../../src/data/labels.ts';
import type { NpyArray } from '../../src/data/arrays.ts';
import { DataError } from '../../src/errors.ts';
import { expectError } from '../helpers/errors.ts';

/** An array of every element type with these values, which all of them can hold. */
function inEveryType(shape: readonly number[], values: readonly number[]): NpyArray[] {
  const isBool = values.every((value) => value <= 1);
  const arrays: NpyArray[] = [
    { dtype: 'uint8', shape, data: Uint8Array.from(values) },
    { dtype: 'uint16', shape, data: Uint16Array.from(values) },
    { dtype: 'uint32', shape, data: Uint32Array.from(values) },
    { dtype: 'uint64', shape, data: Float64Array.from(values) },
    { dtype: 'int8', shape, data: Int8Array.from(values) },
    { dtype: 'int16', shape, data: Int16Array.from(values) },
    { dtype: 'int32', shape, data: Int32Array.from(values) },
    { dtype: 'int64', shape, data: Float64Array.from(values) },
    { dtype: 'float32', shape, data: Float32Array.from(values) },
    { dtype: 'float64', shape, data: Float64Array.from(values) },
  ];
  return isBool ? [...arrays, { dtype: 'bool', shape, data: Uint8Array.from(values) }] : arrays;
}

const classes = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 12 });

describe('labelsOf', () => {
  it('rows, columns and one-hot rows of every element type are the labels that they were', () => {
    fc.assert(
      fc.property(classes, (labels) => {
        const size = labels.length;
        const rows = labels.flatMap((label) => Array.from({ length: 10 }, (_, i) => (i === label ? 1 : 0)));
        const arrays = [
          ...inEveryType([size], labels),
          ...inEveryType([size, 1], labels),
          ...inEveryType([size, 1, 1], labels),
          ...inEveryType([size, 10], rows),
        ];
        for (const array of arrays) {
          expect(Array.from(labelsOf('call', array)), `${array.dtype} [${array.shape}]`).toEqual(labels);
        }
      }),
      { numRuns: 100, seed: 31 },
    );
  });

  it('has no label -0', () => {
    const data = Float32Array.of(-0, 2);
    expect(labelsOf('call', { dtype: 'float32', shape: [2], data })).toEqual(Float64Array.of(0, 2));
  });

  const many = 'class numbers of shape [size] or [size, 1], or one-hot rows of shape [size, classes]';
  const unique =
    "(np.unique(labels, return_inverse=True)[1] numbers them from 0 in sorted order, if that is the order of the model's classes)";
  const scores = "(scores are no classes: (labels > 0.5).astype('int64') makes two of them)";
  const argmax = '(labels.argmax(1) takes the place of the largest value)';
  it.each<[string, NpyArray, string]>([
    ['a number', { dtype: 'uint8', shape: [], data: Uint8Array.of(1) }, `${many}, got uint8 of shape []`],
    [
      'fewer values than their shape says',
      { dtype: 'uint8', shape: [2, 2], data: Uint8Array.of(0, 1, 1) },
      `${many}, got uint8 of shape [2, 2]`,
    ],
    [
      'label images',
      { dtype: 'uint8', shape: [1, 2, 2], data: new Uint8Array(4) },
      `${many}, got uint8 of shape [1, 2, 2]`,
    ],
    [
      'signs',
      { dtype: 'int8', shape: [3], data: Int8Array.of(1, 1, -1) },
      `integers of at least 0, got -1 at index 2 ${unique}`,
    ],
    [
      'scores of one class',
      { dtype: 'float64', shape: [2, 1], data: Float64Array.of(1, 0.75) },
      `integers of at least 0, got 0.75 at index 1 ${scores}`,
    ],
    [
      'a number without a value',
      { dtype: 'float32', shape: [1], data: Float32Array.of(NaN) },
      `integers of at least 0, got NaN at index 0 ${scores}`,
    ],
    [
      'a float that is whole by rounding only',
      { dtype: 'float64', shape: [1], data: Float64Array.of(2 ** 53) },
      `integers of at least 0, got 9007199254740992 at index 0 ${unique}`,
    ],
    [
      'probabilities',
      { dtype: 'float32', shape: [2, 2], data: Float32Array.of(0, 1, 0.25, 0.75) },
      `one-hot rows, a single 1 and else 0, got [0.25, 0.75] in row 1 ${argmax}`,
    ],
    [
      'two classes at once',
      { dtype: 'bool', shape: [2, 3], data: Uint8Array.of(1, 0, 0, 1, 0, 1) },
      `one-hot rows, a single 1 and else 0, got [1, 0, 1] in row 1 ${argmax}`,
    ],
    [
      'no class',
      { dtype: 'int64', shape: [1, 2], data: Float64Array.of(0, 0) },
      `one-hot rows, a single 1 and else 0, got [0, 0] in row 0 ${argmax}`,
    ],
  ])('refuses %s', (_name, labels, text) => {
    return expectError(() => labelsOf('call', labels), DataError, `call: \`labels\` must be ${text}`);
  });
});

describe('givenLabels', () => {
  it('takes integers of 64 bits and one-hot rows of any kind of array', () => {
    expect(givenLabels('call', BigInt64Array.of(3n, 0n))).toEqual(Float64Array.of(3, 0));
    const rows = [
      [0, 0, 1],
      [1, 0, 0],
    ];
    expect(givenLabels('call', rows)).toEqual(Float64Array.of(2, 0));
    expect(
      givenLabels(
        'call',
        rows.map((row) => Uint8Array.from(row)),
      ),
    ).toEqual(Float64Array.of(2, 0));
  });

  it.each<[unknown[], string]>([
    [[[0, 1], [1]], 'integers, or one-hot rows of one length from 2, got [1] in row 1'],
    [[[1], [0]], 'integers, or one-hot rows of one length from 2, got [1] in row 0'],
  ])('refuses %o', (labels, text) => {
    return expectError(() => givenLabels('call', labels), DataError, `call: \`labels\` must be ${text}`);
  });

  it('numbers are numbers: a text or a truth value is no class', () => {
    const text = (got: string): string => `call: \`labels\` must be integers of at least 0, got ${got}`;
    expect(() => classNumbers('call', ['3'])).toThrow(text('"3" at index 0'));
    expect(() => classNumbers('call', [0, true])).toThrow(text('true at index 1'));
    expect(() => classNumbers('call', [-1n])).toThrow(text('-1n at index 0'));
  });
});
