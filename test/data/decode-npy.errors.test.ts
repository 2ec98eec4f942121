import { describe, expect, it } from 'vitest';
import { decodeNpy } from '../../src/data/npy.ts';
import { DataError, OptionError } from '../../src/errors.ts';
import { expectError } from '../helpers/errors.ts';
import { readFixture } from '../helpers/fixtures.ts';
import { gzip } from './idx-encoder.ts';
import { npyFile } from './npy-encoder.ts';

const good = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }";
const file = npyFile(good, [7, 8]);
const withVersion = (major: number, minor: number): Uint8Array =>
  file.map((byte, i) => (i === 6 ? major : i === 7 ? minor : byte));
const dictionary = (text: string): string =>
  `must have a header {'descr': ..., 'fortran_order': ..., 'shape': ...} that a newline ends, got ${JSON.stringify(text)}`;
const codes =
  'b1 bool, u1 uint8, u2 uint16, u4 uint32, u8 uint64, i1 int8, i2 int16, i4 int32, i8 int64, f2 float16, f4 float32, f8 float64';
const descr = (got: string): string =>
  `must have a known element type in 'descr', < or > and one of ${codes}, got ${JSON.stringify(got)}` +
  ' (array.astype of NumPy converts others)';
const pickle =
  'a pickled object array (unpickling would run code of the file; np.save a plain array of numbers instead, for example np.stack(x))';
const other = (text: string): string => `must have numbers in 'descr', got ${text}`;
const records = (names: string, first: string): string =>
  `must have one number for each element in 'descr', got records with the fields ${names} (np.save x[${first}] of NumPy for each field)`;
const padded = (text: string): string => `${text.padEnd(117)}\n`;

/** The header as the error shows it: cut after 80 characters. */
const shown = (text: string): string => `${padded(text).slice(0, 80)}...`;

function withHeader(text: string, body: readonly number[] = [7, 8]): Uint8Array {
  return npyFile(text.padEnd(100), body);
}

