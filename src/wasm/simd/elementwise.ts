import * as wasm from './assembler.ts';
import type { Code, WasmFunction } from './assembler.ts';

const { get, set, add, constant, loadFour, storeFour, splat } = wasm;

/** Vectors of four that a loop does at a time. */
const UNROLLED = 4;

/** Runs `body` for ever more vectors: `UNROLLED` at a time, the rest one by one. It is given where its vector begins, in bytes. */
function eachFour(fours: number, left: number, body: (offset: number) => Code, advance: (bytes: number) => Code): Code {
  const step = (count: number): Code => [
    ...Array.from({ length: count }, (_, i) => body(16 * i)).flat(),
    ...advance(16 * count),
  ];
  return [
    ...set(left, wasm.shiftRight(get(fours), Math.log2(UNROLLED))),
    ...wasm.countDown(left, step(UNROLLED)),
    ...set(left, wasm.bitsOf(get(fours), UNROLLED - 1)),
    ...wasm.countDown(left, step(1)),
  ];
}

/** What a loop makes of four entries of an array, and of the bits of two numbers. */
function unary(name: string, entry: (x: Code, low: Code, high: Code) => Code): WasmFunction {
  const [x, out, fours, low, high, left, lows, highs] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const body = [
    ...set(lows, splat(get(low))),
    ...set(highs, splat(get(high))),
    ...eachFour(
      fours,
      left,
      (offset) => storeFour(get(out), entry(loadFour(get(x), offset), get(lows), get(highs)), offset),
      (bytes) => [x, out].flatMap((array) => set(array, add(get(array), constant(bytes)))),
    ),
  ];
  return { name, parameters: 5, integers: 1, vectors: 2, body };
}

/**
 * `min(max(x, low), high)` as JavaScript's `Math` has it: NaN stays, and of two zeros the positive one is the larger.
 *
 * Parameters: x, out (addresses, which may be equal), fours, low, high (bits of floats).
 *
 * @internal
 */
export const clampFunction = (name: string): WasmFunction =>
  unary(name, (x, low, high) => wasm.minFour(wasm.maxFour(x, low), high));

/**
 * `x < low ? low : x > high ? high : x`: NaN stays, and so does every entry in the range, with its sign.
 *
 * Parameters: as of {@link clampFunction}.
 *
 * @internal
 */
export const clipFunction = (name: string): WasmFunction =>
  unary(name, (x, low, high) => wasm.smallerFour(wasm.largerFour(x, low), high));

/**
 * The larger (or smaller) of two arrays' entries; NaN if one of them is.
 *
 * Parameters: a, aStep, b, bStep, out, fours. A step is 16, or 0 where the same four entries are taken again and again.
 *
 * @internal
 */
export function extremumFunction(name: string, which: 'max' | 'min'): WasmFunction {
  const [a, aStep, b, bStep, out, fours] = [0, 1, 2, 3, 4, 5] as const;
  const of = which === 'max' ? wasm.maxFour : wasm.minFour;
  const body = wasm.countDown(fours, [
    ...storeFour(get(out), of(loadFour(get(a)), loadFour(get(b)))),
    ...set(a, add(get(a), get(aStep))),
    ...set(b, add(get(b), get(bStep))),
    ...set(out, add(get(out), constant(16))),
  ]);
  return { name, parameters: 6, integers: 0, vectors: 0, body };
}

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
