import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { bitRegions, groupRegions, isProven } from '../../src/noise/bit-flip-radius.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import type { Noise } from '../../src/noise/types.ts';
import { createKey } from '../../src/random/key.ts';
import { fillBits } from '../../src/random/fill-bits.ts';
import { useBackend } from '../helpers/backends.ts';

beforeAll(() => useBackend('cpu'));

const bound = (q: number): { p: number; q: number } => ({ p: 1 - q, q });
const l0 = (dimension: number): { norm: 'l0'; dimension: number } => ({ norm: 'l0', dimension });
const words = (chance: number): bigint => BigInt(Math.round(chance * 2 ** 32));
const law = (addition: number, deletion: number): { addition: bigint; deletion: bigint; of: bigint } => ({
  addition: words(addition),
  deletion: words(deletion),
  of: 2n ** 32n,
});

const rates = [
  [0.01, 0.6],
  [0.2, 0.2],
  [0, 0.9],
  [0.3, 0],
  [0.05, 0.5],
  [2 ** -32, 0.999],
] as const;

describe('what BitFlipNoise certifies', () => {
  it('is what exact fractions say, for every pair up to (6, 6)', () => {
    for (const [addition, deletion] of rates) {
      const noise = new BitFlipNoise({ addition, deletion });
      for (let added = 0; added <= 6; added++) {
        for (let deleted = 0; deleted <= 6; deleted++) {
          const regions = bitRegions(law(addition, deletion), { added, deleted });
          for (const q of [0.6, 0.5, 0.49, 0.3, 0.1, 0.01, 1e-5, 1e-12]) {
            const changes = { added, deleted };
            expect(noise.certifies(bound(q), changes)).toBe(isProven(regions, bound(q)));
            for (const other of [0.001, 0.2, 0.45]) {
              const upper = { p: other, q: 1 - other };
              expect(noise.certifies(bound(q), changes, upper)).toBe(isProven(regions, bound(q), [upper]));
            }
          }
        }
      }
    }
  });

  it('is what exact fractions say ever nearer to the probability at which they turn', () => {
    for (const [addition, deletion] of [...rates, [0.3, 0.31], [0.45, 0.45]] as const) {
      const noise = new BitFlipNoise({ addition, deletion });
      for (const changes of [
        { added: 1, deleted: 1 },
        { added: 0, deleted: 5 },
        { added: 3, deleted: 9 },
        { added: 12, deleted: 12 },
      ]) {
        const regions = bitRegions(law(addition, deletion), changes);
        let [low, high] = [0, 0.5];
        for (let i = 0; i < 60; i++) {
          const middle = (low + high) / 2;
          if (isProven(regions, bound(middle))) low = middle;
          else high = middle;
        }
        for (let apart = 1e-6; apart > 1e-17; apart /= 10) {
          for (const q of [low * (1 - apart), low, high, high * (1 + apart)]) {
            expect(noise.certifies(bound(q), changes)).toBe(isProven(regions, bound(q)));
          }
        }
      }
    }
  });

  it('is strict at a tie, which only exact fractions tell', () => {
    // Nothing is added, a one is deleted with 1/4: least = 1 − 4q at one deletion.
    const noise = new BitFlipNoise({ addition: 0, deletion: 0.25 });
    const changes = { added: 0, deleted: 1 };
    expect(noise.certifies(bound(0.125), changes)).toBe(false);
    expect(noise.certifies(bound(0.125 - 2 ** -55), changes)).toBe(true);
    expect(noise.radius(bound(0.125), l0(1))).toBe(0);
  });

  it('falls from step to step of the staircase and never above what more certainty gives', () => {
    for (const [addition, deletion] of rates.slice(0, 5)) {
      const noise = new BitFlipNoise({ addition, deletion });
      let before: number[] = [];
      for (const q of [0.5, 0.4, 0.1, 0.01, 1e-4, 1e-8]) {
        const steps = noise.staircase(bound(q), { most: 60 });
        expect(steps).toEqual([...steps].sort((a, b) => b - a));
        expect(steps.length).toBeGreaterThanOrEqual(before.length);
        before.forEach((deleted, added) => expect(steps[added]).toBeGreaterThanOrEqual(deleted));
        const radius = noise.radius(bound(q), l0(1000));
        expect(radius).toBe(Math.min(steps.length - 1, ...steps.map((deleted, added) => added + deleted)));
        before = steps;
      }
    }
  });

  it('is -1 where not even the class at the input is proven, and 0 where nothing more is', () => {
    const noise = new BitFlipNoise({ addition: 0.01, deletion: 0.6 });
    expect(noise.radius(bound(0.5), l0(9))).toBe(-1);
    expect(noise.radius(bound(0.4), l0(9))).toBe(0);
    expect(noise.staircase(bound(0.5), { most: 9 })).toEqual([]);
    expect(noise.certifies(bound(0.5), { added: 0, deleted: 0 })).toBe(false);
    expect(noise.radiusAgainst(bound(0.6), [bound(0.6)], 1, l0(9))).toBe(-1);
    expect(noise.radiusAgainst(bound(0.6), [{ p: 0.01, q: 0.99 }], 1, l0(9))).toBe(0);
  });

  it('reads a bound whose parts do not fit as the part that claims less', () => {
    const noise = new BitFlipNoise({ addition: 0.01, deletion: 0.6 });
    expect(noise.radius({ p: 0.9, q: 1e-9 }, l0(99))).toBe(noise.radius(bound(0.1), l0(99)));
    expect(noise.radius({ p: 1, q: 0.1 }, l0(99))).toBe(noise.radius(bound(0.1), l0(99)));
    const wide = noise.certifies(bound(0.3), { added: 0, deleted: 1 }, { p: 0.01, q: 0.5 });
    expect(wide).toBe(noise.certifies(bound(0.3), { added: 0, deleted: 1 }, { p: 0.5, q: 0.5 }));
  });

  it('ends at the number of bits, and at 1024 changes', () => {
    const noise = new BitFlipNoise({ addition: 0.001, deletion: 0.99 });
    expect(noise.radius(bound(1e-9), l0(5))).toBe(5);
    expect(noise.radius(bound(1e-9), l0(1e6))).toBe(1024);
  });
});

