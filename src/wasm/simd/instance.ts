import { wasmMemory } from '../../tensors/wasm-guard.ts';
import type { WasmBackend } from '../backend.ts';
import { DENSE_RELAXED_MODULE } from './compiled/dense-relaxed.ts';
import { DENSE_MODULE } from './compiled/dense.ts';
import { DEPTHWISE_FILTER_RELAXED_MODULE } from './compiled/depthwise-filter-relaxed.ts';
import { DEPTHWISE_FILTER_MODULE } from './compiled/depthwise-filter.ts';
import { DEPTHWISE_RELAXED_MODULE } from './compiled/depthwise-relaxed.ts';
import { DEPTHWISE_MODULE } from './compiled/depthwise.ts';
import { ELEMENTWISE_MODULE } from './compiled/elementwise.ts';
import { MASKS_MODULE } from './compiled/masks.ts';
import { MULTIPLY_RELAXED_MODULE } from './compiled/multiply-relaxed.ts';
import { MULTIPLY_MODULE } from './compiled/multiply.ts';
import { PACK_MODULE } from './compiled/pack.ts';
import { POOL_MODULE } from './compiled/pool.ts';
import { PRODUCT_RELAXED_MODULE } from './compiled/product-relaxed.ts';
import { PRODUCT_MODULE } from './compiled/product.ts';
import { ROW_RELAXED_MODULE } from './compiled/row-relaxed.ts';
import { ROW_MODULE } from './compiled/row.ts';
import { WINOGRAD_FILTER3_MODULE } from './compiled/winograd-filter3.ts';
import { WINOGRAD_FILTER5_MODULE } from './compiled/winograd-filter5.ts';
import { WINOGRAD3_MODULE } from './compiled/winograd3.ts';
import { WINOGRAD5_MODULE } from './compiled/winograd5.ts';
import { TRAINING_MODULE } from './compiled/training.ts';
import { linkModules } from './link.ts';
import { isRelaxed } from './relaxed.ts';
import { TILE_COLUMNS } from './tile.ts';

/** A product `C += A · B` over the heap, as multiply.as describes it. Addresses and steps are in bytes. @internal */
export interface Product {
  readonly table: number;
  readonly tiles: number;
  readonly a: number;
  readonly aStep: number;
  readonly aJump: number;
  readonly b: number;
  /** From one row of B to the next; or B is packed, see packing.ts. */
  readonly bStep: number | 'packed';
  readonly inner: number;
  readonly outer: number;
  readonly c: number;
  /** Columns of B and C that count. B has columns up to a multiple of 4, and C room for them. */
  readonly columns: number;
}

/** What a product does with its sums before it stores them. @internal */
export interface Finish {
  /** Address of a number for each column. */
  readonly bias: number;
  /** The result is at least this, and at most `high`; -Infinity for neither. */
  readonly low: number;
  readonly high: number;
}

/** A convolution of each channel by itself, as depthwise.as describes it. @internal */
export interface Depthwise {
  readonly x: number;
  readonly images: number;
  readonly inHeight: number;
  readonly inWidth: number;
  /** Of the input, the filter and the output; four at least. */
  readonly channels: number;
  /** Packed, with the bias. */
  readonly weights: number;
  readonly height: number;
  readonly width: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  /** Rows before the input where the first window begins; negative, where it begins inside. */
  readonly top: number;
  readonly left: number;
  readonly out: number;
  readonly outHeight: number;
  readonly outWidth: number;
  /** From one column, row or image of the output to the next, in bytes. */
  readonly outColumn: number;
  readonly outRow: number;
  readonly outImage: number;
}

/** The transforms of winograd.as and winograd-filter.as. @internal */
export interface Winograd {
  readonly filter: Numeric;
  readonly input: Numeric;
  readonly output: (...parameters: readonly number[]) => number;
  readonly slopes: Numeric;
  readonly gradient: (...parameters: readonly number[]) => number;
}

