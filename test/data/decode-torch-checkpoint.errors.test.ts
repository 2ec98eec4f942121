import { describe, it } from 'vitest';
import { decodeTorchCheckpoint } from '../../src/data/torch-checkpoint.ts';
import { DataError, OptionError } from '../../src/errors.ts';
import { expectError } from '../helpers/errors.ts';
import {
  called,
  dict,
  type Item,
  MAGIC,
  named,
  pickled,
  program,
  referred,
  tensor,
  type TensorItem,
  torchArchive,
  torchStream,
} from './torch-encoder.ts';
import { zipArchive } from './zip-encoder.ts';

const four = new Uint8Array(16);
const good: TensorItem = { length: 4, shape: [2, 2], strides: [2, 1] };
const net = (change: Partial<TensorItem>): Uint8Array =>
  torchArchive(dict({ a: tensor({ ...good, ...change }) }), { '0': four });
const run = (...code: readonly (number | Item)[]): Uint8Array =>
  torchArchive([0x80, 2, ...code.flatMap((one) => (typeof one === 'number' ? [one] : pickled(one))), 0x2e]);
const id = (...parts: Item[]): Item => referred({ tuple: parts });
const float = named('torch', 'FloatStorage');
const stream = torchStream(dict({ a: tensor({ ...good, view: null }) }), { '0': [4, four] });
const part = (view: Item): Uint8Array => torchStream(dict({ a: tensor({ ...good, view }) }), { '0': [4, four] });
const sum = (id: Item): Item => called(named('torch._utils', '_rebuild_parameter'), id, true, null);
/** A stream whose value is made of more instructions than any checkpoint has. */
const start = [...MAGIC, ...program(1001), ...program(1), 0x80, 2];
const long = new Uint8Array(start.length + 2 ** 20 + 1).fill(0x29);
long.set(start);
const weights = '(nothing of a file is run; save the weights alone: torch.save(model.state_dict(), file))';
const alone = '(save the weights alone: torch.save(model.state_dict(), file))';
const form = 'must be a file of torch.save';
const tuple = "must refer to storages only: ('storage', type, key, place, number of elements)";

const files: readonly (readonly [string, unknown, string])[] = [
  ['no bytes', 'net.pt', 'must be a Uint8Array or an ArrayBuffer, got "net.pt"'],
  ['an empty file', new Uint8Array(), `${form}, which begins with 50 4b 03 04 or 80, got no bytes`],
  ['text', Uint8Array.of(123, 10), `${form}, which begins with 50 4b 03 04 or 80, got bytes that begin with 7b 0a`],
  [
    'a tar archive',
    Uint8Array.from({ length: 512 }, (_, i) => 'ustar'.charCodeAt(i - 257) || 0),
    `${form}, got a tar archive as PyTorch wrote before 0.1.10 (load it with a PyTorch that reads it and save it again)`,
  ],
  [
    'another archive',
    zipArchive([{ name: 'a.npy', data: four }]),
    'must have one member data.pkl in a folder, got 0 among 1 members (an archive of torch.save has one; NPZ is for decodeNpz)',
  ],
  [
    'TorchScript',
    torchArchive(1, {}, { 'constants.pkl': '' }),
    'must be an archive of torch.save, got one of TorchScript, which holds code (save the state_dict() of the module instead)',
  ],
  ['a version', torchArchive(1, {}, { version: '11' }), 'must be of version 1 to 10, got "11" in its version'],
  ['a byte order', torchArchive(1, {}, { byteorder: 'pdp' }), 'must be little or big as its byteorder, got "pdp"'],
  [
    'a deflated member',
    zipArchive([{ name: 'a/data.pkl', data: Uint8Array.from(program(1)), deflate: true }]),
    'must have stored members, got a deflated one in member "a/data.pkl"',
  ],
  [
    'a damaged member',
    zipArchive([{ name: 'a/data.pkl', data: Uint8Array.from(program(1)), directory: { crc: 1 }, local: { crc: 1 } }]),
    'must have the checksum of its directory, got CRC-32 eef346ef instead of 1 (damaged) in member "a/data.pkl"',
  ],
  ['two pickles', torchArchive([...program(1), 7]), 'must have one pickle in data.pkl, got 1 bytes behind it'],
];

