import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { Simd } from './instance.ts';
import { TABLE_ENTRY, TILE_ROWS } from './tile.ts';
import { type MatrixView, packColumns, rowTable, upToFour } from './packing.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Tiles of rows done at a time, for all columns: their part of A stays in the cache. */
const TILES_AT_A_TIME = 16;

/** `A · B`. A transposed matrix is only one whose steps are swapped, so transposing costs nothing here. @internal */
export function matrixProductSimd(backend: WasmBackend, simd: Simd, a: MatrixView, b: MatrixView): TensorInfo {
  const columns = upToFour(b.columns);
  const rows = Array.from({ length: a.rows }, (_, i) => i);
  const packed = packColumns(backend, b);
  // One more row than A has: the table's fillers write there. Rows are not joined, so that a NaN stays in its own.
  const sums = allocate(backend, [a.rows + 1, columns]);
  floatsOf(backend, sums).fill(0);
  const inA = rows.map((i) => i * a.rowStep);
  const inC = rows.map((i) => i * columns);
  const table = rowTable(backend, inA, inC, a.rows * columns);
  for (let tile = 0; tile < table.tiles; tile += TILES_AT_A_TIME) {
    simd.multiply({
      table: addressOf(backend, table.tensor) + TABLE_ENTRY * TILE_ROWS * tile,
      tiles: Math.min(TILES_AT_A_TIME, table.tiles - tile),
      a: addressOf(backend, a.tensor),
      aStep: BYTES * a.columnStep,
      aJump: 0,
      b: addressOf(backend, packed),
      bStep: 'packed',
      inner: a.columns,
      outer: 1,
      c: addressOf(backend, sums),
      columns,
    });
  }
  const result = allocate(backend, [a.rows, b.columns]);
  copyRows(floatsOf(backend, result), floatsOf(backend, sums), a.rows, b.columns, columns);
  for (const scratch of [packed, sums, table.tensor]) release(backend, scratch);
  return result;
}

/** Copies the first `columns` of each row. @internal */
export function copyRows(to: Float32Array, from: Float32Array, rows: number, columns: number, rowStep: number): void {
  if (columns === rowStep) return to.set(from.subarray(0, rows * columns));
  for (let i = 0; i < rows; i++) to.set(from.subarray(i * rowStep, i * rowStep + columns), i * columns);
}
