import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKey } from '../../src/random/key.ts';
import type { DrawPosition } from '../../src/random/draw-position.ts';
import { fillBits, fillUniforms } from '../../src/random/fill-bits.ts';
import { fillNormals } from '../../src/random/fill-normals.ts';

const FILLS: Record<string, (length: number, position: DrawPosition) => number[]> = {
  bits: (length, position) => {
    const out = new Uint32Array(length);
    fillBits(out, position);
    return [...out];
  },
  uniforms: (length, position) => {
    const out = new Float32Array(length);
    fillUniforms(out, position);
    return [...out];
  },
  normals: (length, position) => {
    const out = new Float32Array(length);
    fillNormals(out, { ...position, scale: 0.25 });
    return [...out];
  },
};

const seed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const start = fc.nat({ max: 2 ** 30 - 100 });
const dimension = fc.integer({ min: 1, max: 40 });

describe.each(Object.keys(FILLS))('%s', (name) => {
  const fill = FILLS[name]!;

  it('do not depend on the batch: pieces of any size equal one fill', () => {
    const pieces = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 8 });
    fc.assert(
      fc.property(seed, start, dimension, pieces, (s, first, d, counts) => {
        const key = createKey(s);
        const total = counts.reduce((a, b) => a + b, 0);
        let next = first;
        const parts = counts.flatMap((count) => {
          const part = fill(count * d, { key, start: next, dimension: d });
          next += count;
          return part;
        });
        expect(parts).toEqual(fill(total * d, { key, start: first, dimension: d }));
      }),
    );
  });

  it('of a smaller dimension begin those of a larger one', () => {
    fc.assert(
      fc.property(seed, start, dimension, dimension, (s, first, a, b) => {
        const key = createKey(s);
        const [small, large] = [Math.min(a, b), Math.max(a, b)];
        expect(fill(small, { key, start: first, dimension: small })).toEqual(
          fill(large, { key, start: first, dimension: large }).slice(0, small),
        );
      }),
    );
  });

  it('differ between keys and between samples', () => {
    fc.assert(
      fc.property(seed, seed, start, (s, other, first) => {
        fc.pre(s !== other);
        const draw = (from: bigint, at: number) => fill(8, { key: createKey(from), start: at, dimension: 8 });
        expect(draw(s, first)).not.toEqual(draw(other, first));
        expect(draw(s, first)).not.toEqual(draw(s, first + 1));
      }),
    );
  });
});

describe('ranges', () => {
  it('uniforms are in [0, 1) on the grid of 2^-24, normals are finite and at most 6.6605', () => {
    fc.assert(
      fc.property(seed, start, dimension, (s, first, d) => {
        const position = { key: createKey(s), start: first, dimension: d };
        for (const u of FILLS['uniforms']!(d, position)) {
          expect(u).toBeGreaterThanOrEqual(0);
          expect(u).toBeLessThan(1);
          expect(Number.isInteger(u * 2 ** 24)).toBe(true);
        }
        for (const x of FILLS['normals']!(d, position)) expect(Math.abs(x)).toBeLessThanOrEqual(6.6605 * 0.25);
      }),
    );
  });
});