/** The loops with SIMD, working on the backend's own heap; what they do is said in the sources `*.as`. @internal */
export interface Simd {
  /** Whether the backend has threads of its own, which these loops have not. */
  readonly threaded: boolean;
  multiply(product: Product): void;
  /** `C = clamp(bias + A · B)`; see product.as. */
  product(product: Omit<Product, 'bStep'> & Finish): void;
  /** `y = clamp(bias + x ∗ W)`. */
  depthwise(convolution: Depthwise & Omit<Finish, 'bias'>): void;
  /** See dense.as. */
  readonly dense: Numeric;
  /** See depthwise-filter.as. */
  readonly depthwiseFilter: Numeric;
  /** See row.as. */
  readonly rowProduct: Numeric;
  /** See pack.as. */
  packRows(from: number, rowStep: number, rows: number, width: number, to: number): void;
  packColumns(from: number, columnStep: number, last: number, rows: number, step: number, to: number): void;
  readonly pad: Numeric;
  /** By the height and width of the filter. */
  readonly winograd: Readonly<Record<3 | 5, Winograd>>;
  poolGradient(window: number, entries: number, x: number, dx: number, dy: number, fours: number): void;
  readonly poolGradient2x2: Numeric;
  readonly maxPool: Pool;
  readonly meanPool: Pool;
  readonly clamp: Unary;
  readonly clip: Unary;
  readonly maximum: Binary;
  readonly minimum: Binary;
  addPattern(x: number, pattern: number, length: number, out: number, fours: number): void;
  sum(x: number, step: number, rows: number, out: number): void;
  /** See masks.as. */
  readonly classesLast: Classes;
  readonly classesFirst: Classes;
  readonly reluGrad: Pairs;
  readonly relu6Grad: Pairs;
  readonly addRelu: Pairs;
  readonly sgd: Numeric;
  readonly sgdMomentum: Numeric;
  columnSums(x: number, step: number, rows: number, out: number): void;
  columnSquares(x: number, step: number, rows: number, centre: number, out: number): void;
  columnProducts(dy: number, x: number, step: number, rows: number, centre: number, out: number): void;
  normalizeRows(...parameters: [...JoinedRows, centre: number, slope: number, offset: number, out: number]): void;
  normalizeGradRows(
    dy: number,
    ...parameters: [...JoinedRows, centre: number, slope: number, bend: number, shift: number, out: number]
  ): void;
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** The largest magnitude among the logits, as an i32. */
type Classes = (x: number, components: number, classes: number, out: number) => number;

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
type Pairs = (a: number, b: number, out: number, fours: number) => void;
type JoinedRows = readonly [x: number, rows: number, fours: number];
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

/** The loops, module by module: below 4 KB a module may be compiled synchronously on any thread. @internal */
export const modules: readonly string[] = [ELEMENTWISE_MODULE, MASKS_MODULE, PACK_MODULE, POOL_MODULE, TRAINING_MODULE];

/** Those that multiply and add, in two forms. @internal */
export const productModules: Readonly<Record<'exact' | 'relaxed', readonly string[]>> = {
  exact: [DENSE_MODULE, DEPTHWISE_MODULE, DEPTHWISE_FILTER_MODULE, MULTIPLY_MODULE, PRODUCT_MODULE, ROW_MODULE],
  relaxed: [
    ...[DENSE_RELAXED_MODULE, DEPTHWISE_RELAXED_MODULE, DEPTHWISE_FILTER_RELAXED_MODULE],
    ...[MULTIPLY_RELAXED_MODULE, PRODUCT_RELAXED_MODULE, ROW_RELAXED_MODULE],
  ],
};

/** The same functions by size of the filter, 3 and 5. @internal */
export const winogradModules: readonly (readonly string[])[] = [
  [WINOGRAD3_MODULE, WINOGRAD_FILTER3_MODULE],
  [WINOGRAD5_MODULE, WINOGRAD_FILTER5_MODULE],
];

/** Compiles the loops for a backend; undefined where its heap cannot be shared with them, or the engine has no SIMD. @internal */
export function createSimd(backend: WasmBackend): Simd | undefined {
  const memory = wasmMemory(backend);
  if (memory === undefined) return undefined;
  const exports = linkModules([...modules, ...productModules[isRelaxed(backend) ? 'relaxed' : 'exact']], memory);
  const transforms = winogradModules.map((ofSize) => linkModules(ofSize, memory));
  if (exports === undefined || transforms.includes(undefined)) return undefined;
  const [multiply8, multiply4] = [exports['multiply8'] as Numeric, exports['multiply4'] as Numeric];
  const depthwise = exports['depthwise'] as Numeric;
  const product = exports['product'] as Numeric;
  const [maxPool, maxPool2x2] = [exports['maxPool'] as Pool, exports['maxPool2x2'] as Pool];
  return {
    threaded: !(memory.buffer instanceof ArrayBuffer),
    maxPool: (x, windows, step, height, width, ...rest) =>
      (height === 2 && width === 2 ? maxPool2x2 : maxPool)(x, windows, step, height, width, ...rest),
    meanPool: exports['meanPool'] as Pool,
    poolGradient: exports['poolGradient'] as Numeric,
    poolGradient2x2: exports['poolGradient2x2'] as Numeric,
    clamp: exports['clamp'] as Unary,
    clip: exports['clip'] as Unary,
    maximum: exports['maximum'] as Binary,
    minimum: exports['minimum'] as Binary,
    addPattern: exports['addPattern'] as Numeric,
    sum: exports['sum'] as Numeric,
    classesLast: exports['classesLast'] as Classes,
    classesFirst: exports['classesFirst'] as Classes,
    rowProduct: exports['rowProduct'] as Numeric,
    packRows: exports['packRows'] as Numeric,
    packColumns: exports['packColumns'] as Numeric,
    pad: exports['pad'] as Numeric,
    winograd: { 3: transforms[0] as unknown as Winograd, 5: transforms[1] as unknown as Winograd },
    product({ table, tiles, a, aStep, aJump, b, inner, outer, c, columns, bias, low, high }) {
      product(table, tiles, a, aStep, aJump, b, inner, outer, c, columns, bias, low, high);
    },
    depthwise(call) {
      depthwise(
        ...[call.x, call.images, call.inHeight, call.inWidth, call.channels, call.weights, call.height, call.width],
        ...[call.strideY, call.strideX, call.dilationY, call.dilationX, call.top, call.left],
        ...[call.low, call.high],
        ...[call.out, call.outHeight, call.outWidth, call.outColumn, call.outRow, call.outImage],
      );
    },
    dense: exports['dense'] as Numeric,
    depthwiseFilter: exports['depthwiseFilter'] as Numeric,
    reluGrad: exports['reluGrad'] as Pairs,
    relu6Grad: exports['relu6Grad'] as Pairs,
    addRelu: exports['addRelu'] as Pairs,
    sgd: exports['sgd'] as Numeric,
    sgdMomentum: exports['sgdMomentum'] as Numeric,
    columnSums: exports['columnSums'] as Numeric,
    columnSquares: exports['columnSquares'] as Numeric,
    columnProducts: exports['columnProducts'] as Numeric,
    normalizeRows: exports['normalizeRows'] as Numeric,
    normalizeGradRows: exports['normalizeGradRows'] as Numeric,
    multiply({ table, tiles, a, aStep, aJump, b, bStep, inner, outer, c, columns }) {
      const packed = bStep === 'packed';
      const perColumn = packed ? BYTES * inner * outer : BYTES;
      for (let j = 0; j < columns; j += TILE_COLUMNS) {
        const used = Math.min(TILE_COLUMNS, columns - j);
        const panel = used > TILE_COLUMNS / 2 ? TILE_COLUMNS : TILE_COLUMNS / 2;
        const multiplyPanel = panel === TILE_COLUMNS ? multiply8 : multiply4;
        const step = packed ? BYTES * panel : bStep;
        multiplyPanel(table, tiles, a, aStep, aJump, b + perColumn * j, step, inner, outer, c + BYTES * j, used);
      }
    },
  };
}
