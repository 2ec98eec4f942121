import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import { createKey } from '../../src/random/key.ts';
import type { UpperProbabilityBound } from '../../src/types.ts';
import { useBackend } from '../helpers/backends.ts';
import { boundOfQ, goldenFamily, upperBound } from './golden-family.ts';

interface Row {
  readonly pDelete: string;
  readonly q: string;
  readonly other: string;
  readonly substituted: number;
  readonly inserted: number;
  readonly deleted: number;
  readonly certified: boolean;
  readonly edit: number;
  readonly insert: number;
  readonly delete: number | null;
  readonly editOfOneBound: number;
}

const golden = goldenFamily<Record<'leastProbability' | 'radius' | 'radiusAgainst', Row[]>>('discrete-deletion');

const chance = (text: string): number => text.split('/').map(Number).reduce((above, below) => above / below); // prettier-ignore
const above = ({ pDelete }: Row): boolean => chance(pDelete) > 0.5; // the constructor refuses the rest: test/noise/deletion-radius.fixture.test.ts
const noiseFor = ({ pDelete }: Row): DeletionNoise =>
  new DeletionNoise({ length: 40, deletion: chance(pDelete), padId: 0 });
const request = { norm: 'edit', dimension: 40 } as const;

describe('golden rows of deletion, by the noise', () => {
  it.each(golden.leastProbability.filter(above))('$pDelete, q = $q: $substituted $inserted $deleted', (row) => {
    const { substituted, inserted, deleted } = row;
    const edits = { substituted, inserted, deleted };
    expect(noiseFor(row).certifies(boundOfQ(row.q), edits)).toBe(row.certified);
  });

  it.each(golden.radius.filter(above))('$pDelete, q = $q: $edit, $insert, $delete', (row) => {
    const noise = noiseFor(row);
    const bound = boundOfQ(row.q);
    expect(noise.radius(bound, request)).toBe(row.edit);
    expect(noise.radiusFor(bound, 'edit')).toBe(row.edit);
    expect(noise.radiusFor(bound, 'substitute')).toBe(row.edit);
    expect(noise.radiusFor(bound, 'insert')).toBe(row.insert);
    expect(noise.radiusFor(bound, 'delete')).toBe(row.delete ?? Infinity);
  });

  it.each(golden.radiusAgainst.filter(above))('$pDelete, q = $q against $other: $edit', (row) => {
    const noise = noiseFor(row);
    const bound = boundOfQ(row.q);
    expect(noise.radiusAgainst(bound, [upperBound(row.other)], 1, request)).toBe(row.edit);
    expect(noise.radius(bound, request)).toBe(row.editOfOneBound);
  });
});

describe('names of edits', () => {
  const noise = new DeletionNoise({ length: 40, deletion: 0.9, padId: 0 });
  const bound = { p: 0.999, q: 0.001 };

  it('are those of what the adversary does: 6 insertions by him, not the 58 that the reference calls `ins`', () => {
    expect(noise.radiusFor(bound, 'insert')).toBe(6);
    expect(noise.radiusFor(bound, 'delete')).toBe(58);
  });

  it('agree with the counts of each kind', () => {
    const none = { substituted: 0, inserted: 0, deleted: 0 };
    const kinds = { substitute: 'substituted', insert: 'inserted', delete: 'deleted' } as const;
    for (const [kind, counted] of Object.entries(kinds) as [keyof typeof kinds, (typeof kinds)[keyof typeof kinds]][]) {
      const radius = noise.radiusFor(bound, kind);
      expect(noise.certifies(bound, { ...none, [counted]: radius })).toBe(true);
      expect(noise.certifies(bound, { ...none, [counted]: radius + 1 })).toBe(false);
    }
  });
});

