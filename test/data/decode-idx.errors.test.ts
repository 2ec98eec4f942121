import { describe, expect, it } from 'vitest';
import { decodeIdx } from '../../src/data/idx.ts';
import { DataError, OptionError } from '../../src/errors.ts';
import { gzip } from './idx-encoder.ts';

const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 5, 7, 2, 1, 0, 4);

/** The labels file with some of its first bytes replaced. */
function withHeader(...bytes: number[]): Uint8Array {
  const file = labels.slice();
  file.set(bytes);
  return file;
}

const files: [string, Uint8Array, string][] = [
  ['an empty file', new Uint8Array(0), '`bytes` must hold at least the 4 bytes of an IDX header, got 0 (truncated)'],
  ['three bytes', labels.slice(0, 3), '`bytes` must hold at least the 4 bytes of an IDX header, got 3 (truncated)'],
  [
    'a wrong magic number',
    withHeader(0x89, 0x50),
    '`bytes` must begin with 00 00 (IDX) or 1f 8b (gzip), got 89 50 (not an IDX file)',
  ],
  [
    'an unknown element type',
    withHeader(0, 0, 0x0a),
    '`bytes` must have a known element type in its third byte ' +
      '(08 uint8, 09 int8, 0b int16, 0c int32, 0d float32, 0e float64), got 0a',
  ],
  ['no dimension', withHeader(0, 0, 8, 0), '`bytes` must declare at least one dimension, got 0'],
  [
    'a header cut inside its dimensions',
    Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1),
    '`bytes` must hold the 16 bytes of a header with 3 dimensions, got 8 (truncated)',
  ],
  ['an empty dimension', withHeader(0, 0, 8, 1, 0, 0, 0, 0), '`bytes` must have no dimension of size 0, got shape [0]'],
  [
    'a missing value',
    labels.slice(0, -1),
    '`bytes` must hold the 13 bytes that its header declares (uint8 of shape [5]), got 12 (truncated)',
  ],
  [
    'a value left over',
    Uint8Array.of(...labels, 9),
    '`bytes` must hold the 13 bytes that its header declares (uint8 of shape [5]), got 14 (bytes are left over)',
  ],
  [
    'labels mislabelled as wider elements',
    withHeader(0, 0, 0x0c),
    '`bytes` must hold the 28 bytes that its header declares (int32 of shape [5]), got 13 (truncated)',
  ],
  [
    'absurd dimensions',
    Uint8Array.of(0, 0, 0x0e, 3, ...new Array<number>(12).fill(0xff)),
    `\`bytes\` must hold the ${16 + 4294967295 ** 3 * 8} bytes that its header declares ` +
      '(float64 of shape [4294967295, 4294967295, 4294967295]), got 16 (truncated)',
  ],
];

describe('decodeIdx: damaged files', () => {
  it.each(files)('%s', async (_name, file, message) => {
    await expect(decodeIdx(file)).rejects.toMatchObject({
      name: 'DataError',
      message: `decodeIdx: ${message}`,
      call: 'decodeIdx',
      field: 'bytes',
    });
  });

  it.each(files)('%s, packed with gzip', async (_name, file, message) => {
    await expect(decodeIdx(gzip(file))).rejects.toThrow(`decodeIdx: ${message}`);
  });

  it('255 dimensions whose product overflows to Infinity', async () => {
    const file = Uint8Array.of(0, 0, 8, 255, ...new Array<number>(4 * 255).fill(0xff));
    await expect(decodeIdx(file)).rejects.toThrow('must hold the Infinity bytes that its header declares');
  });
});

describe('decodeIdx: damaged gzip files', () => {
  const packed = gzip(new Uint8Array(5000).map((_, i) => (i * i) >> 3));
  const damaged = (at: number): Uint8Array => packed.map((byte, i) => (i === at ? byte ^ 0xff : byte));
  it.each([
    ['cut short', packed.slice(0, -3)],
    ['only the magic bytes', packed.slice(0, 2)],
    ['a changed byte', damaged(packed.length >> 1)],
    ['a wrong checksum', damaged(packed.length - 6)],
    ['bytes left over', Uint8Array.of(...packed, 1, 2, 3)],
  ])('%s', async (_name, file) => {
    const text = `decodeIdx: \`bytes\` must be an intact gzip file, got ${file.length} bytes that do not unpack (damaged)`;
    await expect(decodeIdx(file)).rejects.toThrow(text);
    await expect(decodeIdx(file)).rejects.toBeInstanceOf(DataError);
  });

  it('a decompression bomb stops at maxBytes', async () => {
    const bomb = gzip(new Uint8Array(2 ** 24));
    await expect(decodeIdx(bomb, { maxBytes: 1000 })).rejects.toThrow(
      'decodeIdx: `bytes` must unpack to at most 1000 bytes, got more (raise `maxBytes` if the file is trusted)',
    );
  });
});

describe('decodeIdx: wrong arguments', () => {
  it('bytes of another type', async () => {
    await expect(decodeIdx('train-images' as never)).rejects.toThrow(
      'decodeIdx: `bytes` must be a Uint8Array or an ArrayBuffer, got "train-images"',
    );
  });

  it('options', async () => {
    await expect(decodeIdx(labels, { maxBytes: 0 })).rejects.toThrow(
      'decodeIdx: `maxBytes` must be an integer of at least 1, got 0',
    );
    await expect(decodeIdx(labels, { maxbytes: 1 } as never)).rejects.toThrow(
      'decodeIdx: unknown option `maxbytes`; known options: `maxBytes`',
    );
    await expect(decodeIdx(labels, { maxBytes: 0 })).rejects.toBeInstanceOf(OptionError);
  });
});