const programs: readonly (readonly [string, unknown, string])[] = [
  ['protocol 1', torchArchive([0x7d, 0x2e]), 'must be a pickle of protocol 2 to 5, got 7d in opcode PROTO at 0 of data.pkl'],
  ['protocol 6', torchArchive([0x80, 6]), 'must be a pickle of protocol 2 to 5, got 6 in opcode PROTO at 0 of data.pkl'],
  ['no end', torchArchive([0x80, 2]), 'must hold the 1 bytes of an instruction, got 0 (truncated) in opcode STOP at 2 of data.pkl'],
  ['nothing', run(), 'must leave enough on the stack, got too little in opcode STOP at 2 of data.pkl'],
  ['an unknown instruction', run(1), 'must have instructions for tensors, containers and plain values only, got an unknown one in opcode 01 at 2 of data.pkl'],
  ['two values', run(0x4e, 0x4e), 'must leave one value, got more in opcode STOP at 4 of data.pkl'],
  ['a class', run(named('os', 'system')), `must hold only tensors, containers and plain values, got "os.system" in opcode GLOBAL at 2 of data.pkl ${weights}`],
  ['a class by texts', run('builtins', 'eval', 0x93), `must hold only tensors, containers and plain values, got "builtins.eval" in opcode STACK_GLOBAL at 24 of data.pkl ${weights}`],
  ['a name of two numbers', run({ code: pickled(1) }, { code: pickled(2) }, 0x93), 'must name a global by two texts, got 1 and 2 in opcode STACK_GLOBAL at 12 of data.pkl'],
  ['an endless name', torchArchive([0x80, 2, 0x63, 65]), 'must end a name with a line, got no end of it (truncated) in opcode GLOBAL at 2 of data.pkl'],
  ['an object', run(0x29, 0x81), 'must have instructions for tensors, containers and plain values only, got another in opcode NEWOBJ at 3 of data.pkl'],
  ['a call of a value', run({ code: pickled(1) }, 0x29, 0x52), 'must call a known global, got 1 in opcode REDUCE at 8 of data.pkl'],
  ['a call of a storage type', run(float, 0x29, 0x52), 'must call a known global, got an object of PyTorch in opcode REDUCE at 23 of data.pkl'],
  ['a call with a list', run(named('collections', 'OrderedDict'), 0x5d, 0x52), 'must call a global with a tuple, got a list in opcode REDUCE at 28 of data.pkl'],
  ['attributes of a list', run(0x5d, 0x7d, 0x62), `must give attributes to dictionaries only, got a list in opcode BUILD at 4 of data.pkl ${alone}`],
  ['no such value', run(0x68, 7), 'must refer to a value that was kept, got number 7 in opcode BINGET at 2 of data.pkl'],
  ['no mark', run(0x74), 'must have a mark on the stack, got none in opcode TUPLE at 2 of data.pkl'],
  ['a value below the mark', run(0x4e, 0x28, 0x30, 0x30, 0x30), 'must leave enough on the stack, got too little in opcode POP at 6 of data.pkl'],
  ['adding to a tuple', run(0x29, 0x4e, 0x61), 'must add to a list, got a tuple in opcode APPEND at 4 of data.pkl'],
  ['adding to no set', run(0x5d, 0x28, 0x90), 'must add to a set, got a list in opcode ADDITEMS at 4 of data.pkl'],
  ['adding to no dictionary', run(0x4e, 0x4e, 0x4e, 0x73), 'must add to a dictionary, got None in opcode SETITEM at 5 of data.pkl'],
  ['a key without a value', run(0x7d, 0x28, 0x4e, 0x75), 'must have a value for each key, got none for the last in opcode SETITEMS at 5 of data.pkl'],
  ['a key that is there', run(0x7d, 'a', 0x4e, 0x73, 'a', 0x4e, 0x73), 'must have no key twice, got "a" in opcode SETITEM at 18 of data.pkl'],
  ['a list as key', run(0x7d, 0x5d, 0x4e, 0x73), 'must have texts, numbers, truth values or None as keys and members of sets, got a list in opcode SETITEM at 5 of data.pkl'],
  ['a long integer', run(0x8b, 1, 4, 0, 0), 'must have integers of at most 1024 bytes, got 1025 in opcode LONG4 at 2 of data.pkl'],
  ['a text that is none', run(0x55, 1, 0xff), 'must have texts in UTF-8, got other bytes in opcode SHORT_BINSTRING at 2 of data.pkl'],
  ['a long text', run(0x8d, 0, 0, 0, 0, 0, 1, 0, 0), 'must hold the 1099511627776 bytes of an instruction, got 1 (truncated) in opcode BINUNICODE8 at 2 of data.pkl'],
  ['a long frame', run(0x95, 9, 0, 0, 0, 0, 0, 0, 0), 'must hold the 9 bytes of a frame, got 1 (truncated) in opcode FRAME at 2 of data.pkl'],
  ['bytes of another text', run(called(named('_codecs', 'encode'), 'a', 'utf-8')), `must make bytes of a text by 'latin1', got "utf-8" in opcode REDUCE at 36 of data.pkl`],
  ['bytes of wide characters', run(called(named('_codecs', 'encode'), 'Ā', 'latin1')), 'must have characters below 256 as bytes, got "Ā" in opcode REDUCE at 38 of data.pkl'],
  ['bytes of a number', run(called(named('builtins', 'bytes'), 9)), 'must make no bytes by bytes(), got 1 values in opcode REDUCE at 25 of data.pkl'],
  ['a set of a number', run(called(named('builtins', 'set'), 9)), 'must make a container of one list, got 9 in opcode REDUCE at 23 of data.pkl'],
  ['a set of two lists', run(called(named('builtins', 'set'), [], [])), 'must make a container of one list, got 2 values in opcode REDUCE at 24 of data.pkl'],
  ['a dictionary of numbers', run(called(named('collections', 'OrderedDict'), [1])), 'must have pairs of key and value, got 1 in opcode REDUCE at 37 of data.pkl'],
  ['a name as value', run(float), 'must hold only tensors, containers and plain values, got a storage or a name of Python at ""'],
  ['a storage as value', torchArchive(dict({ a: id('storage', float, '0', 'cpu', 4) }), { '0': four }), 'must hold only tensors, containers and plain values, got a storage or a name of Python at "a"'],
  ['a container in itself', run(0x5d, 0x71, 0, 0x68, 0, 0x61), 'must not hold itself, got a container that does at "0"'],
  ['many containers in each other', run(...Array<number>(65).fill(0x5d), ...Array<number>(64).fill(0x61)), `must have containers at most 64 deep, got more at "${'0.'.repeat(40)}..."`],
  // Each is in the next one, and met before it.
  ['deep containers that are met flat', run(0x5d, 0x5d, 0x71, 0, 0x61, ...Array.from({ length: 64 }, () => [0x5d, 0x68, 0, 0x61, 0x71, 0, 0x61]).flat()), 'must have containers at most 64 deep, got more at "63.0"'],
  ['many instructions', long, `must have at most 1048576 instructions, got more in opcode EMPTY_TUPLE at 1048609 of the file ${alone}`],
]; // prettier-ignore

