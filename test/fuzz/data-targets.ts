import assert from 'node:assert/strict';
import { type CifarBatch, decodeCifar } from '../../src/data/cifar.ts';
import { decodeIdx } from '../../src/data/idx.ts';
import type { IdxArray, NpyArray, NpyDtype } from '../../src/data/arrays.ts';
import { decodeNpy } from '../../src/data/npy.ts';
import { cifarBatch, encodeCifar } from '../data/cifar-encoder.ts';
import { encodeIdx } from '../data/idx-encoder.ts';
import { halfValue } from '../data/half-value.ts';
import { encodeNpy, npyFile } from '../data/npy-encoder.ts';
import type { FuzzTarget } from './fuzz.ts';

/** Far above every seed: what a damaged gzip file may unpack to. */
export const maxBytes = 2 ** 20;

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
const range = (shape: readonly number[], scale = 1): number[] =>
  Array.from({ length: count(shape) }, (_, i) => (i * scale) | 0);

const idxArrays: IdxArray[] = [
  { dtype: 'uint8', shape: [5], data: Uint8Array.from(range([5], 50)) },
  { dtype: 'uint8', shape: [3, 7, 5], data: Uint8Array.from(range([3, 7, 5])) },
  { dtype: 'int8', shape: [4], data: Int8Array.from(range([4], -30)) },
  { dtype: 'int16', shape: [2, 3], data: Int16Array.from(range([2, 3], -3000)) },
  { dtype: 'int32', shape: [2, 2, 2], data: Int32Array.from(range([2, 2, 2], 1e8)) },
  { dtype: 'float32', shape: [6], data: Float32Array.of(1.5, -0, NaN, Infinity, 1e-45, -3e38) },
  { dtype: 'float64', shape: [1, 3], data: Float64Array.of(Math.PI, -5e-324, 1e308) },
];

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** IDX: the header is encoded again, the values are compared bit by bit with the bytes of the file. */
export const idxTarget: FuzzTarget<IdxArray> = {
  name: 'IDX',
  seeds: idxArrays.map(encodeIdx),
  tokens: [
    ['\x00\x00\x08', '\x00\x00\x09'],
    ['\x00\x00\x0c', '\x00\x00\x0d'],
    ['\x00\x00\x00\x01', '\x00\x00\x00\x02', '\x00\x00\x00\x03', '\x00\x00\x00\x06'],
  ],
  decode: (file) => decodeIdx(file, { maxBytes }),
  check: ({ dtype, shape, data }, file) => {
    assert.equal(data.length, count(shape));
    const [, , code, rank] = file;
    const width = data.BYTES_PER_ELEMENT;
    assert.deepEqual([...file.subarray(0, 2)], [0, 0]);
    assert.equal({ 8: 'uint8', 9: 'int8', 11: 'int16', 12: 'int32', 13: 'float32', 14: 'float64' }[code!], dtype);
    assert.equal(rank, shape.length);
    shape.forEach((size, axis) => {
      assert.equal(Buffer.from(file).readUInt32BE(4 + 4 * axis), size);
    });
    const body = file.subarray(4 + 4 * shape.length);
    assert.equal(body.length, data.length * width);
    const values = bytesOf(data);
    // This machine is little endian, the file is big endian.
    body.forEach((byte, i) => assert.equal(values[i - (i % width) + width - 1 - (i % width)], byte));
  },
};

const npyArrays: NpyArray[] = [
  ...idxArrays,
  { dtype: 'bool', shape: [7], data: Uint8Array.of(0, 1, 1, 0, 1, 0, 0) },
  { dtype: 'int64', shape: [2, 2], data: Float64Array.of(0, -1, 2 ** 53 - 1, -(2 ** 40)) },
  { dtype: 'uint16', shape: [3], data: Uint16Array.of(0, 255, 65535) },
  { dtype: 'uint32', shape: [2, 1], data: Uint32Array.of(7, 2 ** 32 - 1) },
  { dtype: 'uint64', shape: [3], data: Float64Array.of(0, 2 ** 40 + 1, 2 ** 53 - 1) },
  { dtype: 'int32', shape: [], data: Int32Array.of(7) },
];
const npyLayouts = [
  { littleEndian: true, fortranOrder: false, version: 1 },
  { littleEndian: false, fortranOrder: false, version: 1 },
  { littleEndian: true, fortranOrder: true, version: 2 },
  { littleEndian: false, fortranOrder: true, version: 3 },
] as const;

/** Halves, which no decoded array has: 1, -2^-24, infinite, NaN. */
const halves = ['<', '>'].map((order) => {
  const words = [0x3c00, 0x8001, 0x7c00, 0xfe00].flatMap((word) => [word & 0xff, word >> 8]);
  return npyFile(`{'descr': '${order}f2', 'fortran_order': True, 'shape': (2, 2), }`, words);
});

const npyCodes: Readonly<Record<string, readonly [NpyDtype, number]>> = {
  b1: ['bool', 1],
  u1: ['uint8', 1],
  u2: ['uint16', 2],
  u4: ['uint32', 4],
  u8: ['uint64', 8],
  f2: ['float32', 2],
  i1: ['int8', 1],
  i2: ['int16', 2],
  i4: ['int32', 4],
  i8: ['int64', 8],
  f4: ['float32', 4],
  f8: ['float64', 8],
};