describe('groups of bits', () => {
  const groups = [
    { size: 30, addition: 0.01, deletion: 0.6 },
    { size: 20, addition: 0.05, deletion: 0.3 },
  ];
  const noise = new BitFlipNoise({ groups });

  it('that do not change, change nothing', () => {
    const none = { added: 0, deleted: 0 };
    for (const [g, { addition, deletion }] of groups.entries()) {
      const alone = new BitFlipNoise({ addition, deletion });
      for (const q of [0.4, 0.1, 0.01, 1e-5]) {
        expect(noise.staircase(bound(q), { most: 20, group: g })).toEqual(alone.staircase(bound(q), { most: 20 }));
        for (const changes of [none, { added: 1, deleted: 2 }, { added: 0, deleted: 4 }]) {
          const list = g === 0 ? [changes, none] : [none, changes];
          expect(noise.certifies(bound(q), list)).toBe(alone.certifies(bound(q), changes));
        }
      }
    }
  });

  it('with the same flips are one group', () => {
    const [same] = groups;
    const twice = new BitFlipNoise({ groups: [same!, same!] });
    const once = new BitFlipNoise({ addition: 0.01, deletion: 0.6 });
    for (const q of [0.1, 0.01, 1e-4]) {
      expect(twice.radius(bound(q), l0(60))).toBe(once.radius(bound(q), l0(60)));
      const list = [
        { added: 1, deleted: 2 },
        { added: 0, deleted: 3 },
      ];
      expect(twice.certifies(bound(q), list)).toBe(once.certifies(bound(q), { added: 1, deleted: 5 }));
    }
  });

  it('have the radius for which every mixture of changes is certified, and no larger one', () => {
    for (const q of [0.4, 0.1, 0.01, 1e-3, 1e-4]) {
      const all = (r: number): boolean => {
        for (let a = 0; a <= r; a++) {
          for (let b = 0; a + b <= r; b++) {
            for (let c = 0; a + b + c <= r; c++) {
              const list = [
                { added: a, deleted: b },
                { added: c, deleted: r - a - b - c },
              ];
              const laws = groups.map((group, g) => [law(group.addition, group.deletion), list[g]!] as const);
              if (!isProven(groupRegions(laws), bound(q))) return false;
            }
          }
        }
        return true;
      };
      const radius = noise.radius(bound(q), l0(50));
      expect(all(radius)).toBe(true);
      expect(all(radius + 1)).toBe(false);
    }
  });

  it('have no more changes than bits', () => {
    const one = { addition: 0.1, deletion: 0.1 };
    const weak = { size: 1, addition: 0.01, deletion: 0.02 };
    // A change of the weak bit is certified only while the others are.
    const mixed = new BitFlipNoise({ groups: [{ size: 9, ...one }, weak] });
    expect(mixed.radius(bound(1e-9), l0(10))).toBeGreaterThan(
      new BitFlipNoise({
        groups: [
          { size: 9, ...one },
          { ...weak, size: 9 },
        ],
      }).radius(bound(1e-9), l0(18)),
    );
  });

  it('sorts products of regions anew: the false certificate of products in the order of the parts is refused', () => {
    // Defect 12 of the reference: 0.608 for the exact 0.142.
    const q = 0.0017638347280672;
    const changes = [
      { added: 1, deleted: 2 },
      { added: 3, deleted: 2 },
    ];
    expect(noise.certifies(bound(q), changes)).toBe(false);
  });
});

