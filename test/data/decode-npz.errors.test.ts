import { describe, it } from 'vitest';
import { crc32, deflateRawSync } from 'node:zlib';
import { decodeNpz } from '../../src/data/decode-npz.ts';
import { DataError, OptionError } from '../../src/errors.ts';
import { expectError } from '../helpers/errors.ts';
import { encodeNpy, npyFile } from './npy-encoder.ts';
import { zipArchive, type ZipEntry } from './zip-encoder.ts';

const data = encodeNpy({ dtype: 'uint8', shape: [2], data: Uint8Array.of(7, 8) }); // 130 bytes
const good: ZipEntry = { name: 'a.npy', data };
const one = (change: Partial<ZipEntry>): Uint8Array => zipArchive([{ ...good, ...change }]);
const two = (first: Partial<ZipEntry>, second: Partial<ZipEntry>): Uint8Array =>
  zipArchive([
    { ...good, ...first },
    { ...good, name: 'b.npy', ...second },
  ]);
const file = zipArchive([good]); // 165 bytes, a directory of 51, an end of 22
const at = (index: number, ...values: number[]): Uint8Array => file.map((byte, i) => values[i - index] ?? byte);
const zip64 = zipArchive([good], { zip64: true });
const at64 = (index: number, value: number): Uint8Array => zip64.map((byte, i) => (i === index ? value : byte));

const end = 'must end with the end record of a ZIP archive';
const chain = 'must have members that follow each other without gap and overlap';
const names = 'must have plain member names, without .., root, drive or control characters';
const twoHeaders =
  'must say the same in its directory and before the data, got two headers that differ in member "a.npy"';
const unpacked = 'must unpack to the 130 bytes that its directory declares';
const checksum = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(8, '0');
const bomb = deflateRawSync(new Uint8Array(2 ** 20));

