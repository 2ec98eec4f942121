/**
 * Just enough of the WebAssembly binary format to write a few inner loops with SIMD.
 *
 * JavaScript has no SIMD, and a compiled binary in the source tree could not be read by anyone. So the loops are written as
 * expressions in TypeScript, each of them a list of bytes; a page of code turns them into a module.
 *
 * Source: WebAssembly Core Specification 2.0, chapter 5 (binary format).
 */

/** Instructions as bytes; an expression leaves its value on the stack. @internal */
export type Code = readonly number[];

/** A function of the module: all parameters are i32 and there is no result. @internal */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  /** Locals after the parameters: first the i32, then the v128. */
  readonly integers: number;
  readonly vectors: number;
  readonly body: Code;
}

const I32 = 0x7f;
const V128 = 0x7b;
const SIMD = 0xfd;

/** Reads a local variable. @internal */
export const get = (local: number): Code => [0x20, ...unsigned(local)];
/** Writes a local variable. @internal */
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];

/** @internal */
export const constant = (value: number): Code => [0x41, ...signed(value)];
/** @internal */
export const add = (a: Code, b: Code): Code => [...a, ...b, 0x6a];
/** @internal */
export const multiply = (a: Code, b: Code): Code => [...a, ...b, 0x6c];
/** @internal */
export const shiftRight = (a: Code, bits: number): Code => [...a, ...constant(bits), 0x76];
/** The low bits of a that are set in `mask`. @internal */
export const bitsOf = (a: Code, mask: number): Code => [...a, ...constant(mask), 0x71];
/** The smaller of two addresses. @internal */
export const lower = (a: Code, b: Code): Code => [...a, ...b, ...a, ...b, 0x49, 0x1b];
/** Loads an i32 at `address + offset` (bytes). @internal */
export const load = (address: Code, offset = 0): Code => [...address, 0x28, 2, ...unsigned(offset)];

/** Loads four floats. @internal */
export const loadFour = (address: Code, offset = 0): Code => [...address, SIMD, 0x00, 2, ...unsigned(offset)];
/** Loads one float four times over. @internal */
export const loadSplat = (address: Code): Code => [...address, SIMD, 0x09, 2, 0];
/** Stores four floats. @internal */
export const storeFour = (address: Code, value: Code, offset = 0): Code => [
  ...address,
  ...value,
  SIMD,
  0x0b,
  2,
  ...unsigned(offset),
];
/** Four integers. @internal */
export const fourConstants = (values: readonly [number, number, number, number]): Code => [
  SIMD,
  0x0c,
  ...new Uint8Array(Int32Array.from(values).buffer),
];
/** Four zeros. @internal */
export const zeros: Code = fourConstants([0, 0, 0, 0]);
/** An i32 four times over: an integer, or the bits of a float. @internal */
export const splat = (value: Code): Code => [...value, SIMD, 0x11];
/** Four comparisons of integers: all bits of an entry set where a < b. @internal */
export const lessFour = (a: Code, b: Code): Code => [...a, ...b, SIMD, 0x39];
/** Four sums. @internal */
export const addFour = (a: Code, b: Code): Code => [...a, ...b, SIMD, 0xe4, 0x01];
/** Four products. @internal */
export const multiplyFour = (a: Code, b: Code): Code => [...a, ...b, SIMD, 0xe6, 0x01];
/** Four quotients. @internal */
export const divideFour = (a: Code, b: Code): Code => [...a, ...b, SIMD, 0xe7, 0x01];
/** Four integers as floats. @internal */
export const floatFour = (a: Code): Code => [...a, SIMD, 0xfa, 0x01];
/** Four times the smaller of two; NaN if one of them is. @internal */
export const minFour = (a: Code, b: Code): Code => [...a, ...b, SIMD, 0xe8, 0x01];
/** Four times the larger of two; NaN if one of them is. @internal */
export const maxFour = (a: Code, b: Code): Code => [...a, ...b, SIMD, 0xe9, 0x01];
/** Four times `b < a ? b : a`: a, unless b is known to be smaller. @internal */
export const smallerFour = (a: Code, b: Code): Code => [...a, ...b, SIMD, 0xea, 0x01];
/** Four times `a < b ? b : a`: a, unless b is known to be larger. @internal */
export const largerFour = (a: Code, b: Code): Code => [...a, ...b, SIMD, 0xeb, 0x01];
/** Four comparisons: all bits of an entry set where a = b. @internal */
export const equalFour = (a: Code, b: Code): Code => [...a, ...b, SIMD, 0x41];
/** Bits of a that are also in b. @internal */
export const and = (a: Code, b: Code): Code => [...a, ...b, SIMD, 0x4e];
/** Bits of a that are not in b. @internal */
export const andNot = (a: Code, b: Code): Code => [...a, ...b, SIMD, 0x4f];
/** Bits in a or b. @internal */
export const or = (a: Code, b: Code): Code => [...a, ...b, SIMD, 0x50];

/** Runs `body` as often as `counter` says, counting it down to 0; not at all where it is 0 or less. @internal */
export const countDown = (counter: number, body: Code): Code => [
  ...[...get(counter), ...constant(0), 0x4a, 0x04, 0x40], // if it is more than 0
  ...[0x03, 0x40], // loop
  ...body,
  ...[...get(counter), ...constant(-1), 0x6a, 0x22, ...unsigned(counter)], // counter - 1, kept
  ...[0x0d, 0], // again, unless it is 0
  ...[0x0b, 0x0b],
];

/** The bytes of a module that imports its memory as `env.memory` and exports the functions by their names. @internal */
export function assemble(
  functions: readonly WasmFunction[],
  memory: { readonly shared: boolean },
): Uint8Array<ArrayBuffer> {
  // Shared memory must name its maximum: 65536 pages, as the threaded backend's.
  const limits = memory.shared ? [0x03, ...unsigned(1), ...unsigned(65536)] : [0x00, ...unsigned(1)];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      functions.map(({ parameters }) => [0x60, ...list(Array<Code>(parameters).fill([I32])), 0]),
    ),
    ...section(2, [[...text('env'), ...text('memory'), 0x02, ...limits]]),
    ...section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    ...section(
      7,
      functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]),
    ),
    ...section(10, functions.map(functionCode)),
  ]);
}

function functionCode({ integers, vectors, body }: WasmFunction): Code {
  const locals = list([
    [...unsigned(integers), I32],
    [...unsigned(vectors), V128],
  ]);
  return sized([...locals, ...body, 0x0b]);
}

function section(id: number, entries: readonly Code[]): Code {
  return [id, ...sized(list(entries))];
}

function list(entries: readonly Code[]): Code {
  return [...unsigned(entries.length), ...entries.flat()];
}

function sized(bytes: Code): Code {
  return [...unsigned(bytes.length), ...bytes];
}

function text(characters: string): Code {
  return sized([...new TextEncoder().encode(characters)]);
}

/** LEB128: seven bits a byte, the low ones first. */
function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  return value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}