describe('copies', () => {
  const key = createKey(5);
  const x = Float32Array.from({ length: 24 }, (_, j) => (j % 3 === 0 ? 1 : 0));

  it('flip a bit where its word is below the probability in 2^32 parts', () => {
    const [addition, deletion] = [0.3, 0.6];
    const out = new Float32Array(10 * 24);
    new BitFlipNoise({ addition, deletion }).fillCopies(out, x, { key, start: 4, dimension: 24 });
    const drawn = new Uint32Array(out.length);
    fillBits(drawn, { key, start: 4, dimension: 24 });
    const expected = Array.from(drawn, (word, at) => {
      const bit = x[at % 24]!;
      return word / 2 ** 32 < (bit === 1 ? deletion : addition) ? 1 - bit : bit;
    });
    expect([...out]).toEqual(expected);
  });

  it('of groups are flipped by the probabilities of each group', () => {
    const groups = [
      { size: 10, addition: 0, deletion: 0.5 },
      { size: 14, addition: 0.4, deletion: 0 },
    ];
    const out = new Float32Array(50 * 24);
    new BitFlipNoise({ groups }).fillCopies(out, x, { key, start: 0, dimension: 24 });
    const drawn = new Uint32Array(out.length);
    fillBits(drawn, { key, start: 0, dimension: 24 });
    out.forEach((bit, at) => {
      const [j, share] = [at % 24, drawn[at]! / 2 ** 32];
      const first = j < 10;
      const expected = x[j] === 1 ? Number(!(first && share < 0.5)) : Number(!first && share < 0.4);
      expect(bit).toBe(expected);
    });
  });
});

describe('BitFlipNoise', () => {
  it('says what it is', () => {
    expect(new BitFlipNoise({ addition: 0.01, deletion: 0.6 })).toMatchObject({
      name: 'bit-flip',
      norms: ['l0'],
      domain: 'binary',
      parameters: { addition: 0.01, deletion: 0.6 },
      assumptions: ['uniform bits', 'deterministic classifier independent of the batch'],
    });
  });

  it.each([
    { addition: 0.01, deletion: 0.6 },
    {
      groups: [
        { size: 3, addition: 0, deletion: 0.6 },
        { size: 4, addition: 0.2, deletion: 0.1 },
      ],
    },
  ])('is made again from its record: %j', (options) => {
    const noise = new BitFlipNoise(options);
    const record = JSON.parse(JSON.stringify({ name: noise.name, parameters: noise.parameters })) as BitFlipNoise;
    const again = noiseOf(record) as Noise;
    expect(again).toBeInstanceOf(BitFlipNoise);
    expect(again).toEqual(noise);
    const x = tf.tensor1d([0, 1, 0, 1, 1, 0, 0]);
    const request = { key: createKey(1), start: 0, count: 20 };
    const [one, other] = [noise.perturb(x, request), again.perturb(x, request)];
    expect(one.dataSync()).toEqual(other.dataSync());
    tf.dispose([x, one, other]);
  });
});