const files: [string, Uint8Array, string][] = [
  ['an empty file', new Uint8Array(0), 'must hold the 10 bytes of an NPY header, got 0 (truncated)'],
  ['only the magic number', file.slice(0, 6), 'must hold the 10 bytes of an NPY header, got 6 (truncated)'],
  ['a cut header', file.slice(0, 100), 'must hold the 128 bytes of an NPY header, got 100 (truncated)'],
  [
    'an .npz archive',
    Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0),
    'must begin with 93 4e 55 4d 50 59 (NPY) or 1f 8b (gzip), got 50 4b 03 04 14 00' +
      ' (not an NPY file; decodeNpz reads .npz archives)',
  ],
  ['a future version', withVersion(4, 0), 'must have NPY version 1.0, 2.0 or 3.0, got 4.0'],
  ['a minor version', withVersion(1, 1), 'must have NPY version 1.0, 2.0 or 3.0, got 1.1'],
  [
    'a header length beyond the file',
    file.map((byte, i) => (i === 8 || i === 9 ? 255 : byte)),
    'must hold the 65545 bytes of an NPY header, got 130 (truncated)',
  ],
  [
    'a header length beyond every file',
    Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 255, 255, 255, 255),
    'must hold the 4294967307 bytes of an NPY header, got 12 (truncated)',
  ],
  [
    'a header longer than any honest one',
    npyFile(good.padEnd(70_000), [7, 8], 2),
    'must have a header of at most 65536 bytes, got 70004',
  ],
  ['no dictionary', withHeader('[1, 2]'), dictionary(shown('[1, 2]'))],
  [
    'a missing name',
    withHeader("{'descr': '|u1', 'shape': (2,), }"),
    dictionary(shown("{'descr': '|u1', 'shape': (2,), }")),
  ],
  [
    'a name twice',
    withHeader("{'descr': '|u1', 'shape': (2,), 'shape': (2,), 'fortran_order': False, }"),
    dictionary(shown("{'descr': '|u1', 'shape': (2,), 'shape': (2,), 'fortran_order': False, }")),
  ],
  [
    'a further name',
    withHeader("{'descr': '|u1', 'shape': (2,), 'size': (2,), 'fortran_order': False, }"),
    dictionary(shown("{'descr': '|u1', 'shape': (2,), 'size': (2,), 'fortran_order': False, }")),
  ],
  [
    'a comma too many',
    withHeader("{'descr': '|u1',, 'shape': (2,), 'fortran_order': False, }"),
    dictionary(shown("{'descr': '|u1',, 'shape': (2,), 'fortran_order': False, }")),
  ],
  [
    'code instead of a value',
    withHeader("{'descr': open('x'), 'shape': (2,), 'fortran_order': False, }"),
    dictionary(shown("{'descr': open('x'), 'shape': (2,), 'fortran_order': False, }")),
  ],
  ['another blank than a space', file.map((byte, i) => (i === 100 ? 0xa0 : byte)), dictionary(`${good.padEnd(80)}...`)],
  ['no newline', file.map((byte) => (byte === 10 ? 32 : byte)), dictionary(`${good.padEnd(80)}...`)],
  ['pickled objects of Python 2', withHeader(good.replace('|u1', '|O8')), other(`"|O8", ${pickle}`)],
  ['pickled objects of 32 bits', withHeader(good.replace('|u1', '|O4')), other(`"|O4", ${pickle}`)],
  ['pickled objects of another spelling', withHeader(good.replace('|u1', '<O')), other(`"<O", ${pickle}`)],
  ['an unknown element type', withHeader(good.replace('|u1', '<q4')), descr('<q4')],
  ['integers of 16 bytes', withHeader(good.replace('|u1', '<i16')), descr('<i16')],
  [
    'records for a shape',
    withHeader(good.replace('(2,)', "[('a', 'b')],")),
    dictionary(shown(good.replace('(2,)', "[('a', 'b')],"))),
  ],
  ['no fields', withHeader(good.replace("'|u1'", '[]')), dictionary(shown(good.replace("'|u1'", '[]')))],
  ['an element type without byte order', withHeader(good.replace('|u1', 'i4')), descr('i4')],
  ['wide elements said to have no byte order', withHeader(good.replace('|u1', '|i4')), descr('|i4')],
  ['an element type in parentheses', withHeader(good.replace("'|u1'", '(|u1)')), descr('|u1')],
  [
    'fortran_order as a text',
    withHeader(good.replace('False', "'False'")),
    `must have True or False for 'fortran_order', got ${JSON.stringify("'False'")}`,
  ],
  [
    'a number for shape',
    withHeader(good.replace('(2,)', '(2)')),
    'must have a tuple of integers for \'shape\', got "(2)"',
  ],
  [
    'a text for shape',
    withHeader(good.replace('(2,)', "'2,'")),
    "must have a tuple of integers for 'shape', got \"'2,'\"",
  ],
  ['only a comma', withHeader(good.replace('(2,)', '(,)')), 'must have a tuple of integers for \'shape\', got "(,)"'],
  [
    'a long integer of Python 2 in version 3.0',
    npyFile(good.replace('(2,)', '(2L,)'), [7, 8], 3),
    'must have a tuple of integers for \'shape\', got "(2L,)"',
  ],
  [
    'a negative size',
    withHeader(good.replace('(2,)', '(-2,)')),
    'must have a tuple of integers for \'shape\', got "(-2,)"',
  ],
  [
    'a size with a leading zero',
    withHeader(good.replace('(2,)', '(02,)')),
    'must have a tuple of integers for \'shape\', got "(02,)"',
  ],
  [
    'an empty dimension',
    withHeader(good.replace('(2,)', '(2, 0)')),
    'must have dimensions from 1 to 2^53 - 1, got shape [2, 0]',
  ],
  [
    'a size that no double holds',
    withHeader(good.replace('(2,)', '(9007199254740993,)')),
    'must have dimensions from 1 to 2^53 - 1, got shape [9007199254740992]',
  ],
  [
    'more dimensions than NumPy allows',
    withHeader(good.replace('(2,)', `(${'1,'.repeat(65)})`)),
    'must declare at most 64 dimensions, got 65',
  ],
  [
    'a size beyond the file',
    withHeader(good.replace('(2,)', '(99999999, 99999999)')),
    'must hold the 9999999800000128 bytes that its header declares (uint8 of shape [99999999, 99999999]), got 130 (truncated)',
  ],
  [
    'a missing value',
    file.slice(0, -1),
    'must hold the 130 bytes that its header declares (uint8 of shape [2]), got 129 (truncated)',
  ],
  [
    'a second array behind the first',
    Uint8Array.from([...file, ...file]),
    'must hold the 130 bytes that its header declares (uint8 of shape [2]), got 260 (bytes are left over)',
  ],
  ['a bool of 2', withHeader(good.replace('u1', 'b1'), [1, 2]), 'must hold 0 or 1 for each bool, got 2 at element 1'],
  [
    'an integer of 2^53',
    withHeader(good.replace('|u1', '<i8'), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0]),
    'must hold integers below 2^53 in size, got about 9007199254740992 at element 1',
  ],
  [
    'the smallest integer of 64 bits, big endian',
    withHeader(good.replace('|u1', '>i8'), [128, ...new Array<number>(15).fill(0)]),
    'must hold integers below 2^53 in size, got about -9223372036854776000 at element 0',
  ],
];

