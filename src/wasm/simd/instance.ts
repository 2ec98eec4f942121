import { wasmMemory } from '../../tensors/wasm-guard.ts';
import type { WasmBackend } from '../backend.ts';
import { assemble, type WasmFunction } from './assembler.ts';
import { clampFunction, clipFunction, extremumFunction, sumFunction } from './elementwise.ts';
import { type FactorA, multiplyFunction, TILE_COLUMNS } from './multiply.ts';
import { poolFunction, poolGradientFunction } from './pool.ts';

/** A product `C += A · B` over the heap; see {@link multiplyFunction}. Addresses and steps are in bytes. @internal */
export interface Product {
  /** @defaultValue 'one' */
  readonly factor?: FactorA;
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
  /** Columns of B and C that count. B has columns up to a multiple of 4, and C room for them. */
  readonly columns: number;
}

/** The loops with SIMD, working on the backend's own heap. @internal */
export interface Simd {
  /** Whether the backend has threads of its own, which these loops have not. */
  readonly threaded: boolean;
  multiply(product: Product): void;
  /** See {@link poolGradientFunction}. */
  poolGradient(window: number, entries: number, x: number, dx: number, dy: number, fours: number): void;
  /** See {@link poolFunction}. */
  readonly maxPool: Pool;
  readonly meanPool: Pool;
  /** See {@link clampFunction}. */
  readonly clamp: Unary;
  /** See {@link clipFunction}. */
  readonly clip: Unary;
  /** See {@link extremumFunction}. */
  readonly maximum: Binary;
  readonly minimum: Binary;
  /** See {@link sumFunction}. */
  sum(x: number, step: number, rows: number, out: number): void;
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;

type Pool = (
  ...parameters: [
    x: number,
    windows: number,
    step: number,
    height: number,
    width: number,
    rowJump: number,
    pixel: number,
    fours: number,
    last: number,
    out: number,
  ]
) => void;
type Unary = (x: number, out: number, fours: number, low: number, high: number) => void;
type Binary = (a: number, aStep: number, b: number, bStep: number, out: number, fours: number) => void;
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

/** The functions, module by module: below 4 KB a module may be compiled synchronously on any thread. @internal */
export const modules: readonly (readonly WasmFunction[])[] = [
  [
    multiplyFunction('multiply8', 8),
    multiplyFunction('multiply4', 4),
    multiplyFunction('multiplyNeighbours8', 8, 'neighbours'),
    multiplyFunction('multiplyNeighbours4', 4, 'neighbours'),
  ],
  [
    poolFunction('maxPool', 'max'),
    poolFunction('maxPool2x2', 'max', '2x2'),
    poolFunction('meanPool', 'mean'),
    poolGradientFunction('poolGradient'),
    clampFunction('clamp'),
    clipFunction('clip'),
    extremumFunction('maximum', 'max'),
    extremumFunction('minimum', 'min'),
    sumFunction('sum'),
  ],
];

/** Compiles the loops for a backend, or returns undefined where the heap cannot be shared with them. @internal */
export function createSimd(backend: WasmBackend): Simd | undefined {
  const memory = wasmMemory(backend);
  if (memory === undefined) return undefined;
  const shared = !(memory.buffer instanceof ArrayBuffer);
  const exports: Record<string, unknown> = {};
  for (const functions of modules) {
    const bytes = assemble(functions, { shared });
    // Browsers without SIMD get the plain kernels.
    if (!WebAssembly.validate(bytes)) return undefined;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    Object.assign(exports, instance.exports);
  }
  const products = {
    one: [exports['multiply8'] as Numeric, exports['multiply4'] as Numeric],
    neighbours: [exports['multiplyNeighbours8'] as Numeric, exports['multiplyNeighbours4'] as Numeric],
  } as const;
  const [maxPool, maxPool2x2] = [exports['maxPool'] as Pool, exports['maxPool2x2'] as Pool];
  return {
    threaded: shared,
    maxPool: (x, windows, step, height, width, ...rest) =>
      (height === 2 && width === 2 ? maxPool2x2 : maxPool)(x, windows, step, height, width, ...rest),
    meanPool: exports['meanPool'] as Pool,
    poolGradient: exports['poolGradient'] as Numeric,
    clamp: exports['clamp'] as Unary,
    clip: exports['clip'] as Unary,
    maximum: exports['maximum'] as Binary,
    minimum: exports['minimum'] as Binary,
    sum: exports['sum'] as Numeric,
    multiply({ factor = 'one', table, tiles, a, aStep, aJump, b, bStep, inner, outer, c, columns }) {
      const [multiply8, multiply4] = products[factor];
      const packed = bStep === 'packed';
      const perColumn = packed ? BYTES * inner * outer : BYTES;
      for (let j = 0; j < columns; j += TILE_COLUMNS) {
        const used = Math.min(TILE_COLUMNS, columns - j);
        const panel = used > TILE_COLUMNS / 2 ? TILE_COLUMNS : TILE_COLUMNS / 2;
        const multiplyPanel = panel === TILE_COLUMNS ? multiply8 : multiply4;
        const step = packed ? BYTES * panel : bStep;
        const from = factor === 'one' ? a : a + BYTES * j;
        multiplyPanel(table, tiles, from, aStep, aJump, b + perColumn * j, step, inner, outer, c + BYTES * j, used);
      }
    },
  };
}
