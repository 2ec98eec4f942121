import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import { leastAfterEdits } from '../../src/noise/deletion-radius.ts';
import type { Fraction } from '../../src/noise/exact-fraction.ts';
import { lawOf } from './deletion-laws.ts';
import { tryAllSequences } from './deletion-worst-case.ts';

const request = { norm: 'edit', dimension: 1 } as const;
const deletion = fc.double({ min: 0.5001, max: 0.998, noNaN: true });
const q = fc.double({ min: 1e-6, max: 1, noNaN: true });
const noiseOf = (chance: number): DeletionNoise => new DeletionNoise({ length: 4, deletion: chance, padId: 9 });

describe('radii of deletion (fast-check)', () => {
  it('for any edits are at most those for insertions alone and deletions alone', () => {
    fc.assert(
      fc.property(deletion, q, (chance, own) => {
        const noise = noiseOf(chance);
        const bound = { p: 1 - own, q: own };
        const edit = noise.radius(bound, request);
        expect(edit).toBe(noise.radiusFor(bound, 'substitute'));
        expect(edit).toBeLessThanOrEqual(noise.radiusFor(bound, 'insert'));
        expect(edit).toBeLessThanOrEqual(noise.radiusFor(bound, 'delete'));
        expect(edit).toBeLessThan(Math.log(2) / -Math.log(chance) + 1e-6);
        expect(edit >= 0).toBe(own < 0.5);
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  it('certify every mixture of so many edits, and no one more as substitutions', () => {
    fc.assert(
      fc.property(deletion, q, fc.nat(30), fc.nat(30), (chance, own, one, two) => {
        const noise = noiseOf(chance);
        const bound = { p: 1 - own, q: own };
        const radius = noise.radius(bound, request);
        fc.pre(radius >= 0);
        const substituted = Math.min(one, radius);
        const inserted = Math.min(two, radius - substituted);
        const deleted = radius - substituted - inserted;
        expect(noise.certifies(bound, { substituted, inserted, deleted })).toBe(true);
        expect(noise.certifies(bound, { substituted: radius + 1, inserted: 0, deleted: 0 })).toBe(false);
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it('do not fall with p, and against the bound q they are those of one bound', () => {
    fc.assert(
      fc.property(deletion, q, q, (chance, a, b) => {
        const noise = noiseOf(chance);
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        const radius = noise.radius({ p: 1 - more, q: more }, request);
        expect(noise.radius({ p: 1 - less, q: less }, request)).toBeGreaterThanOrEqual(radius);
        const against = noise.radiusAgainst({ p: 1 - more, q: more }, [{ p: less, q: 1 - less }], 1, request);
        expect(against).toBeGreaterThanOrEqual(radius);
        const one = noise.radiusAgainst({ p: 1 - more, q: more }, [{ p: 1, q: 0 }], 1, request);
        expect(one).toBe(radius);
      }),
      { seed: 6, numRuns: 200 },
    );
  });
});

/** The least that a classifier with this chance at x can have at y, if it may split a copy: the best attack on its answers. */
function leastOf(x: string, y: string, chance: bigint, own: Fraction): Fraction {
  const [at, there] = [lawOf(x, chance), lawOf(y, chance)];
  const [ofX, ofY] = [2n ** BigInt(32 * x.length), 2n ** BigInt(32 * y.length)];
  const copies = [...new Set([...at.keys(), ...there.keys()])].map((copy) => ({
    x: at.get(copy) ?? 0n,
    y: there.get(copy) ?? 0n,
  }));
  copies.sort((a, b) => Number(a.y * b.x - b.y * a.x > 0n) - Number(a.y * b.x - b.y * a.x < 0n));
  // In units of 1 / (own.below ofX) at x, and of 1 / (own.below ofY last) at y.
  let rest = own.above * ofX;
  let above = 0n;
  for (const copy of copies) {
    const mass = copy.x * own.below;
    if (rest < mass) return { above: above * copy.x + copy.y * rest, below: own.below * ofY * copy.x };
    if (mass > 0n) above += copy.y * own.below;
    rest -= mass;
  }
  return { above, below: own.below * ofY };
}

describe('the bound after edits', () => {
  it.each([0.6, 0.75, 0.9, 0.99])(
    'is met by the worst classifier where the alphabet has another token, p = %f',
    (p) => {
      const chance = BigInt(Math.round(p * 2 ** 32));
      for (const q of [0.25, 0.125, 2 ** -7]) {
        const bound = { p: 1 - q, q };
        const own = { above: BigInt(1024 - 1024 * q), below: 1024n };
        const edits = [
          ['010', '210', { substituted: 1, inserted: 0, deleted: 0 }],
          ['010', '0120', { substituted: 0, inserted: 1, deleted: 0 }],
          ['012', '01', { substituted: 0, inserted: 0, deleted: 1 }],
        ] as const;
        for (const [x, y, counts] of edits) {
          const [least, bounded] = [leastOf(x, y, chance, own), leastAfterEdits({ above: chance, below: 2n ** 32n }, bound, counts)]; // prettier-ignore
          expect(least.above * bounded.below).toBe(bounded.above * least.below);
        }
      }
    },
  );

  it('is no more than what the worst classifier leaves where there is none', () => {
    const chance = BigInt(Math.round(0.6 * 2 ** 32));
    const bound = { p: 0.875, q: 0.125 };
    const least = leastOf('010', '000', chance, { above: 7n, below: 8n });
    const bounded = leastAfterEdits({ above: chance, below: 2n ** 32n }, bound, { substituted: 1, inserted: 0, deleted: 0 }); // prettier-ignore
    expect(least.above * bounded.below > bounded.above * least.below).toBe(true);
  });
});

describe('no edit within the radius turns a random classifier', () => {
  it.each([
    { deletion: 0.6, alphabet: '01', ofX: 3, ofY: 4, classifiers: 12 },
    { deletion: 0.75, alphabet: '012', ofX: 2, ofY: 3, classifiers: 8 },
  ])('p = $deletion, tokens $alphabet', (setting) => {
    const seen = tryAllSequences(setting);
    expect(seen.certified).toBeGreaterThan(100);
    expect(seen.turned).toBeGreaterThan(100);
  });
});