const tensors: readonly (readonly [string, unknown, string])[] = [
  ['no storage', run(called(named('torch._utils', '_rebuild_tensor_v2'), 1, 2)), 'must have (storage, offset, size, stride, ...) for each tensor, got (1, 2) in opcode REDUCE at 47 of data.pkl'],
  ['a parameter of a number', run(sum(3)), 'must make a parameter of a tensor, got 3 in opcode REDUCE at 44 of data.pkl'],
  ['another reference', run(referred('module')), `${tuple}, got "module" in opcode BINPERSID at 13 of data.pkl`],
  ['another tuple', run(id('storage', 'x', '0', 'cpu', 4)), `${tuple}, got ("storage", "x", "0", "cpu", 4) in opcode BINPERSID at 41 of data.pkl`],
  ['no member', net({ key: '1' }), 'must have the 16 bytes of a storage in data/1, got no such member in opcode BINPERSID at 97 of data.pkl'],
  ['another length', net({ length: 5 }), 'must have the 20 bytes of a storage in data/0, got 16 bytes in opcode BINPERSID at 97 of data.pkl'],
  ['another type', net({ type: 'DoubleStorage' }), 'must have the 32 bytes of a storage in data/0, got 16 bytes in opcode BINPERSID at 98 of data.pkl'],
  ['two types of one storage', torchArchive(dict({ a: tensor(good), b: tensor({ ...good, type: 'IntStorage' }) }), { '0': four }), 'must have one type and length for each storage, got two for "0" in opcode BINPERSID at 249 of data.pkl'],
  ['a part in an archive', net({ view: { tuple: ['p', 0, 1] } }), 'must have whole storages in an archive, got a part in opcode BINPERSID at 115 of data.pkl'],
  ['an offset', net({ offset: 1 }), 'must have tensors inside their storage of 4 elements, got [2, 2] that ends at element 4 in opcode REDUCE at 157 of data.pkl'],
  ['a negative offset', net({ offset: -1 }), 'must have (storage, offset, size, stride, ...) for each tensor, got (an object of PyTorch, -1, a tuple, a tuple, false, a dictionary) in opcode REDUCE at 157 of data.pkl'],
  ['a stride', net({ strides: [3, 1] }), 'must have tensors inside their storage of 4 elements, got [2, 2] that ends at element 4 in opcode REDUCE at 157 of data.pkl'],
  ['a negative stride', net({ offset: 3, strides: [-2, -1] }), 'must have a size and a stride of whole numbers for each of at most 64 dimensions, got [2, 2] and [-2, -1] in opcode REDUCE at 157 of data.pkl'],
  ['strides of another rank', net({ strides: [1] }), 'must have a size and a stride of whole numbers for each of at most 64 dimensions, got [2, 2] and [1] in opcode REDUCE at 152 of data.pkl'],
  ['many dimensions', net({ shape: Array<number>(65).fill(1), strides: Array<number>(65).fill(1) }), 'must have a size and a stride of whole numbers for each of at most 64 dimensions, got [1, 1, 1, 1, 1, 1, 1, 1] and [1, 1, 1, 1, 1, 1, 1, 1] in opcode REDUCE at 787 of data.pkl'],
  ['a size that a double rounds', net({ shape: [2 ** 53 - 1, 2], strides: [1, 1] }), 'must have tensors inside their storage of 4 elements, got [9007199254740991, 2] that ends at element 9007199254740991 in opcode REDUCE at 162 of data.pkl'],
  ['expanded elements', net({ shape: [2 ** 20], strides: [0] }), 'must have tensors of at most 64 times the bytes of the file, got 4194304 bytes in a file of 732 (save tensor.clone() of tensors that repeat their elements)'],
  ['a wide integer', torchArchive(dict({ n: tensor({ ...good, type: 'LongStorage', length: 2, shape: [], strides: [] }) }), { '0': four.map(() => 0x11) }), 'must hold integers below 2^53 in size, got about 1229782938247303400 at element 0 of "n"'],
  ['no truth value', torchArchive(dict({ n: [tensor({ ...good, type: 'BoolStorage', length: 1, shape: [], strides: [] })] }), { '0': Uint8Array.of(2) }), 'must hold 0 or 1 for each bool, got 2 at element 0 of "n.0"'],
  ['two dictionaries of one name', torchArchive(dict({ 'a.b': dict({ c: tensor(good) }), a: dict({ b: dict({ c: tensor(good) }) }) }), { '0': four }), 'must have one dictionary of tensors of each name, got two of "a.b"'],
]; // prettier-ignore

