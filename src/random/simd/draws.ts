import type { DrawPosition } from '../draw-position.ts';
import { BITS_MODULE } from './compiled/bits.ts';
import { NORMALS_MODULE } from './compiled/normals.ts';

/** The inner loops of `bits.as` and `normals.as`, which work at address 0 of their memory. @internal */
export interface SimdLoops {
  readonly memory: WebAssembly.Memory;
  bits(
    blocks: number,
    width: number,
    pair: number,
    sample: number,
    key0: number,
    key1: number,
    /** Whether the first words of four blocks come before their second ones, as `normals` wants them; else block after block. */
    apart: boolean,
  ): void;
  uniforms(blocks: number): void;
  /** Adds the normals to an example, given by its address, the first byte and the number of bytes; 0 for none. */
  normals(blocks: number, scale: number, example: number, from: number, size: number): void;
}

/** The fills with SIMD, bit for bit those of the plain loops. @internal */
export interface SimdDraws {
  readonly loops: SimdLoops;
  bits(out: Int32Array, position: DrawPosition): void;
  uniforms(out: Float32Array, position: DrawPosition): void;
  /** Normals, added to the coordinates of an example where one is given. */
  normals(out: Float32Array, position: DrawPosition, scale: number, example?: Float32Array): void;
}

/** Blocks of 64 bits at a time: 16 KB, which stay in the first-level cache. What the loops make at once, 16 and 18, divides it. @internal */
export const BLOCKS_AT_A_TIME = 2016;

/** Where an example lies in the memory, behind the blocks, and how many of its numbers have room before the constants of normals.as. */
const EXAMPLE = 0x5000;
const EXAMPLE_NUMBERS = (0xe000 - EXAMPLE) / Float32Array.BYTES_PER_ELEMENT;

/** So many numbers behind an example may be read with its last ones: 16 blocks less one number. */
const BEYOND = 31;

/** Below so many numbers a call costs more than SIMD saves. */
const WORTHWHILE = 16;

let compiled: { readonly draws: SimdDraws | undefined } | undefined;

/** The fills with SIMD for `length` numbers; undefined where the plain loops serve. The modules are compiled when first needed. @internal */
export function simdDraws(length: number): SimdDraws | undefined {
  if (length < WORTHWHILE) return undefined;
  compiled ??= { draws: createSimdDraws() };
  return compiled.draws;
}

/** Compiles the fills; undefined where WebAssembly or its SIMD is missing or forbidden. @internal */
export function createSimdDraws(): SimdDraws | undefined {
  const loops = compileLoops();
  return loops && { loops, ...fillsOf(loops) };
}

function compileLoops(): SimdLoops | undefined {
  try {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    const parts = [BITS_MODULE, NORMALS_MODULE].map((module) => {
      const bytes = Uint8Array.from(atob(module), (character) => character.charCodeAt(0));
      // Below 4 KB a module may be compiled synchronously on any thread.
      return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports;
    });
    return Object.assign({ memory }, ...parts) as SimdLoops;
  } catch {
    return undefined; // An old engine, or a content security policy without 'wasm-unsafe-eval'.
  }
}

function fillsOf(loops: SimdLoops): Omit<SimdDraws, 'loops'> {
  const { buffer } = loops.memory;
  const words = new Int32Array(buffer, 0, 2 * BLOCKS_AT_A_TIME);
  const numbers = new Float32Array(buffer, 0, 2 * BLOCKS_AT_A_TIME);
  const placed = new Float32Array(buffer, EXAMPLE, EXAMPLE_NUMBERS);
  return {
    bits: (out, position) => fill(loops, out, position, words),
    uniforms: (out, position) => fill(loops, out, position, numbers, { finish: (blocks) => loops.uniforms(blocks) }),
    normals: (out, position, scale, example) => {
      const size = 2 * Math.ceil(position.dimension / 2);
      const isWhole = size + BEYOND <= placed.length;
      if (example && isWhole) placeExample(placed, size + BEYOND, example, size, 0);
      const finish = (blocks: number, pair: number): void => {
        if (!example) loops.normals(blocks, scale, 0, 0, 0);
        else if (isWhole) loops.normals(blocks, scale, EXAMPLE, 8 * pair, 4 * size);
        else {
          placeExample(placed, numbers.length, example, size, 2 * pair);
          loops.normals(blocks, scale, EXAMPLE, 0, numbers.byteLength);
        }
      };
      fill(loops, out, position, numbers, { apart: true, finish });
    },
  };
}

/** What becomes of the words of so many blocks, the first of which has this index in its sample. */
interface Finish {
  readonly apart?: boolean;
  readonly finish?: (blocks: number, pair: number) => void;
}

function fill<A extends Int32Array | Float32Array>(
  loops: SimdLoops,
  out: A,
  { key, start, dimension }: DrawPosition,
  drawn: A,
  { apart = false, finish }: Finish = {},
): void {
  const width = Math.ceil(dimension / 2);
  const total = (out.length / dimension) * width;
  for (let first = 0; first < total; first += BLOCKS_AT_A_TIME) {
    const blocks = Math.min(BLOCKS_AT_A_TIME, total - first);
    const [row, pair] = [Math.floor(first / width), first % width];
    loops.bits(blocks, width, pair, start + row, key[0], key[1], apart);
    finish?.(blocks, pair);
    if (dimension % 2 === 1) copyOddRows(out, row * dimension + 2 * pair, drawn, blocks, width, pair);
    else out.set(blocks < BLOCKS_AT_A_TIME ? drawn.subarray(0, 2 * blocks) : drawn, 2 * first);
  }
}

/** Writes `length` numbers of an example from number `from` on, again and again. If its dimension is odd, `size` is one more. */
function placeExample(placed: Float32Array, length: number, example: Float32Array, size: number, from: number): void {
  for (let at = 0, next = from; at < length; next = 0) {
    const count = Math.min(size - next, length - at);
    placed.set(example.subarray(next, next + count), at);
    at += count;
  }
}

/** Copies blocks to where they belong if the dimension is odd: the second number of a sample's last block is dropped. */
function copyOddRows<A extends Int32Array | Float32Array>(
  out: A,
  begin: number,
  drawn: A,
  blocks: number,
  width: number,
  firstPair: number,
): void {
  let at = begin;
  let pair = firstPair;
  for (let block = 0; block < blocks; block++) {
    out[at++] = drawn[2 * block]!;
    if (++pair < width) out[at++] = drawn[2 * block + 1]!;
    else pair = 0;
  }
}
