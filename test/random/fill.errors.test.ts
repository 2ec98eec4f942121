import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { createKey } from '../../src/random/key.ts';
import type { DrawPosition } from '../../src/random/draw-position.ts';
import { fillBits, fillUniforms } from '../../src/random/fill-bits.ts';
import { fillNormals } from '../../src/random/fill-normals.ts';

const good: DrawPosition = { key: createKey(0), start: 0, dimension: 4 };

const FILLS: [string, (length: number, position: DrawPosition) => void][] = [
  ['fillBits', (length, position) => fillBits(new Uint32Array(length), position)],
  ['fillUniforms', (length, position) => fillUniforms(new Float32Array(length), position)],
  ['fillNormals', (length, position) => fillNormals(new Float32Array(length), position)],
];

describe.each(FILLS)('errors of %s', (call, fill) => {
  it.each([
    [8, { key: undefined as never }, '`key` must be a key (createKey(seed) makes one), got undefined'],
    [8, { dimension: 0 }, '`dimension` must be an integer from 1 to 2^32, got 0'],
    [8, { dimension: 2.5 }, '`dimension` must be an integer from 1 to 2^32, got 2.5'],
    [7, {}, '`out.length` must be a multiple of 4, whole samples, got 7'],
    [
      8,
      { start: -1 },
      '`start` must be an integer from 0 to 2^30 - 2 (for more samples, fold an index into the key), got -1',
    ],
    [
      8,
      { start: 0.5 },
      '`start` must be an integer from 0 to 2^30 - 2 (for more samples, fold an index into the key), got 0.5',
    ],
    [
      8,
      { start: 2 ** 30 - 1 },
      '`start` must be an integer from 0 to 2^30 - 2 (for more samples, fold an index into the key), got 1073741823',
    ],
  ])('length %i, %o', (length, change, text) => {
    const act = (): void => fill(length, { ...good, ...change });
    expect(act).toThrow(OptionError);
    expect(act).toThrow(new Error(`${call}: ${text}`).message);
  });
});

describe('errors of fills', () => {
  it.each([-1, NaN, Infinity, 1e39])('scale %s', (scale) => {
    expect(() => fillNormals(new Float32Array(4), { ...good, scale })).toThrow(
      `fillNormals: \`scale\` must be a finite float32 number of at least 0, got ${scale}`,
    );
  });

  it('an array of another kind', () => {
    expect(() => fillNormals(new Float64Array(4) as never, good)).toThrow(
      'fillNormals: `out` must be a Float32Array, got an object (Float64Array)',
    );
    expect(() => fillBits([0, 0, 0, 0] as never, good)).toThrow(
      'fillBits: `out` must be a Uint32Array, got [0, 0, 0, 0]',
    );
  });
});
