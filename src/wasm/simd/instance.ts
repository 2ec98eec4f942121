import { wasmMemory } from '../../tensors/wasm-guard.ts';
import type { WasmBackend } from '../backend.ts';
import { assemble } from './assembler.ts';
import { multiplyFunction, TILE_COLUMNS } from './multiply.ts';
import { poolGradientFunction } from './pool.ts';
import { sumFunction } from './sum.ts';

/** A product `C += A · B` over the heap; see {@link multiplyFunction}. Addresses and steps are in bytes. @internal */
export interface Product {
  readonly table: number;
  readonly tiles: number;
  readonly a: number;
  readonly aStep: number;
  readonly aJump: number;
  readonly b: number;
  /** From one row of B to the next; or B is packed, see {@link packColumns}. */
  readonly bStep: number | 'packed';
  readonly inner: number;
  readonly outer: number;
  readonly c: number;
  /** Columns of B and C, a multiple of 4. */
  readonly columns: number;
}

/** The loops with SIMD, working on the backend's own heap. @internal */
export interface Simd {
  /** Whether the backend has threads of its own, which these loops have not. */
  readonly threaded: boolean;
  multiply(product: Product): void;
  /** See {@link poolGradientFunction}. */
  poolGradient(window: number, entries: number, x: number, dx: number, dy: number, fours: number): void;
  /** See {@link sumFunction}. */
  sum(x: number, step: number, rows: number, out: number): void;
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;

type Numeric = (...parameters: readonly number[]) => void;

/** Finds the loops of a backend. @internal */
export type SimdOf = (backend: WasmBackend) => Simd | undefined;

/** Compiles the loops once for each backend that asks for them. @internal */
export function simdForBackends(): SimdOf {
  const known = new WeakMap<WasmBackend, { readonly simd: Simd | undefined }>();
  return (backend) => {
    const { simd } = known.get(backend) ?? { simd: createSimd(backend) };
    known.set(backend, { simd });
    return simd;
  };
}

/** Compiles the loops for a backend, or returns undefined where the heap cannot be shared with them. @internal */
export function createSimd(backend: WasmBackend): Simd | undefined {
  const memory = wasmMemory(backend);
  if (memory === undefined) return undefined;
  const shared = !(memory.buffer instanceof ArrayBuffer);
  const bytes = assemble(
    [
      multiplyFunction('multiply8', 8),
      multiplyFunction('multiply4', 4),
      poolGradientFunction('poolGradient'),
      sumFunction('sum'),
    ],
    { shared },
  );
  // Browsers without SIMD get the plain kernels.
  if (!WebAssembly.validate(bytes)) return undefined;
  // Below 4 KB a module may be compiled synchronously on any thread.
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const multiply8 = exports['multiply8'] as Numeric;
  const multiply4 = exports['multiply4'] as Numeric;
  const poolGradient = exports['poolGradient'] as Numeric;
  return {
    threaded: shared,
    poolGradient,
    sum: exports['sum'] as Numeric,
    multiply({ table, tiles, a, aStep, aJump, b, bStep, inner, outer, c, columns }) {
      const packed = bStep === 'packed';
      const perColumn = packed ? BYTES * inner * outer : BYTES;
      const step = (width: number): number => (packed ? BYTES * width : bStep);
      const wide = columns - (columns % TILE_COLUMNS);
      for (let j = 0; j < wide; j += TILE_COLUMNS) {
        multiply8(table, tiles, a, aStep, aJump, b + perColumn * j, step(8), inner, outer, c + BYTES * j);
      }
      if (wide === columns) return;
      multiply4(table, tiles, a, aStep, aJump, b + perColumn * wide, step(4), inner, outer, c + BYTES * wide);
    },
  };
}
