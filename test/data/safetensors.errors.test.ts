import { describe, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../src/data/safetensors.ts';
import { DataError, OptionError } from '../../src/errors.ts';
import { expectError } from '../helpers/errors.ts';
import { safetensorsFile, writeSafetensors } from './safetensors-encoder.ts';
import { zipArchive } from './zip-encoder.ts';

const one = { dtype: 'U8', shape: [2], data_offsets: [0, 2] };
const withInfo = (change: object, body: readonly number[] = [1, 2]): Uint8Array =>
  safetensorsFile(JSON.stringify({ a: { ...one, ...change } }), body);
const good = withInfo({});
const lengthOf = (bytes: readonly number[]): Uint8Array => Uint8Array.from([...bytes, 0x7b, 0x7d]);
const codes = 'BOOL, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64';
const fields = 'must have exactly dtype, shape and data_offsets for each tensor';
const chain = 'must have tensors that follow each other without gap and overlap';
const offsets = 'must have data_offsets [begin, begin + 2] for U8 of shape [2]';

const files: [string, Uint8Array, string][] = [
  ['an empty file', new Uint8Array(0), 'must hold the 8 bytes of a header length, got 0 (truncated)'],
  ['half a length', good.slice(0, 7), 'must hold the 8 bytes of a header length, got 7 (truncated)'],
  ['a cut header', good.slice(0, 20), 'must hold the 61 bytes of its header, got 20 (truncated)'],
  [
    'a header length above the limit',
    lengthOf([1, 0xe1, 0xf5, 5, 0, 0, 0, 0]),
    'must have a header of at most 100000000 bytes, got 100000001 (not a safetensors file, or damaged)',
  ],
  [
    'a header length beyond every file',
    lengthOf([0, 0, 0, 0, 0, 0, 0, 0x80]),
    'must have a header of at most 100000000 bytes, got 9223372036854776000 (not a safetensors file, or damaged)',
  ],
  [
    'a checkpoint of PyTorch',
    zipArchive([{ name: 'resnet/data.pkl', data: Uint8Array.of(0x80, 2) }]),
    'must be a safetensors file, got a checkpoint of PyTorch (decodeTorchCheckpoint of catrs/data reads it)',
  ],
  [
    'a checkpoint of PyTorch before 1.6',
    Uint8Array.of(0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e),
    'must be a safetensors file, got a checkpoint of PyTorch (decodeTorchCheckpoint of catrs/data reads it)',
  ],
  [
    'an archive of NumPy',
    zipArchive([{ name: 'a.npy', data: Uint8Array.of(1) }]),
    'must be a safetensors file, got a ZIP archive (decodeNpz reads .npz, decodeTorchCheckpoint .pth)',
  ],
  [
    'weights of Keras',
    Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a),
    'must be a safetensors file, got an HDF5 file (save_file of safetensors.numpy writes its weights)',
  ],
  [
    'no header',
    new Uint8Array(8),
    'must have a header that begins with 7b ({), got an empty header (not a safetensors file)',
  ],
  [
    'a list as header',
    safetensorsFile('[1]'),
    'must have a header that begins with 7b ({), got 5b (not a safetensors file)',
  ],
  [
    'a blank before the header',
    safetensorsFile(' {}'),
    'must have a header that begins with 7b ({), got 20 (not a safetensors file)',
  ],
  [
    'other bytes than UTF-8',
    safetensorsFile(Uint8Array.of(0x7b, 0xff, 0x7d)),
    'must have a header in UTF-8, got other bytes',
  ],
  ['no JSON', safetensorsFile("{'a': 1}"), `must have a header of JSON, got "{'a': 1}"`],
  ['JSON with more behind it', safetensorsFile('{}{}'), 'must have a header of JSON, got "{}{}"'],
  [
    'half of a character as name',
    safetensorsFile('{"\\ud800":1}'),
    'must have names of whole characters, got "\\ud800"',
  ],
  ['a number for a tensor', safetensorsFile('{"a":1}'), `${fields}, got 1 for "a"`],
  ['a list for a tensor', safetensorsFile('{"a":[]}'), `${fields}, got [] for "a"`],
  ['a missing field', withInfo({ shape: undefined }), `${fields}, got "dtype, data_offsets" for "a"`],
  ['a further field', withInfo({ scale: 1 }), `${fields}, got "dtype, shape, data_offsets, scale" for "a"`],
  ['a number for the shape', withInfo({ shape: 2 }), `${fields}, got "dtype, shape, data_offsets" for "a"`],
  [
    'another element type',
    withInfo({ dtype: 'F8_E4M3' }),
    `must have a known element type (${codes}), got "F8_E4M3" for "a"`,
  ],
  ['a number as element type', withInfo({ dtype: 8 }), `must have a known element type (${codes}), got 8 for "a"`],
  ['a negative size', withInfo({ shape: [-2] }), 'must have a shape of whole numbers, got [-2] for "a"'],
  ['a text as size', withInfo({ shape: ['2'] }), 'must have a shape of whole numbers, got ["string"] for "a"'],
  ['half a size', withInfo({ shape: [2.5] }), 'must have a shape of whole numbers, got [2.5] for "a"'],
  [
    'a size beyond the file',
    withInfo({ shape: [99999999, 99999999] }),
    'must have data_offsets [begin, begin + 9999999800000000] for U8 of shape [99999999, 99999999], got [0, 2] for "a"',
  ],
  ['three offsets', withInfo({ data_offsets: [0, 1, 2] }), `${offsets}, got [0, 1, 2] for "a"`],
  ['offsets backwards', withInfo({ data_offsets: [2, 0] }), `${offsets}, got [2, 0] for "a"`],
  ['negative offsets', withInfo({ data_offsets: [-1, 1] }), `${offsets}, got [-1, 1] for "a"`],
  ['offsets that do not fit the shape', withInfo({ data_offsets: [0, 1] }), `${offsets}, got [0, 1] for "a"`],
  ['a gap before the first', withInfo({ data_offsets: [1, 3] }, [1, 2, 3]), `${chain}, got "a" at 1 instead of 0`],
  [
    'a gap between two',
    safetensorsFile(JSON.stringify({ a: one, b: { ...one, data_offsets: [3, 5] } }), [1, 2, 3, 4, 5]),
    `${chain}, got "b" at 3 instead of 2`,
  ],
  [
    'two tensors of the same bytes',
    safetensorsFile(JSON.stringify({ a: one, b: one }), [1, 2]),
    `${chain}, got "b" at 0 instead of 2`,
  ],
  ['a missing value', good.slice(0, -1), 'must hold the 63 bytes that its header declares, got 62 (truncated)'],
  [
    'bytes behind the last tensor',
    Uint8Array.from([...good, 0]),
    'must hold the 63 bytes that its header declares, got 64 (bytes are left over)',
  ],
  [
    'a tensor twice',
    safetensorsFile(`{"a":${JSON.stringify(one)},"a":${JSON.stringify(one)}}`, [1, 2]),
    'must have no name twice, got 4 repeated',
  ],
  [
    'a field twice',
    safetensorsFile('{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', [1]),
    'must have no name twice, got 1 repeated',
  ],
  [
    'a name twice in two spellings, with a colon in a text',
    safetensorsFile('{"__metadata__":{"\\u0061\\"":"x\\":" , "a\\"" :\n"y"}}'),
    'must have no name twice, got 1 repeated',
  ],
  [
    'a list as metadata',
    safetensorsFile('{"__metadata__":["a"]}'),
    'must have texts by name as __metadata__, got ["a"]',
  ],
  [
    'a number in the metadata',
    safetensorsFile('{"__metadata__":{"epoch":3}}'),
    'must have texts by name as __metadata__, got an object (Object)',
  ],
  [
    'a bool of 2',
    writeSafetensors([{ name: 'a', code: 'BOOL', shape: [2], values: [1, 2] }]),
    'must hold 0 or 1 for each bool, got 2 at element 1 of "a"',
  ],
  [
    'an integer of 2^53',
    writeSafetensors([{ name: 'a', code: 'I64', shape: [], values: [2 ** 53] }]),
    'must hold integers below 2^53 in size, got about 9007199254740992 at element 0 of "a"',
  ],
];

