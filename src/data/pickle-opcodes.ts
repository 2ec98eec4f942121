import { hex } from './file-bytes.ts';
import { PickleMachine, type PickleSource } from './pickle-machine.ts';

/** An instruction of a pickle; one that has no `run` is known by name only, and refused. */
interface Opcode {
  readonly name: string;
  readonly run?: (machine: PickleMachine) => void;
}

/** Longest integer in bytes: beyond it nobody means a number. */
const MAX_LONG_BYTES = 1024;

const memoize = (index: (machine: PickleMachine) => number) => (machine: PickleMachine) => {
  machine.remember(index(machine));
};
const recall = (index: (machine: PickleMachine) => number) => (machine: PickleMachine) => {
  machine.recall(index(machine));
};
const text = (lengthBytes: 1 | 4 | 8) => (machine: PickleMachine) => {
  machine.push(machine.text(machine.unsigned(lengthBytes)));
};
const bytes = (lengthBytes: 1 | 4 | 8) => (machine: PickleMachine) => {
  machine.push(new Uint8Array(machine.take(machine.unsigned(lengthBytes))));
};
const constant = (value: null | boolean) => (machine: PickleMachine) => {
  machine.push(value);
};
const number = (read: (machine: PickleMachine) => number | bigint) => (machine: PickleMachine) => {
  machine.push(read(machine));
};
const tuple = (length: 1 | 2 | 3) => (machine: PickleMachine) => {
  machine.push(Object.freeze(machine.popMany(length)));
};