const files: [string, Uint8Array, string][] = [
  ['an empty file', new Uint8Array(0), `${end}, got 0 bytes that do not (not an .npz file, or truncated)`],
  ['an NPY file', data, `${end}, got 130 bytes that do not (not an .npz file, or truncated)`],
  ['a cut archive', file.slice(0, -1), `${end}, got 237 bytes that do not (not an .npz file, or truncated)`],
  [
    'a cut comment',
    zipArchive([good], { comment: 'hello' }).slice(0, -1),
    `${end}, got 242 bytes that do not (not an .npz file, or truncated)`,
  ],
  [
    'bytes behind a comment',
    Uint8Array.from([...zipArchive([good], { comment: 'hello' }), 0]),
    `${end}, got 244 bytes that do not (not an .npz file, or truncated)`,
  ],
  [
    'a comment with an end record in it, of which another reader begins',
    zipArchive([good], { comment: `PK\x05\x06${'\0'.repeat(16)}\x01\0 ` }),
    `must have its directory of 0 members right before its end record, at 238, got 0 bytes at 0`,
  ],
  [
    'a comment with the signature of an end record in it',
    zipArchive([good], { comment: `PK\x05\x06${'-'.repeat(30)}` }),
    `${end}, got 272 bytes that do not (not an .npz file, or truncated)`,
  ],
  ['a part of several', zipArchive([good], { disk: 1 }), 'must be one archive in one file, got a part of several'],
  ['two counts of members', at(216 + 8, 2), 'must be one archive in one file, got a part of several'],
  [
    'a member on another disk',
    one({ directory: { disk: 1 } }),
    'must be one archive in one file, got a part in member "a.npy"',
  ],
  [
    'bytes before the archive',
    Uint8Array.from([0, ...file]),
    'must have its directory of 1 members right before its end record, at 217, got 51 bytes at 165',
  ],
  [
    'more members than the directory can hold',
    zipArchive([good], { count: 60000 }),
    'must have its directory of 60000 members right before its end record, at 216, got 51 bytes at 165',
  ],
  [
    'fewer members than there are',
    zipArchive([good, { ...good, name: 'b.npy' }], { count: 1 }),
    'must have 1 members in its directory, got 51 bytes behind them',
  ],
  ['a damaged directory', at(165, 0), 'must have a member of the directory at 165, got other bytes'],
  [
    'a member that is cut off',
    at(165 + 28, 200),
    'must have whole members in its directory, got one at 165 that is cut off',
  ],
  ['zip64: no end record', at64(216, 0), 'must have the end record of zip64 right before its locator, got other bytes'],
  ['zip64: another place', at64(272 + 8, 0), 'must locate the end record of zip64 at 216, got 0'],
  [
    'zip64: another count of members',
    at64(292 + 10, 2),
    'must say the same in its end record as in that of zip64, got two that differ',
  ],
  [
    'zip64: a field without the sizes',
    one({ directory: { size: 2 ** 32 - 1 }, extra: [1, 0, 0, 0] }),
    'must have one zip64 field with every size that refers to it, got another in member "a.npy"',
  ],
  [
    'zip64: two fields',
    one({ extra: [1, 0, 0, 0, 1, 0, 0, 0] }),
    'must have one zip64 field with every size that refers to it, got another in member "a.npy"',
  ],
  [
    'an extra field that is cut off',
    one({ extra: [1, 0, 9, 0] }),
    'must have whole extra fields, got one that is cut off in member "a.npy"',
  ],
  ['an encrypted member', one({ flags: 1 }), 'must not be encrypted, got flags 1 in member "a.npy"'],
  ['unknown flags', one({ flags: 32 }), 'must have known flags, got 32 in member "a.npy"'],
  [
    'another method',
    one({ directory: { method: 14 } }),
    'must be stored (0) or deflated (8), got method 14 in member "a.npy"',
  ],
  [
    'a stored member of two sizes',
    one({ directory: { size: 129 } }),
    'must have sizes that fit each other, got 129 bytes in 130 packed ones in member "a.npy"',
  ],
  [
    'a size that deflate cannot reach',
    one({ deflate: true, directory: { size: 2 ** 31 } }),
    `must have sizes that fit each other, got 2147483648 bytes in ${deflateRawSync(data).length} packed ones in member "a.npy"`,
  ],
  [
    'a name in another encoding',
    one({ name: 'é.npy', flags: 0 }),
    'must mark member names in UTF-8, got "é.npy" without the mark',
  ],
  ['a name that is no UTF-8', at(165 + 46, 0xff), 'must have member names in UTF-8, got other bytes'],
  ['a parent folder', one({ name: '../a.npy' }), `${names}, got "../a.npy"`],
  ['a parent folder inside', one({ name: 'a/../../b.npy' }), `${names}, got "a/../../b.npy"`],
  ['an absolute path', one({ name: '/etc/a.npy' }), `${names}, got "/etc/a.npy"`],
  ['a drive', one({ name: 'C:a.npy' }), `${names}, got "C:a.npy"`],
  ['a path of Windows', one({ name: '..\\a.npy' }), `${names}, got "..\\\\a.npy"`],
  ['an end of text in a name', one({ name: 'a\0.npy' }), `${names}, got "a\\u0000.npy"`],
  ['no name', one({ name: '' }), `${names}, got ""`],
  ['a folder with data', one({ name: 'a/' }), 'must have no data in a folder, got 130 bytes in member "a/"'],
  ['a folder without a name', one({ name: '/', data: new Uint8Array(0) }), `${names}, got "/"`],
  ['a folder of two slashes', one({ name: 'a//', data: new Uint8Array(0) }), `${names}, got "a//"`],
  ['a member twice', two({}, { name: 'a.npy' }), 'must have no member twice, got "a.npy"'],
  ['two members of the same bytes', two({}, { directory: { offset: 0 } }), `${chain}, got two at one place`],
  ['bytes before the first', one({ directory: { offset: 3 } }), `${chain}, got 3 bytes before the first`],
  [
    'a member inside another',
    // The header of b stands in the values of a, so both share bytes.
    two({}, { directory: { offset: 40 } }),
    `${chain}, got 130 bytes from 35 to behind 40 in member "a.npy"`,
  ],
  ['no header before the data', at(0, 0), 'must have the header of a member at 0, got other bytes in member "a.npy"'],
  [
    'more data than there is',
    one({ directory: { packedSize: 131, size: 131 } }),
    `${chain}, got 131 bytes from 35 to behind 165 in member "a.npy"`,
  ],
  [
    'bytes that belong to none',
    one({ directory: { packedSize: 129, size: 129 }, local: { packedSize: 129, size: 129 } }),
    `${chain}, got 1 bytes that belong to none in member "a.npy"`,
  ],
  ['another name before the data', one({ local: { name: 'b.npy' } }), twoHeaders],
  ['another checksum before the data', one({ local: { crc: 5 } }), twoHeaders],
  ['another size before the data', one({ local: { size: 129 } }), twoHeaders],
  ['another method before the data', one({ local: { method: 8 } }), twoHeaders],
  ['other flags before the data', one({ local: { flags: 2 } }), twoHeaders],
  [
    'other sizes behind the data',
    one({ behind: 'signed', directory: { crc: 7 } }),
    `${chain}, got another checksum or other sizes behind the data in member "a.npy"`,
  ],
  [
    'nothing behind the data',
    one({ flags: 8 }),
    `${chain}, got another checksum or other sizes behind the data in member "a.npy"`,
  ],
  [
    'damaged values',
    at(164, 9),
    `must have the checksum of its directory, got CRC-32 ${checksum(data.with(129, 9))} instead of ${checksum(data)} (damaged) in member "a.npy"`,
  ],
  [
    'data that do not unpack',
    one({ deflate: true, local: { packed: new Uint8Array(20).fill(255) } }),
    'must be an intact archive, got bytes that do not unpack in member "a.npy"',
  ],
  [
    'a bomb: more than the declared size',
    one({ deflate: true, local: { packed: new Uint8Array(bomb), size: 130 } }),
    `${unpacked}, got more in member "a.npy"`,
  ],
  [
    'fewer than the declared size',
    one({ deflate: true, local: { packed: new Uint8Array(deflateRawSync(data.slice(1))), size: 130 } }),
    `${unpacked}, got 129 in member "a.npy"`,
  ],
  ['a member that is no array', one({ name: 'a.txt' }), 'must hold NPY files (name.npy), got member "a.txt"'],
  [
    'a checkpoint of PyTorch',
    zipArchive([
      { name: 'model/data.pkl', data },
      { name: 'model/version', data },
    ]),
    'must hold NPY files (name.npy), got member "model/data.pkl" (a checkpoint of PyTorch: decodeTorchCheckpoint reads it)',
  ],
  [
    'pickled objects',
    one({ data: npyFile("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", [0x80, 4]) }),
    `must have numbers in 'descr', got "|O", a pickled object array (unpickling would run code of the file;` +
      ' np.save a plain array of numbers instead, for example np.stack(x)) in member "a.npy"',
  ],
  [
    'a shape beyond the member',
    one({ data: npyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999, 99999999), }", [1]) }),
    'must hold the 9999999800000128 bytes that its header declares (uint8 of shape [99999999, 99999999]),' +
      ' got 129 (truncated) in member "a.npy"',
  ],
];

