import type { TensorInfo } from '@tensorflow/tfjs';
import type { WasmBackend } from '../backend.ts';
import { allocate, floatsOf } from '../backend.ts';
import { TILE_COLUMNS } from './multiply.ts';
import { upToFour } from './padding.ts';

/** A matrix on the heap by its steps from row to row and from column to column (in floats). @internal */
export interface MatrixView {
  readonly tensor: TensorInfo;
  readonly rows: number;
  readonly columns: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/**
 * Copies a matrix, panel by panel: 8 columns side by side (the last panel 8 or 4), zeros for columns that it does not have.
 *
 * The product reads it from the first float to the last. Read in place, with a power of two between its rows, all of them would
 * fall on the same few lines of the cache.
 *
 * @internal
 */
export function packColumns(backend: WasmBackend, matrix: MatrixView): TensorInfo {
  const { rows, columns, rowStep, columnStep } = matrix;
  const filled = upToFour(columns);
  const packed = allocate(backend, [rows * filled]);
  const to = floatsOf(backend, packed).fill(0);
  const from = floatsOf(backend, matrix.tensor);
  for (let first = 0; first < columns; first += TILE_COLUMNS) {
    const width = Math.min(TILE_COLUMNS, filled - first);
    const used = Math.min(width, columns - first);
    for (let row = 0; row < rows; row++) {
      const target = first * rows + row * width;
      const source = row * rowStep + first * columnStep;
      for (let i = 0; i < used; i++) to[target + i] = from[source + i * columnStep]!;
    }
  }
  return packed;
}
