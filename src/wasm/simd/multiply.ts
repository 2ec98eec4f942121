import type { Code, WasmFunction } from './assembler.ts';
import * as wasm from './assembler.ts';

/** Rows and columns of C that are held in registers at a time: 8 accumulators, 2 for b, 1 for a, of 16 registers. @internal */
export const TILE_ROWS = 4;
/** @internal */
export const TILE_COLUMNS = 8;

/** Bytes of one table entry: where the row begins in A and in C, two i32. @internal */
export const TABLE_ENTRY = 8;

const enumerate = (count: number, from: number): number[] => Array.from({ length: count }, (_, i) => from + i);

/** What a term takes from a row of A: one number for all columns, or for each column its own neighbour. @internal */
export type FactorA = 'one' | 'neighbours';

/**
 * `C[i, j] += Σ_t A[i, t] · B[t, j]` for rows in tiles of 4 and for 8 (or 4) neighbouring columns j, of which the first `used` count;
 * with neighbours, `C[i, j] += Σ_t A[i, t + j] · B[t, j]`, the product of a depthwise convolution.
 *
 * Where a row begins, in A and in C, is read from a table. So rows may overlap and have any order, and A may be the patches of an
 * image that were never cut out. The sum over t runs over two nested loops, with a step in A after each term and a jump after
 * each inner loop. Columns that do not count are added as zeros, whatever A holds: the next row's may lie there.
 *
 * Parameters (addresses and steps in bytes): table, tiles, a, aStep, aJump, b, bStep, inner, outer, c, used.
 *
 * @internal
 */
export function multiplyFunction(name: string, columns: 4 | 8, factor: FactorA = 'one'): WasmFunction {
  const parameters = 11;
  const [table, tiles, a, aStep, aJump, b, bStep, inner, outer, c, used] = enumerate(parameters, 0) as Locals;
  const [bAt, innerLeft, outerLeft, ...aAt] = enumerate(3 + TILE_ROWS, parameters) as [
    number,
    number,
    number,
    ...number[],
  ];
  const integers = 3 + TILE_ROWS;
  const four = columns / 4;
  const [aValue, ...rest] = enumerate(1 + four + TILE_ROWS * four, parameters + integers) as [number, ...number[]];
  const bValues = rest.slice(0, four);
  const sums = rest.slice(four);
  const sum = (row: number, column: number): number => sums[row * four + column]!;

  const term: Code = [
    ...bValues.flatMap((value, j) => wasm.set(value, wasm.loadFour(wasm.get(bAt), 16 * j))),
    ...aAt.flatMap((address, i) => [
      ...(factor === 'one' ? wasm.set(aValue, wasm.loadSplat(wasm.get(address))) : []),
      ...bValues.flatMap((value, j) => {
        const fromA = factor === 'one' ? wasm.get(aValue) : wasm.loadFour(wasm.get(address), 16 * j);
        return wasm.set(sum(i, j), wasm.addFour(wasm.get(sum(i, j)), wasm.multiplyFour(fromA, wasm.get(value))));
      }),
      ...advance(address, aStep),
    ]),
    ...advance(bAt, bStep),
  ];
  const countsFrom = (first: number): Code =>
    wasm.lessFour(wasm.fourConstants([first, first + 1, first + 2, first + 3]), wasm.splat(wasm.get(used)));
  const tile: Code = [
    ...aAt.flatMap((address, i) =>
      wasm.set(address, wasm.add(wasm.get(a), wasm.load(wasm.get(table), TABLE_ENTRY * i))),
    ),
    ...sums.flatMap((value) => wasm.set(value, wasm.zeros)),
    ...wasm.set(bAt, wasm.get(b)),
    ...wasm.set(outerLeft, wasm.get(outer)),
    ...wasm.countDown(outerLeft, [
      ...wasm.set(innerLeft, wasm.get(inner)),
      ...wasm.countDown(innerLeft, term),
      ...aAt.flatMap((address) => advance(address, aJump)),
    ]),
    ...aAt.flatMap((address, i) => [
      ...wasm.set(address, wasm.add(wasm.get(c), wasm.load(wasm.get(table), TABLE_ENTRY * i + 4))),
      ...bValues.flatMap((_, j) =>
        wasm.storeFour(
          wasm.get(address),
          wasm.addFour(wasm.loadFour(wasm.get(address), 16 * j), wasm.and(wasm.get(sum(i, j)), countsFrom(4 * j))),
          16 * j,
        ),
      ),
    ]),
    ...wasm.set(table, wasm.add(wasm.get(table), wasm.constant(TABLE_ENTRY * TILE_ROWS))),
  ];
  return { name, parameters, integers, vectors: 1 + four + sums.length, body: wasm.countDown(tiles, tile) };
}

type Locals = [number, number, number, number, number, number, number, number, number, number, number];

function advance(address: number, step: number): Code {
  return wasm.set(address, wasm.add(wasm.get(address), wasm.get(step)));
}