/** NPY: the header is turned into JSON, every element is looked up by its indices. */
export const npyTarget: FuzzTarget<NpyArray> = {
  name: 'NPY',
  seeds: [...npyArrays.flatMap((array) => npyLayouts.map((layout) => encodeNpy(array, layout))), ...halves],
  tokens: [
    ['|u1', '|i1', '|b1', '<u1', '>u1'],
    ['<i2', '>u2', '<f2', '>f2'],
    ['<i4', '>i4', '<f4', '>f4', '>u4'],
    ['<i8', '>i8', '<f8', '>f8', '<u8', '>u8', '|O8', '<c8'],
    ["'|u1'", "[('a', '|u1')]", "[('a', '|u1'), ]", "[('a', [('b', '|O')])]"],
    ['False', 'True '],
    ['(2, 3)', '(3, 2)', '(6,)  ', '(6, 1)', '( 2,3)', '(2L,3)'],
    ['(3, 7, 5)', '(7, 5, 3)', '(105,)   ', '(21, 5)  '],
    ["'descr'", '"descr"', "'shape'"],
  ],
  decode: (file) => decodeNpy(file, { maxBytes }),
  check: ({ dtype, shape, data }, file) => {
    const buffer = Buffer.from(file);
    assert.equal(buffer.toString('latin1', 0, 6), '\x93NUMPY');
    const begin = buffer[6] === 1 ? 10 : 12;
    const end = begin + (begin === 10 ? buffer.readUInt16LE(8) : buffer.readUInt32LE(8));
    const header = headerAsJson(buffer.toString('latin1', begin, end));
    assert.deepEqual(Object.keys(header).sort(), ['descr', 'fortran_order', 'shape']);
    assert.deepEqual(header.shape, shape);
    const [name, width] = npyCodes[header.descr.slice(1)]!;
    assert.equal(name, dtype);
    assert.equal(data.length, count(shape));
    assert.equal(file.length, end + data.length * width);
    const place = placeOf(shape, header.fortran_order);
    for (let i = 0; i < data.length; i++) {
      const element = buffer.subarray(end + place(i) * width, end + (place(i) + 1) * width);
      const little = header.descr.startsWith('>') ? Buffer.from(element).reverse() : element;
      if (dtype === 'int64') assert.equal(BigInt(data[i]!), little.readBigInt64LE());
      else if (dtype === 'uint64') assert.equal(BigInt(data[i]!), little.readBigUInt64LE());
      else if (header.descr.endsWith('f2')) assert.ok(Object.is(data[i], halfValue(little.readUInt16LE(), 5, 10)));
      else assert.deepEqual([...bytesOf(data).subarray(i * width, (i + 1) * width)], [...little]);
      if (dtype === 'bool') assert.ok(data[i] === 0 || data[i] === 1);
    }
  },
};

interface NpyHeaderJson {
  readonly descr: string;
  readonly fortran_order: boolean;
  readonly shape: readonly number[];
}

/** The Python dictionary as JSON, by replacing what differs. */
function headerAsJson(text: string): NpyHeaderJson {
  assert.ok(text.endsWith('\n'));
  const json = text
    .replaceAll("'", '"')
    .replaceAll('(', '[')
    .replaceAll(')', ']')
    .replaceAll('True', 'true')
    .replaceAll('False', 'false')
    .replace(/(\d)L/g, '$1')
    .replace(/,\s*([\]}])/g, '$1');
  return JSON.parse(json) as NpyHeaderJson;
}

/** Place in the file of the element with row-major number i. */
function placeOf(shape: readonly number[], fortranOrder: boolean): (i: number) => number {
  if (!fortranOrder) return (i) => i;
  return (i) => {
    let rest = i;
    let place = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += (rest % shape[axis]!) * count(shape.slice(0, axis));
      rest = Math.floor(rest / shape[axis]!);
    }
    return place;
  };
}

/** CIFAR: the decoded batch, encoded again, is the file. */
export function cifarTarget(classes: 10 | 100): FuzzTarget<CifarBatch> {
  return {
    name: `CIFAR-${classes}`,
    seeds: [1, 2].map((size) => encodeCifar(cifarBatch(size, classes))),
    tokens: [['\x00', '\x09', '\x13', '\x63']],
    decode: (file) => decodeCifar(file, { classes, maxBytes }),
    check: (batch, file) => {
      const size = batch.labels.data.length;
      assert.deepEqual(batch.images.shape, [size, 32, 32, 3]);
      assert.deepEqual(batch.labels.shape, [size]);
      assert.ok(batch.labels.data.every((label) => label < classes));
      assert.ok((batch.coarseLabels?.data ?? []).every((label) => label < 20));
      assert.equal(batch.coarseLabels === undefined, classes === 10);
      assert.ok(Buffer.from(encodeCifar(batch)).equals(file));
    },
  };
}
