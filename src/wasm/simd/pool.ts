import type { WasmFunction } from './assembler.ts';
import * as wasm from './assembler.ts';

/**
 * Gives four neighbouring channels' `dy` to the first largest entry of a window, and goes on to the next four channels.
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
  const { get, set, add, constant, load, loadFour } = wasm;
  const entry = (array: number): wasm.Code => add(get(array), load(get(at)));
  const eachEntry = (body: wasm.Code): wasm.Code => [
    ...set(at, get(window)),
    ...set(left, get(entries)),
    ...wasm.countDown(left, [...body, ...set(at, add(get(at), constant(4)))]),
  ];
  const body = wasm.countDown(fours, [
    ...set(largest, loadFour(add(get(x), load(get(window))))),
    ...eachEntry(set(largest, wasm.maxFour(get(largest), loadFour(entry(x))))),
    ...set(taken, wasm.zeros),
    ...eachEntry([
      ...set(hit, wasm.andNot(wasm.equalFour(loadFour(entry(x)), get(largest)), get(taken))),
      ...set(taken, wasm.or(get(taken), get(hit))),
      ...wasm.storeFour(entry(dx), wasm.addFour(loadFour(entry(dx)), wasm.and(loadFour(get(dy)), get(hit)))),
    ]),
    ...[x, dx, dy].flatMap((array) => set(array, add(get(array), constant(16)))),
  ]);
  return { name, parameters: 6, integers: 2, vectors: 3, body };
}
