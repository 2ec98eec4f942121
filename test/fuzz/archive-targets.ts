import assert from 'node:assert/strict';
import { crc32, inflateRawSync } from 'node:zlib';
import { decodeNpz } from '../../src/data/decode-npz.ts';
import { decodeSafetensors, type Safetensors } from '../../src/data/safetensors.ts';
import type { NpyArray } from '../../src/data/arrays.ts';
import { halfValue } from '../data/half-value.ts';
import { encodeNpy } from '../data/npy-encoder.ts';
import { SAFETENSORS_WIDTHS, writeSafetensors } from '../data/safetensors-encoder.ts';
import { zipArchive, type ZipEntry } from '../data/zip-encoder.ts';
import { maxBytes, npyTarget } from './data-targets.ts';
import type { FuzzTarget } from './fuzz.ts';

const arrays: readonly NpyArray[] = [
  { dtype: 'uint8', shape: [2, 3], data: Uint8Array.of(0, 1, 2, 3, 254, 255) },
  { dtype: 'int64', shape: [2], data: Float64Array.of(-1, 2 ** 40) },
  { dtype: 'float32', shape: [3], data: Float32Array.of(1.5, -0, NaN) },
  { dtype: 'uint8', shape: [40, 40], data: new Uint8Array(1600) },
];
const ways: readonly Partial<ZipEntry>[] = [
  {},
  { zip64: 'local' },
  { deflate: true },
  { deflate: true, zip64: 'both' },
  { behind: 'signed' },
  { deflate: true, behind: 'signed64', zip64: 'local' },
];

/** Members that are no arrays. */
const others: readonly ZipEntry[] = [
  { name: 'set/', data: new Uint8Array(0) },
  { name: 'README', data: Uint8Array.of(35, 10), deflate: true },
];

export interface RawMember {
  readonly name: string;
  readonly data: Uint8Array;
  /** Where the checksum stands: in the directory, and with the data. */
  readonly crcAt: readonly number[];
  readonly crc: number;
}

/** Reads an archive by its directory alone, as simple readers do: it believes everything. Sizes of 4 and of 8 bytes. */
export function readArchive(file: Uint8Array): RawMember[] {
  const buffer = Buffer.from(file.buffer, file.byteOffset, file.length);
  const end = buffer.lastIndexOf('PK\x05\x06', buffer.length - 22, 'latin1');
  const plain = [buffer.readUInt16LE(end + 10), buffer.readUInt32LE(end + 12), buffer.readUInt32LE(end + 16)] as const;
  const isEnd64 = plain[0] === 0xffff || plain[1] === 0xffffffff || plain[2] === 0xffffffff;
  const wide = (at: number): number => Number(buffer.readBigUInt64LE(end - 76 + at));
  const [members, begin] = isEnd64 ? [wide(32), wide(48)] : [plain[0], plain[2]];
  const found: RawMember[] = [];
  for (let i = 0, at = begin; i < members; i++) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((place) => buffer.readUInt16LE(at + place));
    const extra = at + 46 + nameLength!;
    const isWide = buffer.readUInt32LE(at + 24) === 0xffffffff;
    const packedSize = isWide ? Number(buffer.readBigUInt64LE(extra + 12)) : buffer.readUInt32LE(at + 20);
    const offset = isWide ? Number(buffer.readBigUInt64LE(extra + 20)) : buffer.readUInt32LE(at + 42);
    const packedAt = offset + 30 + buffer.readUInt16LE(offset + 26) + buffer.readUInt16LE(offset + 28);
    const packed = buffer.subarray(packedAt, packedAt + packedSize);
    const isDeflated = buffer.readUInt16LE(at + 10) === 8;
    found.push({
      name: buffer.toString('utf8', at + 46, extra),
      data: isDeflated ? inflateRawSync(packed, { maxOutputLength: maxBytes }) : packed,
      // Where the sizes are behind the data, the checksum is there too (with a signature, in the seeds).
      crcAt: [at + 16, buffer.readUInt16LE(at + 8) & 8 ? packedAt + packedSize + 4 : offset + 14],
      crc: buffer.readUInt32LE(at + 16),
    });
    at = extra + extraLength! + commentLength!;
  }
  return found;
}

/** Half of the damaged archives get checksums that fit, where a simple reader finds any: otherwise hardly one comes to be unpacked. */
export function withChecksums(file: Uint8Array): Uint8Array {
  if (crc32(file) % 2 === 1) return file;
  const mended = Buffer.from(file);
  try {
    for (const { data, crcAt } of readArchive(file)) for (const at of crcAt) mended.writeUInt32LE(crc32(data), at);
  } catch {
    return file;
  }
  return new Uint8Array(mended);
}

