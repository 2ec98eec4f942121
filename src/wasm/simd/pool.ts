import type { Code, WasmFunction } from './assembler.ts';
import * as wasm from './assembler.ts';

const { get, set, add, constant, load, loadFour } = wasm;

/** Bits of -Infinity. */
const NEGATIVE_INFINITY = 0xff800000 | 0;

/**
 * The largest entry (or the mean) of neighbouring windows, for all channels: NaN is never the largest, and the largest of none is
 * -Infinity, as on the `cpu` backend.
 *
 * Four channels at a time; the last four may be some of them a second time, so there must be four at least. For windows of 2x2, the
 * most common, the loops over the window are written out.
 *
 * Parameters (addresses and steps in bytes): x, windows, step (from window to window), height, width (of a window), rowJump (from
 * the end of a window's row to the next), pixel (one position's channels), fours, last (where the last four channels begin), out.
 *
 * @internal
 */
export function poolFunction(name: string, kind: 'max' | 'mean', size: 'any' | '2x2' = 'any'): WasmFunction {
  const [x, windows, step, height, width, rowJump, pixel, fours, last, out] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
  const [foursLeft, channel, rowsLeft, columnsLeft, at] = [10, 11, 12, 13, 14] as const;
  const [value] = [15] as const;
  const isMax = kind === 'max';
  const begin = isMax ? wasm.splat(constant(NEGATIVE_INFINITY)) : wasm.zeros;
  const count = wasm.floatFour(wasm.splat(wasm.multiply(get(height), get(width))));
  const column: Code = [
    ...set(value, (isMax ? wasm.largerFour : wasm.addFour)(get(value), loadFour(get(at)))),
    ...set(at, add(get(at), get(pixel))),
  ];
  const nextRow = set(at, add(get(at), get(rowJump)));
  const window: Code =
    size === '2x2'
      ? [...column, ...column, ...nextRow, ...column, ...column]
      : [
          ...set(rowsLeft, get(height)),
          ...wasm.countDown(rowsLeft, [
            ...set(columnsLeft, get(width)),
            ...wasm.countDown(columnsLeft, column),
            ...nextRow,
          ]),
        ];
  const body = wasm.countDown(windows, [
    ...set(foursLeft, get(fours)),
    ...set(channel, constant(0)),
    ...wasm.countDown(foursLeft, [
      ...set(channel, wasm.lower(get(channel), get(last))),
      ...set(value, begin),
      ...set(at, add(get(x), get(channel))),
      ...window,
      ...wasm.storeFour(add(get(out), get(channel)), isMax ? get(value) : wasm.divideFour(get(value), count)),
      ...set(channel, add(get(channel), constant(16))),
    ]),
    ...set(x, add(get(x), get(step))),
    ...set(out, add(get(out), get(pixel))),
  ]);
  return { name, parameters: 10, integers: 5, vectors: 1, body };
}

/**
 * Gives four neighbouring channels' `dy` to the first largest entry of a window, and goes on to the next four channels. NaN is never
 * the largest, nor is -Infinity: where there is nothing else no entry gets anything, as on the `cpu` backend.
 *
 * No branch depends on the values: which entry is the largest cannot be predicted, and a wrong guess costs more than all the rest.
 *
 * Parameters: window (address of i32, each how many bytes after `x` an entry begins), entries, x, dx, dy (addresses), fours.
 *
 * @internal
 */
export function poolGradientFunction(name: string): WasmFunction {
  const [window, entries, x, dx, dy, fours] = [0, 1, 2, 3, 4, 5] as const;
  const [left, at] = [6, 7] as const;
  const [largest, taken, hit] = [8, 9, 10] as const;
  const entry = (array: number): Code => add(get(array), load(get(at)));
  const eachEntry = (body: Code): Code => [
    ...set(at, get(window)),
    ...set(left, get(entries)),
    ...wasm.countDown(left, [...body, ...set(at, add(get(at), constant(4)))]),
  ];
  const least = wasm.splat(constant(NEGATIVE_INFINITY));
  const body = wasm.countDown(fours, [
    ...set(largest, least),
    ...eachEntry(set(largest, wasm.largerFour(get(largest), loadFour(entry(x))))),
    ...set(taken, wasm.equalFour(get(largest), least)),
    ...eachEntry([
      ...set(hit, wasm.andNot(wasm.equalFour(loadFour(entry(x)), get(largest)), get(taken))),
      ...set(taken, wasm.or(get(taken), get(hit))),
      ...wasm.storeFour(entry(dx), wasm.addFour(loadFour(entry(dx)), wasm.and(loadFour(get(dy)), get(hit)))),
    ]),
    ...[x, dx, dy].flatMap((array) => set(array, add(get(array), constant(16)))),
  ]);
  return { name, parameters: 6, integers: 2, vectors: 3, body };
}
