import type { Draws } from './draws.ts';

/** Damages bytes in one way; may change the array that it is given, which is a copy. */
type Mutation = (bytes: Uint8Array, draws: Draws) => Uint8Array;

const HEADER = 200;
const INTERESTING = [
  0x00, 0x01, 0x02, 0x07, 0x08, 0x0d, 0x0e, 0x10, 0x1f, 0x20, 0x40, 0x7f, 0x80, 0x8b, 0x93, 0xfe, 0xff,
];
const CHARACTERS = Array.from('0123456789.-+einfNaNTFL<>|=()[]{}\'",: \t\n\r\\', (c) => c.charCodeAt(0));
const HUGE = [
  ...['9007199254740991', '9007199254740993', '18446744073709551616', '99999999999999999999999999', '1e308', '1e999'],
  ...['-1', '00', '1048576', '4294967295', '0x10', 'Infinity', '1_000', '٣'],
];

const join = (...parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** A place in the file, one time in two in its header. */
const place = (bytes: Uint8Array, draws: Draws): number =>
  draws.below((draws.oneIn(2) ? Math.min(HEADER, bytes.length) : bytes.length) + 1);

/** A stretch of the file. */
function stretch(bytes: Uint8Array, draws: Draws): readonly [begin: number, end: number] {
  const begin = place(bytes, draws);
  const length = draws.below(draws.oneIn(3) ? bytes.length + 1 : 40);
  return [begin, Math.min(bytes.length, begin + length)];
}

function overwrite(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  values.forEach((value, i) => {
    if (at + i < bytes.length) bytes[at + i] = value;
  });
  return bytes;
}

/** The run of digits that begins at or behind a place, as [begin, end]. */
function digits(bytes: Uint8Array, from: number): readonly [number, number] {
  const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
  let begin = from;
  while (begin < bytes.length && !isDigit(bytes[begin])) begin++;
  let end = begin;
  while (isDigit(bytes[end])) end++;
  return [begin, end];
}

/** All kinds of damage, by name. */
const mutations: Readonly<Record<string, Mutation>> = {
  'flip a bit': (bytes, draws) => {
    const at = place(bytes, draws);
    return at < bytes.length ? overwrite(bytes, at, [bytes[at]! ^ (1 << draws.below(8))]) : bytes;
  },
  'set a byte': (bytes, draws) => overwrite(bytes, place(bytes, draws), [draws.pick(INTERESTING)]),
  'set a character': (bytes, draws) => overwrite(bytes, place(bytes, draws), [draws.pick(CHARACTERS)]),
  truncate: (bytes, draws) => bytes.slice(0, draws.below(bytes.length + 1)),
  'truncate by little': (bytes, draws) => bytes.slice(0, Math.max(0, bytes.length - 1 - draws.below(16))),
  'drop the beginning': (bytes, draws) => bytes.slice(draws.below(20)),
  'remove a stretch': (bytes, draws) => {
    const [begin, end] = stretch(bytes, draws);
    return join(bytes.subarray(0, begin), bytes.subarray(end));
  },
  'insert bytes': (bytes, draws) => {
    const at = place(bytes, draws);
    const inserted = Uint8Array.from({ length: 1 + draws.below(20) }, () => draws.below(256));
    return join(bytes.subarray(0, at), inserted, bytes.subarray(at));
  },
  'insert a character': (bytes, draws) => {
    const at = place(bytes, draws);
    return join(bytes.subarray(0, at), Uint8Array.of(draws.pick(CHARACTERS)), bytes.subarray(at));
  },
  'insert a run of one byte': (bytes, draws) => {
    const at = place(bytes, draws);
    const run = new Uint8Array(draws.below(draws.oneIn(50) ? 100_000 : 200)).fill(draws.pick(CHARACTERS));
    return join(bytes.subarray(0, at), run, bytes.subarray(at));
  },
  'double a stretch': (bytes, draws) => {
    const [begin, end] = stretch(bytes, draws);
    return join(bytes.subarray(0, end), bytes.subarray(begin));
  },
  'swap two stretches': (bytes, draws) => {
    const [a, b, c] = [place(bytes, draws), place(bytes, draws), place(bytes, draws)].sort((x, y) => x - y);
    return join(bytes.subarray(0, a), bytes.subarray(b, c), bytes.subarray(a, b), bytes.subarray(c));
  },
  'overwrite with another stretch': (bytes, draws) => {
    const [begin, end] = stretch(bytes, draws);
    return overwrite(bytes, place(bytes, draws), Array.from(bytes.subarray(begin, Math.min(end, begin + 200))));
  },
  'declare a huge size in binary': (bytes, draws) =>
    overwrite(bytes, draws.below(24), new Array<number>(draws.pick([1, 2, 4, 8])).fill(draws.pick([0xff, 0x7f, 0x80]))),
  'write another number': (bytes, draws) => {
    const [begin, end] = digits(bytes, place(bytes, draws));
    const text = draws.oneIn(2) ? draws.pick(HUGE) : String(draws.below(300));
    return join(bytes.subarray(0, begin), new TextEncoder().encode(text), bytes.subarray(end));
  },
  'append bytes': (bytes, draws) => join(bytes, new Uint8Array(1 + draws.below(64)).fill(draws.pick(INTERESTING))),
  'append the file to itself': (bytes) => join(bytes, bytes),
};

const names = Object.keys(mutations);

/** Texts of one length (one byte for each character) that can stand for each other in a format. */
export type Tokens = readonly string[];

/** Replaces a token by another one: the file often stays valid, and means something else. */
function replaceToken(bytes: Uint8Array, tokens: Tokens, draws: Draws): Uint8Array {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = file.indexOf(Buffer.from(draws.pick(tokens), 'latin1'), draws.oneIn(2) ? 0 : place(bytes, draws));
  return at < 0 ? bytes : overwrite(bytes, at, [...Buffer.from(draws.pick(tokens), 'latin1')]);
}

/** A copy with one to four damages, and their names. */
export function mutate(
  bytes: Uint8Array,
  draws: Draws,
  tokens: readonly Tokens[] = [],
): { readonly bytes: Uint8Array; readonly damages: string[] } {
  const damages: string[] = [];
  let damaged: Uint8Array = bytes.slice();
  for (let left = 1 + (draws.oneIn(2) ? draws.below(4) : 0); left > 0; left--) {
    const isToken = tokens.length > 0 && draws.oneIn(3);
    const name = isToken ? 'replace a token' : draws.pick(names);
    damaged = isToken ? replaceToken(damaged, draws.pick(tokens), draws) : mutations[name]!(damaged, draws);
    damages.push(name);
  }
  return { bytes: damaged, damages };
}
