import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, release, type WasmBackend } from '../backend.ts';
import { type Ending, withFinish } from './finish.ts';
import type { Simd } from './instance.ts';
import { type MatrixView, packInto, packPanels } from './packing.ts';
import { TILE_ROWS } from './tile.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Rows done at a time, for all columns: their parts of A and of the result stay in the cache. */
const ROWS_AT_A_TIME = 16 * TILE_ROWS;

/** Up to so many rows, a panel of rows costs more than each row by itself. */
const FEW_ROWS = 2;

/** Up to so many rows, packing B costs more than reading it in place once for each panel of rows. */
const ROWS_IN_PLACE = 8;

/**
 * `clamp(bias + A · B)`.
 *
 * A transposed matrix is only one whose steps are swapped. A is packed in panels of rows, some of them at a time, and B in panels of
 * columns. Each result is one sum in the order of its terms, whatever is packed.
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
  const isInPlace = b.columnStep === 1 && a.rows <= ROWS_IN_PLACE;
  if (isInPlace && a.rows <= FEW_ROWS) return eachRow(backend, simd, a, b, ending);
  const terms = a.columns;
  const right = isInPlace ? b.tensor : packPanels(backend, simd, b);
  const left = allocate(backend, [ROWS_AT_A_TIME, terms]);
  const result = allocate(backend, [a.rows, b.columns]);
  withFinish(backend, ending, b.columns, ({ bias, low, high }) => {
    const [from, panels, second, to] = [a.tensor, left, right, result].map((it) => addressOf(backend, it)) as Four;
    const step = isInPlace ? BYTES * b.rowStep : 0;
    for (let first = 0; first < a.rows; first += ROWS_AT_A_TIME) {
      const rows = Math.min(ROWS_AT_A_TIME, a.rows - first);
      const start = BYTES * first * a.rowStep;
      packInto(simd, from + start, turned({ ...a, rows }), TILE_ROWS, panels);
      simd.dense(panels, rows, terms, second, step, to + BYTES * first * b.columns, b.columns, bias, low, high);
    }
  });
  if (!isInPlace) release(backend, right);
  release(backend, left);
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
type Four = [number, number, number, number];

function turned({ tensor, rows, columns, rowStep, columnStep }: MatrixView): MatrixView {
  return { tensor, rows: columns, columns: rows, rowStep: columnStep, columnStep: rowStep };
}
