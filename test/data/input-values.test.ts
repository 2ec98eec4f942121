import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { byteLevels, type InputArray, inputValues } from '../../src/data/input-values.ts';
import { DataError } from '../../src/errors.ts';
import { expectError } from '../helpers/errors.ts';

const place = { call: 'call', field: 'images' };
const integers = [Uint8Array, Uint8ClampedArray, Uint16Array, Int16Array, Uint32Array, Int32Array] as const;

describe('inputValues', () => {
  it('integers from 0 to 255 of every type are the bytes of the same value', () => {
    const bytes = Array.from({ length: 256 }, (_, i) => i);
    for (const type of integers) expect(inputValues(place, type.from(bytes))).toEqual(Uint8Array.from(bytes));
    const doubles = { ...place, dtype: 'int64' };
    expect(inputValues(doubles, Float64Array.from(bytes))).toEqual(Uint8Array.from(bytes));
    expect(inputValues(place, Int8Array.of(0, 127))).toEqual(Uint8Array.of(0, 127));
  });

  it('float32 stays as it is, float64 is rounded to the nearest', () => {
    const floats = Float32Array.of(0.1, -3, 4e30);
    expect(inputValues(place, floats)).toBe(floats);
    fc.assert(
      fc.property(fc.float64Array({ min: -3e38, max: 3e38, noNaN: true }), (values) => {
        expect(inputValues(place, values)).toEqual(Float32Array.from(values));
      }),
      { numRuns: 200, seed: 32 },
    );
    // All bytes over 255 in doubles are the inputs that the bytes themselves are.
    const doubles = Float64Array.from({ length: 256 }, (_, byte) => byte / 255);
    expect(inputValues(place, doubles)).toEqual(byteLevels([0, 1]));
  });

  const keep = "to keep the numbers as they are: x.astype('float32') of NumPy, Float32Array.from of JavaScript";
  it.each<[string, InputArray, string | undefined, string]>([
    [
      '16-bit levels',
      Uint16Array.of(3, 40000),
      undefined,
      `bytes from 0 to 255, or floats, got uint16 up to 40000 (16-bit levels become 0 to 1 by (x / 65535).astype('float32'); ${keep})`,
    ],
    [
      'larger numbers',
      Float64Array.of(3, 70000),
      'int64',
      `bytes from 0 to 255, or floats, got int64 up to 70000 (${keep})`,
    ],
    [
      'negative numbers',
      Int8Array.of(-128, 127),
      undefined,
      `bytes from 0 to 255, or floats, got int8 down to -128 (${keep})`,
    ],
    [
      'images of 0 and 1',
      Int32Array.of(0, 1),
      undefined,
      `bytes from 0 to 255, or floats, got int32 up to 1 (x.astype('uint8') for bytes; ${keep})`,
    ],
    ['truth values', Uint8Array.of(0, 1), 'bool', "numbers, got bool (x.astype('float32') makes True 1 and False 0)"],
    [
      'numbers beyond float32',
      Float64Array.of(0, -1e39),
      undefined,
      'numbers that float32 can hold, at most 3.4e38 in size, got -1e+39 at index 1',
    ],
  ])('refuses %s', (_name, values, dtype, text) => {
    return expectError(() => inputValues({ ...place, dtype }, values), DataError, `call: \`images\` must be ${text}`);
  });
});

describe('byteLevels', () => {
  it('is b / 255 in [0, 1] and b in [0, 255], bit for bit', () => {
    expect(byteLevels([0, 1])).toEqual(Float32Array.from({ length: 256 }, (_, byte) => byte / 255));
    expect(byteLevels([0, 255])).toEqual(Float32Array.from({ length: 256 }, (_, byte) => byte));
    expect(byteLevels([-1, 1])[51]).toBe(Math.fround(-0.6));
  });

  it('begins and ends with the ends of the range, grows, and never leaves it', () => {
    const end = fc.double({ min: -1e30, max: 1e30, noNaN: true });
    const ranges = fc.tuple(end, end).filter(([a, b]) => Math.fround(a) < Math.fround(b));
    fc.assert(
      fc.property(ranges, ([low, high]) => {
        const levels = byteLevels([low, high]);
        expect(levels[0]! + 0).toBe(Math.fround(low) + 0);
        expect(levels[255]! + 0).toBe(Math.fround(high) + 0);
        expect(levels.every((level, byte) => byte === 0 || level >= levels[byte - 1]!)).toBe(true);
      }),
      { numRuns: 500, seed: 33 },
    );
  });
});

describe('arrayDataset: inputRange', () => {
  const source = { values: Uint8Array.of(0, 255, 51, 204), shape: [2], labels: [0, 1] };

  it('bytes fill it', () => {
    expect(arrayDataset({ ...source, inputRange: [0, 255] }).example(1)).toEqual({
      x: Float32Array.of(51, 204),
      label: 1,
    });
    expect(arrayDataset({ ...source, inputRange: [-1, 1] }).example(0)).toEqual({
      x: Float32Array.of(-1, 1),
      label: 0,
    });
    expect(arrayDataset(source).example(1)).toEqual({ x: Float32Array.of(0.2, 0.8), label: 1 });
  });

  it('floats must lie in it, and stay as they are', () => {
    const values = Float64Array.of(0, 0.1, 0.05, 0.025);
    const dataset = arrayDataset({ ...source, values, inputRange: [0, 0.1] }); // float32(0.1) is above 0.1
    expect(dataset.example(0)).toEqual({ x: Float32Array.of(0, 0.1), label: 0 });
    const way = '(only bytes are scaled to it: Uint8Array.from(values) makes them of levels 0 to 255)';
    expect(() => arrayDataset({ ...source, values: Float32Array.of(0, 1, 2, 255), inputRange: [0, 1] })).toThrow(
      `arrayDataset: \`values\` must lie in the \`inputRange\` [0, 1], got 2 at index 2 ${way}`,
    );
  });

  it.each([[[0, Infinity]], [[1, 0]], [[0, 1e39]], [[1, 1 + 1e-12]]] as const)('refuses the range %o', (inputRange) => {
    expect(() => arrayDataset({ ...source, inputRange: inputRange as never })).toThrow(
      'arrayDataset: `inputRange` must be [low, high], two finite numbers of float32 with low < high, got',
    );
  });
});
