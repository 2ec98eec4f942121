import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, release, type WasmBackend } from '../backend.ts';
import { type Ending, withFinish } from './finish.ts';
import type { Simd } from './instance.ts';
import { type MatrixView, packPanels, rowTable } from './packing.ts';
import { TILE_ROWS } from './tile.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Rows done at a time, for all columns: their parts of A and of the result stay in the cache. */
const ROWS_AT_A_TIME = 16 * TILE_ROWS;

/** Up to so many rows, packing B costs more than reading it in place once for each. */
const FEW_ROWS = 4;

/**
 * `clamp(bias + A · B)`.
 *
 * A transposed matrix is only one whose steps are swapped. B is packed in panels of columns, and a transposed A, whose rows are not
 * neighbours in memory, in panels of rows.
 *
 * @internal
 */
export function matrixProductSimd(
  backend: WasmBackend,
  simd: Simd,
  a: MatrixView,
  b: MatrixView,
  ending: Ending,
): TensorInfo {
  if (b.columnStep === 1 && a.rows <= FEW_ROWS) return eachRow(backend, simd, a, b, ending);
  const right = packPanels(backend, simd, b);
  const isPacked = a.columnStep !== 1;
  const left = isPacked ? packPanels(backend, simd, turned(a), TILE_ROWS) : a.tensor;
  const rowStep = isPacked ? a.columns : a.rowStep;
  const result = allocate(backend, [a.rows, b.columns]);
  withFinish(backend, ending, b.columns, (finish) => {
    for (let first = 0; first < a.rows;) {
      const rows = Math.min(ROWS_AT_A_TIME, a.rows - first);
      const table = rowTable(
        backend,
        rows,
        (i) => (isPacked ? (i - (i % TILE_ROWS)) * rowStep + (i % TILE_ROWS) : i * rowStep),
        (i) => i * b.columns,
      );
      for (; first + rows <= a.rows; first += rows) {
        simd.product({
          table: addressOf(backend, table.tensor),
          tiles: table.tiles,
          a: addressOf(backend, left) + BYTES * first * rowStep,
          aStep: isPacked ? BYTES * TILE_ROWS : BYTES,
          aJump: 0,
          b: addressOf(backend, right),
          inner: a.columns,
          outer: 1,
          c: addressOf(backend, result) + BYTES * first * b.columns,
          columns: b.columns,
          ...finish,
        });
      }
      release(backend, table.tensor);
    }
  });
  release(backend, right);
  if (isPacked) release(backend, left);
  return result;
}

/** Row by row, with B in place. */
function eachRow(backend: WasmBackend, simd: Simd, a: MatrixView, b: MatrixView, ending: Ending): TensorInfo {
  const result = allocate(backend, [a.rows, b.columns]);
  withFinish(backend, ending, b.columns, ({ bias, low, high }) => {
    const [from, right, to] = [a.tensor, b.tensor, result].map((tensor) => addressOf(backend, tensor)) as Three;
    for (let row = 0; row < a.rows; row++) {
      simd.rowProduct(
        ...[from + BYTES * row * a.rowStep, BYTES * a.columnStep, right, BYTES * b.rowStep, a.columns],
        ...[to + BYTES * row * b.columns, b.columns, bias, low, high],
      );
    }
  });
  return result;
}

type Three = [number, number, number];

function turned({ tensor, rows, columns, rowStep, columnStep }: MatrixView): MatrixView {
  return { tensor, rows: columns, columns: rows, rowStep: columnStep, columnStep: rowStep };
}