describe('decodeSafetensors: damaged files', () => {
  it.each(files)('%s', (_name, damaged, text) =>
    expectError(() => decodeSafetensors(damaged), DataError, `decodeSafetensors: \`bytes\` ${text}`),
  );

  it('bytes of another type', () =>
    expectError(
      () => decodeSafetensors('model.safetensors' as never),
      DataError,
      'decodeSafetensors: `bytes` must be a Uint8Array or an ArrayBuffer, got "model.safetensors"',
    ));
});

describe('encodeSafetensors refuses', () => {
  const bias = { dtype: 'float32', shape: [1], data: Float32Array.of(1) };

  it.each<[string, unknown, unknown, typeof DataError, string]>([
    [
      'a plain object',
      { bias },
      undefined,
      OptionError,
      '`tensors` must be a Map, got an object (Object) (new Map(Object.entries(object)) makes one)',
    ],
    [
      'plain metadata',
      new Map(),
      { epoch: '3' },
      OptionError,
      '`metadata` must be a Map, got an object (Object) (new Map(Object.entries(object)) makes one)',
    ],
    [
      'the name of the metadata',
      new Map([['__metadata__', bias]]),
      undefined,
      DataError,
      '`tensors` must have another name than __metadata__, got "__metadata__"',
    ],
    [
      'a name that is no text',
      new Map([[1, bias]]),
      undefined,
      DataError,
      '`tensors` must have texts as names and metadata, got 1',
    ],
    [
      'half of a character',
      new Map([['\ud800', bias]]),
      undefined,
      DataError,
      '`tensors` must have texts of whole characters, got "\\ud800"',
    ],
    [
      'a number as metadata',
      new Map(),
      new Map([['epoch', 3]]),
      DataError,
      '`metadata` must have texts as names and metadata, got 3',
    ],
    [
      'values that do not fit the shape',
      new Map([['bias', { ...bias, shape: [0] }]]),
      undefined,
      DataError,
      '`tensors` must have 0 values for shape [0], got 1 for "bias"',
    ],
    [
      'a header above the limit',
      new Map(),
      new Map([['note', 'x'.repeat(100_000_000)]]),
      DataError,
      '`tensors` must fit a header of 100000000 bytes, got 100000028',
    ],
  ])('%s', (_name, tensors, metadata, kind, text) =>
    expectError(() => encodeSafetensors(tensors as never, metadata as never), kind, `encodeSafetensors: ${text}`),
  );
});