/** A little-endian integer in two's complement; a number where it is exact. */
function long(machine: PickleMachine, length: number): number | bigint {
  if (length > MAX_LONG_BYTES) {
    throw machine.refuse(`must have integers of at most ${MAX_LONG_BYTES} bytes`, String(length));
  }
  const digits = Array.from(machine.take(length), (byte) => byte.toString(16).padStart(2, '0')).reverse();
  const value = BigInt.asIntN(8 * length, BigInt(`0x0${digits.join('')}`));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/**
 * The instructions of pickles by their code.
 *
 * Those of protocols 2 to 5 that make containers, texts and numbers are run; those that make objects of classes, and the texts of protocols 0
 * and 1, which torch.save does not write, are refused.
 * @see https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */
const OPCODES: ReadonlyMap<number, Opcode> = new Map<number, Opcode>([
  [0x28, { name: 'MARK', run: (m) => m.mark() }],
  [0x29, { name: 'EMPTY_TUPLE', run: (m) => m.push(Object.freeze([])) }],
  [0x30, { name: 'POP', run: (m) => m.dropOne() }],
  [0x31, { name: 'POP_MARK', run: (m) => void m.popToMark() }],
  [0x32, { name: 'DUP' }],
  [0x42, { name: 'BINBYTES', run: bytes(4) }],
  [0x43, { name: 'SHORT_BINBYTES', run: bytes(1) }],
  [0x46, { name: 'FLOAT' }],
  [0x47, { name: 'BINFLOAT', run: number((m) => m.float64()) }],
  [0x49, { name: 'INT' }],
  [0x4a, { name: 'BININT', run: number((m) => m.unsigned(4) | 0) }],
  [0x4b, { name: 'BININT1', run: number((m) => m.unsigned(1)) }],
  [0x4c, { name: 'LONG' }],
  [0x4d, { name: 'BININT2', run: number((m) => m.unsigned(2)) }],
  [0x4e, { name: 'NONE', run: constant(null) }],
  [0x50, { name: 'PERSID' }],
  [0x51, { name: 'BINPERSID', run: (m) => m.persistent() }],
  [0x52, { name: 'REDUCE', run: (m) => m.reduce() }],
  [0x53, { name: 'STRING' }],
  [0x54, { name: 'BINSTRING', run: text(4) }],
  [0x55, { name: 'SHORT_BINSTRING', run: text(1) }],
  [0x56, { name: 'UNICODE' }],
  [0x58, { name: 'BINUNICODE', run: text(4) }],
  [0x5d, { name: 'EMPTY_LIST', run: (m) => m.push([]) }],
  [0x61, { name: 'APPEND', run: (m) => m.append(m.popMany(1)) }],
  [0x62, { name: 'BUILD', run: (m) => m.build() }],
  [0x63, { name: 'GLOBAL', run: (m) => m.global(m.line(), m.line()) }],
  [0x64, { name: 'DICT' }],
  [0x65, { name: 'APPENDS', run: (m) => m.append(m.popToMark()) }],
  [0x67, { name: 'GET' }],
  [0x68, { name: 'BINGET', run: recall((m) => m.unsigned(1)) }],
  [0x69, { name: 'INST' }],
  [0x6a, { name: 'LONG_BINGET', run: recall((m) => m.unsigned(4)) }],
  [0x6c, { name: 'LIST' }],
  [0x6f, { name: 'OBJ' }],
  [0x70, { name: 'PUT' }],
  [0x71, { name: 'BINPUT', run: memoize((m) => m.unsigned(1)) }],
  [0x72, { name: 'LONG_BINPUT', run: memoize((m) => m.unsigned(4)) }],
  [0x73, { name: 'SETITEM', run: (m) => m.setItems(m.popMany(2)) }],
  [0x74, { name: 'TUPLE', run: (m) => m.push(Object.freeze(m.popToMark())) }],
  [0x75, { name: 'SETITEMS', run: (m) => m.setItems(m.popToMark()) }],
  [0x7d, { name: 'EMPTY_DICT', run: (m) => m.push(new Map()) }],
  [0x80, { name: 'PROTO' }], // only at the beginning, where it has been read
  [0x81, { name: 'NEWOBJ' }],
  [0x82, { name: 'EXT1' }],
  [0x83, { name: 'EXT2' }],
  [0x84, { name: 'EXT4' }],
  [0x85, { name: 'TUPLE1', run: tuple(1) }],
  [0x86, { name: 'TUPLE2', run: tuple(2) }],
  [0x87, { name: 'TUPLE3', run: tuple(3) }],
  [0x88, { name: 'NEWTRUE', run: constant(true) }],
  [0x89, { name: 'NEWFALSE', run: constant(false) }],
  [0x8a, { name: 'LONG1', run: number((m) => long(m, m.unsigned(1))) }],
  [0x8b, { name: 'LONG4', run: number((m) => long(m, m.unsigned(4))) }],
  [0x8c, { name: 'SHORT_BINUNICODE', run: text(1) }],
  [0x8d, { name: 'BINUNICODE8', run: text(8) }],
  [0x8e, { name: 'BINBYTES8', run: bytes(8) }],
  [0x8f, { name: 'EMPTY_SET', run: (m) => m.push(new Set()) }],
  [0x90, { name: 'ADDITEMS', run: (m) => m.addItems(m.popToMark()) }],
  [0x91, { name: 'FROZENSET', run: (m) => m.push(m.newSet(m.popToMark())) }],
  [0x92, { name: 'NEWOBJ_EX' }],
  [0x93, { name: 'STACK_GLOBAL', run: (m) => m.stackGlobal() }],
  [0x94, { name: 'MEMOIZE', run: memoize((m) => m.memoSize) }],
  [0x95, { name: 'FRAME', run: (m) => m.frame(m.unsigned(8)) }],
  [0x96, { name: 'BYTEARRAY8' }],
  [0x97, { name: 'NEXT_BUFFER' }],
  [0x98, { name: 'READONLY_BUFFER' }],
]);

const STOP = 0x2e;
const PROTO = 0x80;

/**
 * Reads the pickle at a place, and says where it ends.
 *
 * Lists become arrays, tuples frozen arrays, dictionaries maps and sets sets. What that takes is bounded by the length of the file and by a number
 * of instructions; nothing recurses, and nothing of the file is called.
 * @internal
 */
export function readPickle(source: PickleSource, begin: number): { readonly value: unknown; readonly end: number } {
  const machine = new PickleMachine(source, begin);
  machine.enter('PROTO', begin);
  const first = machine.unsigned(1);
  const protocol = first === PROTO ? machine.unsigned(1) : undefined;
  if (protocol === undefined || protocol < 2 || protocol > 5) {
    throw machine.refuse('must be a pickle of protocol 2 to 5', protocol === undefined ? hex(first) : String(protocol));
  }
  for (;;) {
    const { at } = machine;
    machine.enter('STOP', at);
    const code = machine.unsigned(1);
    if (code === STOP) return { value: machine.result(), end: machine.at };
    const opcode = OPCODES.get(code);
    machine.enter(opcode?.name ?? hex(code), at);
    machine.spend(1);
    if (opcode?.run === undefined) {
      const must = 'must have instructions for tensors, containers and plain values only';
      throw machine.refuse(must, opcode === undefined ? 'an unknown one' : 'another');
    }
    opcode.run(machine);
  }
}
