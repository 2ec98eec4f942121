import { describe, expect, it } from 'vitest';
import { decodeIdx } from '../../src/data/idx.ts';
import { gzip } from './idx-encoder.ts';

describe('decodeIdx', () => {
  // The first bytes of t10k-labels-idx1-ubyte with its count cut to 5: magic 0x00000801, big-endian.
  const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 5, 7, 2, 1, 0, 4);

  it('reads MNIST labels', async () => {
    expect(await decodeIdx(labels)).toEqual({ dtype: 'uint8', shape: [5], data: Uint8Array.of(7, 2, 1, 0, 4) });
  });

  it('reads the same file packed with gzip, and from an ArrayBuffer', async () => {
    const plain = await decodeIdx(labels);
    expect(await decodeIdx(gzip(labels))).toEqual(plain);
    expect(await decodeIdx(labels.buffer)).toEqual(plain);
  });

  it('reads an array that is a view into a larger buffer', async () => {
    const padded = new Uint8Array(labels.length + 7);
    padded.set(labels, 3);
    expect(await decodeIdx(padded.subarray(3, 3 + labels.length))).toEqual(await decodeIdx(labels));
  });

  it.each([
    ['int8', 0x09, [0xff, 0x02], Int8Array.of(-1, 2)],
    ['int16', 0x0b, [0xff, 0xfe, 0x01, 0x00], Int16Array.of(-2, 256)],
    ['int32', 0x0c, [0xff, 0xff, 0xff, 0xfd, 0x00, 0x01, 0x00, 0x00], Int32Array.of(-3, 65536)],
    ['float32', 0x0d, [0xbf, 0x80, 0x00, 0x00, 0x3e, 0x80, 0x00, 0x00], Float32Array.of(-1, 0.25)],
    ['float64', 0x0e, [0xbf, 0xf0, 0, 0, 0, 0, 0, 0, 0x3f, 0xd0, 0, 0, 0, 0, 0, 0], Float64Array.of(-1, 0.25)],
  ])('reads big-endian %s', async (dtype, code, body, data) => {
    const file = Uint8Array.of(0, 0, code, 2, 0, 0, 0, 1, 0, 0, 0, 2, ...body);
    expect(await decodeIdx(file)).toEqual({ dtype, shape: [1, 2], data });
  });

  it('does not share memory with its input', async () => {
    const file = labels.slice();
    const { data } = await decodeIdx(file);
    file.fill(0);
    expect([...data]).toEqual([7, 2, 1, 0, 4]);
  });

  it('admits a gzip file of exactly maxBytes', async () => {
    expect((await decodeIdx(gzip(labels), { maxBytes: labels.length })).shape).toEqual([5]);
  });
});
