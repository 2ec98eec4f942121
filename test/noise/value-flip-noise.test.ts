import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { OptionError, TensorError } from '../../src/errors.ts';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { isProven, valueRegions } from '../../src/noise/bit-flip-radius.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import { ValueFlipNoise } from '../../src/noise/value-flip-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { fillBits } from '../../src/random/fill-bits.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { expectError } from '../helpers/errors.ts';
import { boundOfQ, goldenFamily } from './golden-family.ts';

interface Row {
  readonly otherValues: number;
  readonly keep: string;
  readonly q: string;
  readonly radius: number;
}

const golden = goldenFamily<{ readonly manyValues: readonly Row[] }>('discrete-sparse').manyValues;
const bound = (q: number): { p: number; q: number } => ({ p: 1 - q, q });
const l0 = (dimension: number): { norm: 'l0'; dimension: number } => ({ norm: 'l0', dimension });
const keepOf = ({ keep }: Row): number => {
  const [above, below] = keep.split('/').map(Number) as [number, number];
  return above / below;
};

describe('ValueFlipNoise', () => {
  it.each(golden)('reproduces the golden row: $otherValues other values, kept $keep, q = $q: radius $radius', (row) => {
    const noise = new ValueFlipNoise({ values: row.otherValues + 1, keep: keepOf(row) });
    expect(noise.radius(boundOfQ(row.q), l0(10_000))).toBe(row.radius);
    for (let r = 0; r <= row.radius + 2; r++) expect(noise.certifies(boundOfQ(row.q), r)).toBe(r <= row.radius);
  });

  it('certifies what exact fractions do, with one bound and with two', () => {
    for (const [values, keep] of [
      [2, 0.8],
      [3, 0.5],
      [10, 0.5],
      [256, 0.2],
      [65_536, 0.01],
      [2, 0.2],
      [5, 0.05],
    ] as const) {
      const noise = new ValueFlipNoise({ values, keep });
      const share = Math.round((2 ** 32 * (1 - keep)) / (values - 1));
      const kept = BigInt(2 ** 32 - share * (values - 1));
      for (let changed = 0; changed <= 9; changed++) {
        const regions = valueRegions(kept, 2n ** 32n, values - 1, changed);
        for (const q of [0.6, 0.5, 0.4, 0.1, 0.01, 1e-5, 1e-10]) {
          expect(noise.certifies(bound(q), changed)).toBe(isProven(regions, bound(q)));
          for (const other of [0.3, 0.001]) {
            const upper = { p: other, q: 1 - other };
            expect(noise.certifies(bound(q), changed, upper)).toBe(isProven(regions, bound(q), [upper]));
          }
        }
      }
    }
  });

  it('of two values is BitFlipNoise with equal probabilities', () => {
    for (const flip of [0.05, 0.125, 0.2, 0.4]) {
      const values = new ValueFlipNoise({ values: 2, keep: 1 - flip });
      const bits = new BitFlipNoise({ addition: flip, deletion: flip });
      for (const q of [0.6, 0.4, 0.1, 0.01, 1e-4, 1e-8]) {
        expect(values.radius(bound(q), l0(784))).toBe(bits.radius(bound(q), l0(784)));
        const others = [{ p: 0.02, q: 0.98 }];
        const against = values.radiusAgainst(bound(q), others, 1, l0(784));
        expect(against).toBe(bits.radiusAgainst(bound(q), others, 1, l0(784)));
      }
    }
  });

  it('reaches further the more is kept out of few values, and never beyond the positions', () => {
    const radius = (keep: number): number => new ValueFlipNoise({ values: 16, keep }).radius(bound(1e-4), l0(784));
    const radii = [0.9, 0.7, 0.5, 0.3, 0.2].map(radius);
    expect(radii).toEqual([...radii].sort((a, b) => a - b));
    expect(new Set(radii).size).toBeGreaterThan(2);
    expect(new ValueFlipNoise({ values: 16, keep: 0.2 }).radius(bound(1e-4), l0(2))).toBe(2);
    expect(new ValueFlipNoise({ values: 16, keep: 0.2 }).radius(bound(0.5), l0(2))).toBe(-1);
  });

  it('keeps a value by its word, and else takes each other value by a share of the words', () => {
    const noise = new ValueFlipNoise({ values: 5, keep: 0.4 });
    const x = Float32Array.of(0, 1, 2, 3, 4, 4, 0);
    const request = { key: createKey(3), start: 2, dimension: 7 };
    const out = new Float32Array(7 * 200);
    noise.fillCopies(out, x, request);
    const words = new Uint32Array(out.length);
    fillBits(words, request);
    const share = Math.round((2 ** 32 * 0.6) / 4);
    const kept = 2 ** 32 - 4 * share;
    const expected = Array.from(words, (word, at) => {
      const value = x[at % 7]!;
      const others = [0, 1, 2, 3, 4].filter((other) => other !== value);
      return word < kept ? value : others[Math.floor((word - kept) / share)]!;
    });
    expect([...out]).toEqual(expected);
    expect(new Set(out)).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  it('says what it is, and is made again from its record', () => {
    const noise = new ValueFlipNoise({ values: 256, keep: 0.2 });
    expect(noise).toMatchObject({
      name: 'value-flip',
      norms: ['l0'],
      domain: 'tokens',
      parameters: { values: 256, keep: 0.2 },
      assumptions: ['uniform bits', 'deterministic classifier independent of the batch'],
    });
    const { name, parameters } = JSON.parse(JSON.stringify(noise)) as ValueFlipNoise;
    expect(noiseOf({ name, parameters })).toEqual(noise);
  });

  const values = 'must be an integer from 2 to 65536 (2^16), got';
  it.each([
    [{ values: 1, keep: 0.5 }, `\`values\` ${values} 1`],
    [{ values: 2.5, keep: 0.5 }, `\`values\` ${values} 2.5`],
    [{ keep: 0.5 }, `\`values\` ${values} undefined`],
    [{ values: 2, keep: 1 }, '`keep` must be in (0, 1), got 1'],
    [
      { values: 4, keep: 0.25 },
      '`keep` must be other than 1 / `values` = 1/4, got 0.25 (there a copy says nothing of the value)',
    ],
    [
      { values: 7, keep: 1e-10 },
      '`keep` must be other than 1 / `values` = 1/7, got 1e-10 (so small a probability is none of 32-bit words)',
    ],
    [{ values: 2, keep: 0.8, flip: 0.2 }, 'unknown option `flip`; known options: `values`, `keep`'],
  ])('refuses %j', (options, text) =>
    expectError(() => new ValueFlipNoise(options as never), OptionError, `ValueFlipNoise: ${text}`),
  );

  it('refuses other values, norms, numbers of changes and ranks', async () => {
    const noise = new ValueFlipNoise({ values: 5, keep: 0.4 });
    const request = { key: createKey(3), start: 0, dimension: 2 };
    for (const wrong of [5, -1, 0.5, NaN]) {
      await expectError(
        () => noise.fillCopies(new Float32Array(2), Float32Array.of(0, wrong), request),
        TensorError,
        `ValueFlipNoise.fillCopies: \`x\` must hold whole numbers from 0 to 4, the \`values\` of the noise, got ${wrong}`,
      );
    }
    const g = new SmoothedClassifier((x) => tf.zeros([x.shape[0], 2]), { noise, numClasses: 2 });
    const x = tf.tensor1d([0, 5]);
    await expectError(
      () => g.certify(x, { key: createKey(0), n: 100, alpha: 0.01 }),
      TensorError,
      'SmoothedClassifier.certify: `x` must hold whole numbers from 0 to 4, the `values` of the noise, got 5',
    );
    x.dispose();
    await expectError(
      () => noise.radius(bound(0.1), { norm: 'l2', dimension: 2 }),
      OptionError,
      'ValueFlipNoise.radius: `norm` must be one that the noise certifies (l0), got "l2"',
    );
    await expectError(
      () => noise.certifies(bound(0.1), 1025),
      OptionError,
      'ValueFlipNoise.certifies: `changed` must be an integer from 0 to 1024, got 1025',
    );
    await expectError(
      () => noise.radiusAgainst(bound(0.1), [bound(0.1), bound(0.1)], 2, l0(2)),
      OptionError,
      'ValueFlipNoise.radiusAgainst: `k` must be 1, got 2 (for the most probable class take fixedSample or topTwo; for the k most probable ones AblationNoise)',
    );
  });
});
