import { describe, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { DataError } from '../../src/errors.ts';
import { expectError } from '../helpers/errors.ts';

const dtypes = 'bool, uint8, uint16, uint32, uint64, int8, int16, int32, int64, float32, float64';
const good = { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) };

describe('encodeNpy refuses', () => {
  it.each<[string, unknown, string]>([
    ['no array', undefined, 'must be { dtype, shape, data }, got undefined'],
    ['another element type', { ...good, dtype: 'float16' }, `must have an element type of ${dtypes}, got "float16"`],
    [
      'a name of every object',
      { ...good, dtype: 'toString' },
      `must have an element type of ${dtypes}, got "toString"`,
    ],
    ['no shape', { ...good, shape: 2 }, 'must have a shape of integers of at least 1, got 2'],
    ['an empty dimension', { ...good, shape: [0] }, 'must have a shape of integers of at least 1, got [0]'],
    ['a list for the values', { ...good, data: [1, 2] }, 'must have a Float32Array as data of float32, got [1, 2]'],
    [
      'values of another type',
      { ...good, dtype: 'int64', data: Int32Array.of(1, 2) },
      'must have a Float64Array as data of int64, got an object (Int32Array)',
    ],
    ['a missing value', { ...good, shape: [1, 3] }, 'must have 3 values for shape [1, 3], got 2'],
    [
      'an int64 that is no integer',
      { dtype: 'int64', shape: [2], data: Float64Array.of(1, 0.5) },
      'must hold values that int64 can hold, got 0.5 at element 1',
    ],
    [
      'an int64 that a double has rounded',
      { dtype: 'int64', shape: [1], data: Float64Array.of(2 ** 53) },
      'must hold values that int64 can hold, got 9007199254740992 at element 0',
    ],
    [
      'a bool of 2',
      { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 2) },
      'must hold values that bool can hold, got 2 at element 1',
    ],
  ])('%s', (_name, array, text) =>
    expectError(() => encodeNpy(array as never), DataError, `encodeNpy: \`array\` ${text}`),
  );
});