/** NPZ: a simple reader of archives, and the check of NPY for each array. */
export const npzTarget: FuzzTarget<ReadonlyMap<string, NpyArray>> = {
  name: 'NPZ',
  seeds: [0, 1, 2, 3].flatMap((first) =>
    [false, true].map((zip64) =>
      zipArchive(
        [
          ...ways.map((way, i) => ({ name: `${'abcdef'[i]}.npy`, data: encodeNpy(arrays[(first + i) % 4]!), ...way })),
          ...(first % 2 === 0 ? others : []),
        ],
        { zip64, comment: first < 2 ? 'a comment' : '' },
      ),
    ),
  ),
  tokens: [
    ['\x00\x00\x21\x00', '\x01\x02\x21\x00', '\x00\x00\x22\x00'],
    ['a.npy', 'b.npy', 'x.npy', '/.npy', '..npy'],
    ['|u1', '|i1', '|b1', '|O '],
    ['(2, 3)', '(3, 2)', '(6,)  ', '(9,)  '],
    ['\x2d\x00', '\x14\x00'],
    ['PK\x01\x02', 'PK\x03\x04', 'PK\x05\x06'],
    ['README', 'a.npy/', 'set/', 'a comment'],
  ],
  decode: async (file) => await decodeNpz(withChecksums(file), { maxBytes }),
  check: (found, file) => {
    const members = readArchive(withChecksums(file)).filter(
      ({ name }) => name.endsWith('.npy') && !name.startsWith('__MACOSX/'),
    );
    assert.deepEqual(
      [...found.keys()].map((name) => `${name}.npy`),
      members.map(({ name }) => name),
    );
    for (const { name, data, crc } of members) {
      assert.equal(crc32(data), crc);
      npyTarget.check(found.get(name.slice(0, -4))!, new Uint8Array(data));
    }
  },
};

const info = [
  { name: 'conv.weight', code: 'F32', shape: [2, 2], values: [1, -0, 1e-45, NaN] },
  { name: 'conv.bias', code: 'F16', shape: [3], values: [0x3c00, 0x8001, 0x7c00] },
  { name: 'bn.mean', code: 'BF16', shape: [1, 2], values: [0x3f80, 0xff80] },
  { name: 'bn.num', code: 'I64', shape: [], values: [-(2 ** 40)] },
  { name: 'mask', code: 'BOOL', shape: [4], values: [0, 1, 1, 0] },
  { name: 'bytes', code: 'U8', shape: [2, 0], values: [] },
  { name: 'e', code: 'F64', shape: [1], values: [Math.E] },
  { name: 'i', code: 'I16', shape: [3], values: [-3, 0, 300] },
  { name: 'u2', code: 'U16', shape: [1], values: [65535] },
  { name: 'u4', code: 'U32', shape: [1, 2], values: [2 ** 32 - 1, 1] },
  { name: 'u8', code: 'U64', shape: [1], values: [2 ** 40 + 1] },
] as const;

/** safetensors: the header is parsed again, every value is read through a DataView. */
export const safetensorsTarget: FuzzTarget<Safetensors> = {
  name: 'safetensors',
  seeds: [info, info.slice(0, 3), info.slice(3), info.slice(2, 5).reverse()].flatMap((tensors) => [
    writeSafetensors(tensors),
    writeSafetensors(tensors, { format: 'pt', epoch: '3' }),
  ]),
  tokens: [
    ['"F32"', '"I32"', '"F64"'],
    ['"F16"', '"I16"', '"F32"'],
    ['"BF16"', '"BOOL"', '"F16" '],
    ['"U8"', '"I8"'],
    ['"U16"', '"I16"', '"F16"'],
    ['"U64"', '"I64"', '"F64"', '"U32"'],
    ['[2,2]', '[4]  ', '[1,4]', '[2,3]'],
    ['conv', 'mask', '__pr', '\\u00'],
    ['"pt"', '"np"', 'null'],
    ['[3]', '[4]', '[ ]', '[1]'],
  ],
  decode: async (file) => await Promise.resolve(file).then(decodeSafetensors),
  check: ({ tensors, metadata }, file) => {
    const buffer = Buffer.from(file);
    const end = 8 + Number(buffer.readBigUInt64LE(0));
    const { __metadata__: texts = {}, ...infos } = JSON.parse(buffer.toString('utf8', 8, end)) as Record<
      string,
      object
    >;
    assert.deepEqual([...metadata].sort(), Object.entries(texts ?? {}).sort());
    assert.deepEqual([...tensors.keys()].sort(), Object.keys(infos).sort());
    let total = end;
    for (const [name, one] of Object.entries(infos)) {
      const {
        dtype: code,
        shape,
        data_offsets: offsets,
      } = one as { dtype: string; shape: number[]; data_offsets: number[] };
      const array = tensors.get(name)!;
      assert.deepEqual(array.shape, shape);
      const width = SAFETENSORS_WIDTHS[code]!;
      assert.equal(array.data.length * width, offsets[1]! - offsets[0]!);
      const view = new DataView(file.buffer, file.byteOffset + end + offsets[0]!, array.data.length * width);
      array.data.forEach((value, i) => assert.ok(Object.is(value, elementOf(view, code, i * width)), `${name} ${i}`));
      total += array.data.length * width;
    }
    assert.equal(total, file.length);
  },
};

function elementOf(view: DataView, code: string, at: number): number {
  if (code === 'BOOL' || code === 'U8') return view.getUint8(at);
  if (code === 'I8') return view.getInt8(at);
  if (code === 'I16') return view.getInt16(at, true);
  if (code === 'U16') return view.getUint16(at, true);
  if (code === 'U32') return view.getUint32(at, true);
  if (code === 'U64') return Number(view.getBigUint64(at, true));
  if (code === 'I32') return view.getInt32(at, true);
  if (code === 'I64') return Number(view.getBigInt64(at, true));
  if (code === 'F32') return view.getFloat32(at, true);
  if (code === 'F64') return view.getFloat64(at, true);
  const word = view.getUint16(at, true);
  return code === 'F16' ? halfValue(word, 5, 10) : halfValue(word, 8, 7);
}