describe('bounds at the edge', () => {
  // T = 3/4 of 2^32: powers of it and the bounds are doubles, so that equality can be met.
  const noise = new DeletionNoise({ length: 8, deletion: 0.75, padId: 0 });
  const next = (x: number, ulps: number): number => {
    const word = new DataView(new ArrayBuffer(8));
    word.setFloat64(0, x);
    word.setBigInt64(0, word.getBigInt64(0) + BigInt(ulps));
    return word.getFloat64(0);
  };

  it('are strict, to the last bit of q', () => {
    // p^1 > 1/2 + q just for q < 1/4; p^2 just for q < 1/16.
    for (const [q, radius] of [
      [0.25, 0],
      [next(0.25, -1), 1],
      [0.0625, 1],
      [next(0.0625, -1), 2],
    ] as const)
      // prettier-ignore
      expect(noise.radius({ p: 1 - q, q }, request)).toBe(radius);
    // q < p^r / 2: 3/8 and 9/32.
    for (const [q, radius] of [
      [0.375, 0],
      [next(0.375, -1), 1],
      [9 / 32, 1],
      [next(9 / 32, -1), 2],
    ] as const)
      // prettier-ignore
      expect(noise.radiusFor({ p: 1 - q, q }, 'delete')).toBe(radius);
    expect(noise.radius({ p: 0.5, q: 0.5 }, request)).toBe(-1);
    expect(noise.radius({ p: next(0.5, 1), q: next(0.5, -1) }, request)).toBe(0);
  });

  it('are strict between two classes', () => {
    // p_A − p_B > 2 (1 − 3/4): 3/4 and 1/4 meet it exactly.
    expect(noise.radiusAgainst({ p: 0.75, q: 0.25 }, [{ p: 0.25, q: 0.75 }], 1, request)).toBe(0);
    expect(noise.radiusAgainst({ p: 0.75, q: 0.25 }, [{ p: next(0.25, -1), q: 0.75 }], 1, request)).toBe(1);
  });

  it('are taken by the part that claims less, where p and q do not fit', () => {
    expect(noise.radius({ p: 0.6, q: 0 }, request)).toBe(0);
    expect(noise.radius({ p: 1, q: 0.4 }, request)).toBe(0);
    expect(noise.radiusFor({ p: 1, q: 0.4 }, 'delete')).toBe(0);
    expect(noise.certifies({ p: 1, q: 0.4 }, { substituted: 1, inserted: 0, deleted: 0 })).toBe(false);
    expect(noise.radiusAgainst({ p: 0.9, q: 0.1 }, [{ p: 0, q: 0.6 }], 1, request)).toBe(
      noise.radiusAgainst({ p: 0.9, q: 0.1 }, [{ p: 0.1, q: 0.9 }], 1, request),
    );
  });

  it.each([-0.4, 0.4])(
    'takes the chance as drawn, the nearest multiple of 2^-32: %f of it below what was given',
    (off) => {
      const drawn = 2_576_980_378 / 2 ** 32;
      const given = drawn + off / 2 ** 32;
      const between = (drawn + given) / 2;
      const noise = new DeletionNoise({ length: 8, deletion: given, padId: 0 });
      // One edit is certified for q < drawn − 1/2.
      expect(noise.radius({ p: 1.5 - between, q: between - 0.5 }, request)).toBe(drawn > given ? 1 : 0);
      expect(noise.deletion).toBe(given);
    },
  );
});

describe('the top k', () => {
  const noise = new DeletionNoise({ length: 8, deletion: 0.97, padId: 0 });
  const uppers = (...ps: number[]): UpperProbabilityBound[] => ps.map((p) => ({ p, q: 1 - p }));

  it('certifies a class that is not the first', () => {
    const lower = { p: 0.3, q: 0.7 };
    expect(noise.radiusAgainst(lower, uppers(0.45, 0.1, 0.05), 1, request)).toBe(-1);
    // t = 1: 0.3 − 0.1 > 2Δ; t = 2: 2 (0.3 − Δ) > 0.55 + Δ. So Δ < 0.1, and 0.97^3 = 0.9127.
    expect(noise.radiusAgainst(lower, uppers(0.45, 0.1, 0.05), 2, request)).toBe(3);
    // t = 2 of 0.1 and 0.05 is stronger than t = 1: 0.6 − 0.15 > 3Δ, Δ < 0.15; t = 1: 0.25 > 2Δ; t = 3: 0.9 − 0.6 > 4Δ.
    expect(noise.radiusAgainst(lower, uppers(0.45, 0.1, 0.05), 3, request)).toBe(5);
  });
});

describe('DeletionNoise', () => {
  beforeAll(() => useBackend('cpu'));
  const noise = new DeletionNoise({ length: 12, deletion: 0.6, padId: 7 });

  it('says what it is, and is made again of that', () => {
    const record = { name: 'deletion', parameters: { length: 12, deletion: 0.6, padId: 7 } };
    expect(noise).toMatchObject({
      ...record,
      norms: ['edit'],
      domain: 'tokens',
      assumptions: ['uniform bits', 'deterministic classifier independent of the batch'],
    });
    expect(noiseOf(JSON.parse(JSON.stringify(record)) as typeof record)).toEqual(noise);
  });

  it('pads a sequence, of any kind of numbers', () => {
    expect(Array.from(noise.pad(Uint8Array.of(3, 0, 255)))).toEqual([3, 0, 255, 7, 7, 7, 7, 7, 7, 7, 7, 7]);
    expect(Array.from(noise.pad([]))).toEqual(new Array(12).fill(7));
    expect(Array.from(noise.pad(new Array<number>(12).fill(1)))).toEqual(new Array(12).fill(1));
  });

  it('has copies that say nothing of the length of x beyond their tokens', async () => {
    // What x and a longer sequence have in common gives the same copies wherever the rest is left out.
    const key = createKey(5);
    const [short, long] = [tf.tensor1d(noise.pad([1, 2])), tf.tensor1d(noise.pad([1, 2, 3, 4, 5]))];
    const copies = [short, long].map((x) => noise.perturb(x, { key, start: 0, count: 200 }));
    const [ofShort, ofLong] = (await Promise.all(copies.map((copy) => copy.array()))) as number[][][];
    const without = ofLong!.map((row, copy) => (row.some((id) => id >= 3 && id <= 5) ? undefined : copy));
    const same = without.filter((copy) => copy !== undefined);
    expect(same.length).toBeGreaterThan(20);
    for (const copy of same) expect(ofLong![copy]).toEqual(ofShort![copy]);
    tf.dispose([short, long, ...copies]);
  });

  it('has no short cut where a subclass makes other copies', () => {
    class Other extends DeletionNoise {
      override perturb(x: tf.Tensor): tf.Tensor {
        return x.clone();
      }
    }
    expect(noise.fillCopies).toBeTypeOf('function');
    expect(new Other({ length: 12, deletion: 0.6, padId: 7 }).fillCopies).toBeUndefined();
  });
});