const keyed = (keys: Item): Uint8Array =>
  Uint8Array.from([...MAGIC, ...program(1001), ...program(1), ...program(dict({ a: tensor(good) })), ...program(keys)]);
const streams: readonly (readonly [string, unknown, string])[] = [
  ['a plain pickle', Uint8Array.from(program([1])), 'must begin with the magic number of torch.save, got another pickle (only files of torch.save are read)'],
  ['another protocol', Uint8Array.from([...MAGIC, ...program(1002)]), 'must be of protocol 1001, got 1002'],
  ['no keys', keyed(3), 'must list the keys of its 1 storages behind its value, got 3'],
  ['another key', keyed(['1']), 'must list the keys of its 1 storages behind its value, got 1 keys'],
  ['a key too many', keyed(['0', '0']), 'must list the keys of its 1 storages behind its value, got 2 keys'],
  ['a cut storage', stream.slice(0, -1), 'must hold the 24 bytes of storage "0" at 247, got 23 (truncated)'],
  ['no storage', keyed(['0']), 'must hold the 24 bytes of storage "0" at 203, got 0 (truncated)'],
  ['another length', torchStream(dict({ a: tensor(good) }), { '0': [3, four] }), 'must have 4 elements in storage "0", got 3'],
  ['more bytes', Uint8Array.of(...stream, 7), 'must end behind its storages, got 1 bytes that are left over'],
  ['a part that is none', part(7), 'must have parts (key, offset, length) inside their storage, got 7 in opcode BINPERSID at 176 of the file'],
  ['a part outside', part({ tuple: ['p', 1, 4] }), 'must have parts (key, offset, length) inside their storage, got a tuple in opcode BINPERSID at 189 of the file'],
]; // prettier-ignore

describe('decodeTorchCheckpoint refuses', () => {
  it.each([...files, ...programs, ...tensors, ...streams])('%s', async (_name, file, text) => {
    const run = (): unknown => decodeTorchCheckpoint(file as Uint8Array);
    await expectError(run, DataError, `decodeTorchCheckpoint: \`bytes\` ${text}`);
  });

  it('more bytes than it may take', async () => {
    const file = net({});
    const text = '`bytes` must have tensors of at most 15 bytes, got 16 (raise `maxBytes` if the file is trusted)';
    await expectError(() => decodeTorchCheckpoint(file, { maxBytes: 15 }), DataError, `decodeTorchCheckpoint: ${text}`);
    decodeTorchCheckpoint(file, { maxBytes: 16 });
  });

  it('options that are none', async () => {
    const text = 'decodeTorchCheckpoint: `maxBytes` must be an integer of at least 1, got 0';
    await expectError(() => decodeTorchCheckpoint(net({}), { maxBytes: 0 }), OptionError, text);
  });
});
