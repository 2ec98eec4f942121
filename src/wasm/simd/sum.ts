import type { WasmFunction } from './assembler.ts';
import * as wasm from './assembler.ts';

/**
 * Adds up four neighbouring columns of a matrix: `out[j] += Σ_i x[i, j]`.
 *
 * Parameters (bytes): x, step (from row to row), rows, out.
 *
 * @internal
 */
export function sumFunction(name: string): WasmFunction {
  const [x, step, rows, out, sum] = [0, 1, 2, 3, 4] as const;
  const { get, set, add, addFour, loadFour } = wasm;
  const body = [
    ...set(sum, loadFour(get(out))),
    ...wasm.countDown(rows, [...set(sum, addFour(get(sum), loadFour(get(x)))), ...set(x, add(get(x), get(step)))]),
    ...wasm.storeFour(get(out), get(sum)),
  ];
  return { name, parameters: 4, integers: 0, vectors: 1, body };
}
