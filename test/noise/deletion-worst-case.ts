import { expect } from 'vitest';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import { leastAfterEdits } from '../../src/noise/deletion-radius.ts';
import { type Fraction, fractionOf, isBelow } from '../../src/noise/exact-fraction.ts';
import { createKey } from '../../src/random/key.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import type { ProbabilityBound, UpperProbabilityBound } from '../../src/types.ts';
import { chanceOf, editDistanceByWays, lawOf, sequencesUpTo, waysBetween } from './deletion-laws.ts';

const HALF: Fraction = { above: 1n, below: 2n };
const request = { norm: 'edit', dimension: 1 } as const;
const CLASSES = 3;

/** The least double that is not below a fraction in [0, 1]. */
function upTo(fraction: Fraction): number {
  let value = Number((fraction.above * 2n ** 80n) / fraction.below) / 2 ** 80;
  const word = new DataView(new ArrayBuffer(8));
  while (isBelow(fractionOf(value), fraction)) {
    word.setFloat64(0, value);
    word.setBigUint64(0, word.getBigUint64(0) + 1n);
    value = word.getFloat64(0);
  }
  return value;
}

const complement = ({ above, below }: Fraction): Fraction => ({ above: below - above, below });

/** What the trials of a setting have seen. */
export interface Seen {
  pairs: number;
  certified: number;
  turned: number;
}

/**
 * Every sequence x and every y over an alphabet, both of at most so many tokens, under random classifiers of the copies: all chances are exact, and
 * the bound of x is the best that a sample could give. Fails where a bound or a certificate is broken.
 */
export function tryAllSequences(options: {
  readonly deletion: number;
  readonly alphabet: string;
  readonly ofX: number;
  readonly ofY: number;
  readonly classifiers: number;
}): Seen {
  const { deletion, alphabet, ofX, ofY, classifiers } = options;
  const noise = new DeletionNoise({ length: ofY, deletion, padId: 99 });
  const chance = BigInt(Math.round(deletion * 2 ** 32));
  const all = sequencesUpTo(alphabet, ofY);
  const laws = new Map(all.map((sequence) => [sequence, lawOf(sequence, chance)]));
  const pairs = sequencesUpTo(alphabet, ofX).map(
    (x) => [x, all.map((y) => ({ y, ways: waysBetween(x, y), distance: editDistanceByWays(x, y) }))] as const,
  );
  const seen: Seen = { pairs: 0, certified: 0, turned: 0 };
  const uniforms = new Float32Array(classifiers * (all.length + 1));
  fillUniforms(uniforms, { key: createKey(alphabet.length), start: 0, dimension: all.length + 1 });
  for (let trial = 0; trial < classifiers; trial++) {
    const [lean = 0, ...own] = uniforms.subarray(trial * (all.length + 1), (trial + 1) * (all.length + 1));
    // Class 0 is likely, so that something is certified: each copy is its own entry of a table.
    const answers = new Map(all.map((copy, at) => [copy, own[at]! < lean ? 0 : 1 + (at % (CLASSES - 1))]));
    const chancesAt = new Map(
      all.map((y) => [
        y,
        Array.from({ length: CLASSES }, (_, c) => chanceOf(y, laws.get(y)!, (copy) => answers.get(copy) === c)),
      ]),
    );
    for (const [x, others] of pairs) {
      const at = chancesAt.get(x)!;
      for (let label = 0; label < CLASSES; label++) {
        const q = upTo(complement(at[label]!));
        const bound: ProbabilityBound = { p: 1 - q, q };
        const rivals = at.flatMap((other, c): UpperProbabilityBound[] => {
          const p = upTo(other);
          return c === label ? [] : [{ p, q: 1 - p }];
        });
        const radii = {
          edit: noise.radius(bound, request),
          against: noise.radiusAgainst(bound, rivals, 1, request),
          two: noise.radiusAgainst(bound, rivals, 2, request),
          substitute: noise.radiusFor(bound, 'substitute'),
          insert: noise.radiusFor(bound, 'insert'),
          delete: noise.radiusFor(bound, 'delete'),
        };
        for (const { y, ways, distance } of others) {
          const there = chancesAt.get(y)!;
          const own = there[label]!;
          const hasMajority = isBelow(HALF, own);
          const ahead = there.filter((other, c) => c !== label && !isBelow(other, own)).length;
          for (const way of ways) {
            seen.pairs++;
            expect(isBelow(own, leastAfterEdits({ above: chance, below: 2n ** 32n }, bound, way))).toBe(false);
            const certified =
              noise.certifies(bound, way) ||
              radii.edit >= way.substituted + way.inserted + way.deleted ||
              (way.substituted + way.inserted === 0 && radii.delete >= way.deleted) ||
              (way.substituted + way.deleted === 0 && radii.insert >= way.inserted) ||
              (way.inserted + way.deleted === 0 && radii.substitute >= way.substituted);
            if (certified && distance > 0) seen.certified++;
            if (certified) expect(hasMajority, `${x} -> ${y} of class ${label}`).toBe(true);
          }
          if (radii.against >= distance) expect(ahead, `${x} -> ${y} of class ${label}`).toBe(0);
          if (radii.two >= distance) expect(ahead, `${x} -> ${y} among two`).toBeLessThan(2);
          if (isBelow(HALF, at[label]!) && !hasMajority) seen.turned++;
        }
      }
    }
  }
  return seen;
}