describe('decodeNpy: damaged files', () => {
  it.each(files)('%s', async (_name, damaged, text) => {
    await expectError(() => decodeNpy(damaged), DataError, `decodeNpy: \`bytes\` ${text}`);
    await expectError(() => decodeNpy(gzip(damaged)), DataError, `decodeNpy: \`bytes\` ${text}`);
  });

  it('a decompression bomb stops at maxBytes', () =>
    expectError(
      () => decodeNpy(gzip(new Uint8Array(2 ** 24)), { maxBytes: 1000 }),
      DataError,
      'decodeNpy: `bytes` must unpack to at most 1000 bytes, got more (raise `maxBytes` if the file is trusted)',
    ));
});

const { files: others } = await readFixture<{ files: readonly { name: string; base64: string }[] }>('npy_others.json');

describe('decodeNpy: files that NumPy wrote of types that are no numbers', () => {
  const texts: Readonly<Record<string, string>> = {
    complex64: other('"<c8", complex numbers (np.save x.real or abs(x))'),
    'complex128, big endian': other('">c16", complex numbers (np.save x.real or abs(x))'),
    longdouble: other('"<f16", long doubles (np.save x.astype(\'float64\'))'),
    texts: other(
      '"<U3", texts (np.save x.astype(\'int64\') of digits; np.unique(x, return_inverse=True)[1] numbers names from 0 in sorted order)',
    ),
    'byte texts': other(
      '"|S3", texts (np.save x.astype(\'int64\') of digits; np.unique(x, return_inverse=True)[1] numbers names from 0 in sorted order)',
    ),
    dates: other('"<M8[ns]", times (np.save x.astype(\'int64\'))'),
    'spans of time': other('"<m8[s]", times (np.save x.astype(\'int64\'))'),
    'bytes without a type': other('"|V3", raw bytes (np.save x.view(\'uint8\'))'),
    'bfloat16 of ml_dtypes': other('"<V2", raw bytes, perhaps bfloat16 or float8 (np.save x.astype(\'float32\'))'),
    objects: other(`"|O", ${pickle}`),
    records: records('"image, label"', '"image"'),
    'aligned records': records('"a, , b"', '"a"'),
    'records inside records': records('"box, x, y, label"', '"box"'),
    'records with titles': records('"The image, label"', '"The image"'),
    'records with objects': other(`records of ${pickle}`),
    'records with odd names': records(JSON.stringify("it's, [x], b)]"), JSON.stringify("it's, [x]")),
  };

  it('each has its text', () => {
    expect(others.map(({ name }) => name)).toEqual(Object.keys(texts));
  });

  it.each(others)('$name', ({ name, base64 }) => {
    const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
    return expectError(() => decodeNpy(bytes), DataError, `decodeNpy: \`bytes\` ${texts[name]}`);
  });
});

describe('decodeNpy: wrong arguments', () => {
  it('bytes of another type', () =>
    expectError(
      () => decodeNpy('images.npy' as never),
      DataError,
      'decodeNpy: `bytes` must be a Uint8Array or an ArrayBuffer, got "images.npy"',
    ));

  it('options', () =>
    expectError(
      () => decodeNpy(file, { allowPickle: true } as never),
      OptionError,
      'decodeNpy: unknown option `allowPickle`; known options: `maxBytes`',
    ));
});