describe('decodeNpz: damaged archives', () => {
  it.each(files)('%s', (_name, damaged, text) =>
    expectError(() => decodeNpz(damaged), DataError, `decodeNpz: \`bytes\` ${text}`),
  );

  it('a bomb of honest sizes stops at maxBytes, before anything is unpacked', () =>
    expectError(
      () => decodeNpz(one({ deflate: true, data: new Uint8Array(2 ** 20) }), { maxBytes: 1000 }),
      DataError,
      'decodeNpz: `bytes` must unpack to at most 1000 bytes, got 1048576 (raise `maxBytes` if the file is trusted, or choose `names`)',
    ));
});

describe('decodeNpz: wrong arguments', () => {
  it.each<[string, unknown, unknown, typeof DataError, string]>([
    ['bytes of another type', 'a.npz', {}, DataError, '`bytes` must be a Uint8Array or an ArrayBuffer, got "a.npz"'],
    ['names of another type', file, { names: 'a' }, OptionError, '`names` must be a list of names, got "a"'],
    [
      'a name that is not there',
      file,
      { names: ['a', 'b'] },
      OptionError,
      '`names` must be names of arrays in the archive, got "b" (it has ["a"])',
    ],
    [
      'allow_pickle',
      file,
      { allowPickle: true },
      OptionError,
      'unknown option `allowPickle`; known options: `names`, `maxBytes`',
    ],
  ])('%s', (_name, bytes, options, kind, text) =>
    expectError(() => decodeNpz(bytes as never, options as never), kind, `decodeNpz: ${text}`),
  );
});
