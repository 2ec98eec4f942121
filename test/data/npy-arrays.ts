import fc from 'fast-check';
import type { NpyArray } from '../../src/data/arrays.ts';

/** An array of any element type and up to four dimensions of at least `least`, with values of its whole range. */
export function npyArrays(least: 0 | 1 = 1): fc.Arbitrary<NpyArray> {
  return fc.array(fc.integer({ min: least, max: 4 }), { minLength: 0, maxLength: 4 }).chain((shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const numbers = (value: fc.Arbitrary<number>): fc.Arbitrary<number[]> =>
      fc.array(value, { minLength: length, maxLength: length });
    const bits = (n: number): fc.Arbitrary<number[]> =>
      numbers(fc.integer({ min: -(2 ** (n - 1)), max: 2 ** (n - 1) - 1 }));
    return fc.oneof(
      bits(8).map((v): NpyArray => ({ dtype: 'uint8', shape, data: Uint8Array.from(v) })),
      bits(8).map((v): NpyArray => ({ dtype: 'bool', shape, data: Uint8Array.from(v, (x) => x & 1) })),
      bits(8).map((v): NpyArray => ({ dtype: 'int8', shape, data: Int8Array.from(v) })),
      bits(16).map((v): NpyArray => ({ dtype: 'int16', shape, data: Int16Array.from(v) })),
      bits(32).map((v): NpyArray => ({ dtype: 'int32', shape, data: Int32Array.from(v) })),
      numbers(fc.maxSafeInteger()).map((v): NpyArray => ({ dtype: 'int64', shape, data: Float64Array.from(v) })),
      bits(16).map((v): NpyArray => ({ dtype: 'uint16', shape, data: Uint16Array.from(v) })),
      bits(32).map((v): NpyArray => ({ dtype: 'uint32', shape, data: Uint32Array.from(v) })),
      numbers(fc.maxSafeNat()).map((v): NpyArray => ({ dtype: 'uint64', shape, data: Float64Array.from(v) })),
      numbers(fc.float()).map((v): NpyArray => ({ dtype: 'float32', shape, data: Float32Array.from(v) })),
      numbers(fc.double()).map((v): NpyArray => ({ dtype: 'float64', shape, data: Float64Array.from(v) })),
    );
  });
}

/** The array as a file gives it back: an integer has no -0. */
export function asWritten(array: NpyArray): NpyArray {
  return array.dtype === 'int64' ? { ...array, data: array.data.map((value) => value + 0) } : array;
}
