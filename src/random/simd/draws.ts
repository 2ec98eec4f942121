import type { DrawPosition } from '../draw-position.ts';
import { DRAWS_MODULE } from './compiled/draws.ts';

/** The inner loops of `draws.as`, which work at address 0 of their memory. @internal */
export interface SimdLoops {
  readonly memory: WebAssembly.Memory;
  bits(blocks: number, width: number, pair: number, sample: number, key0: number, key1: number): void;
  uniforms(blocks: number): void;
  normals(blocks: number, scale: number): void;
}

/** The three fills with SIMD, bit for bit those of the plain loops. @internal */
export interface SimdDraws {
  readonly loops: SimdLoops;
  bits(out: Int32Array, position: DrawPosition): void;
  uniforms(out: Float32Array, position: DrawPosition): void;
  normals(out: Float32Array, position: DrawPosition, scale: number): void;
}

/** Blocks of 64 bits at a time: 16 KB, which stay in the first-level cache. @internal */
export const BLOCKS_AT_A_TIME = 2048;

/** Below so many numbers a call costs more than SIMD saves. */
const WORTHWHILE = 16;

let compiled: { readonly draws: SimdDraws | undefined } | undefined;

/** The fills with SIMD for `length` numbers; undefined where the plain loops serve. The module is compiled when first needed. @internal */
export function simdDraws(length: number): SimdDraws | undefined {
  if (length < WORTHWHILE) return undefined;
  compiled ??= { draws: createSimdDraws() };
  return compiled.draws;
}

/** Compiles the fills; undefined where WebAssembly or its SIMD is missing or forbidden. @internal */
export function createSimdDraws(): SimdDraws | undefined {
  let loops: SimdLoops;
  try {
    const bytes = Uint8Array.from(atob(DRAWS_MODULE), (character) => character.charCodeAt(0));
    // Below 4 KB a module may be compiled synchronously on any thread.
    loops = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as SimdLoops;
  } catch {
    return undefined; // An old engine, or a content security policy without 'wasm-unsafe-eval'.
  }
  const words = new Int32Array(loops.memory.buffer, 0, 2 * BLOCKS_AT_A_TIME);
  const numbers = new Float32Array(loops.memory.buffer, 0, 2 * BLOCKS_AT_A_TIME);
  const fill = <A extends Int32Array | Float32Array>(
    out: A,
    { key, start, dimension }: DrawPosition,
    drawn: A,
    finish: (blocks: number) => void,
  ): void => {
    const width = Math.ceil(dimension / 2);
    const total = (out.length / dimension) * width;
    for (let first = 0; first < total; first += BLOCKS_AT_A_TIME) {
      const blocks = Math.min(BLOCKS_AT_A_TIME, total - first);
      const [row, pair] = [Math.floor(first / width), first % width];
      loops.bits(blocks, width, pair, start + row, key[0], key[1]);
      finish(blocks);
      if (dimension % 2 === 1) copyOddRows(out, row * dimension + 2 * pair, drawn, blocks, width, pair);
      else out.set(blocks < BLOCKS_AT_A_TIME ? drawn.subarray(0, 2 * blocks) : drawn, 2 * first);
    }
  };
  return {
    loops,
    bits: (out, position) => fill(out, position, words, () => {}),
    uniforms: (out, position) => fill(out, position, numbers, (blocks) => loops.uniforms(blocks)),
    normals: (out, position, scale) => fill(out, position, numbers, (blocks) => loops.normals(blocks, scale)),
  };
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
