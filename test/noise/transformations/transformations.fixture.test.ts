import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  BlurNoise,
  blurRadius,
  brightnessWithin,
  ChainNoise,
  cosineBlur,
  coversChain,
  coversLight,
  LightNoise,
  ShiftNoise,
} from 'catrs';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from 'catrs/stats';
import { contrastShift } from '../../../src/noise/transformations/light-noise.ts';
import golden from '../../fixtures/families/extended-transformations.json' with { type: 'json' };
import { useBackend } from '../../helpers/backends.ts';

beforeAll(() => useBackend('cpu'));

const pair = (p: number): { p: number; q: number } => ({ p, q: 1 - p });

/** Fails unless a value is the exact one or below it, by at most this share. */
function expectJustBelow(value: number, exact: string, within = 1e-11): void {
  expect(value).toBeLessThanOrEqual(Number(exact));
  expect(value).toBeGreaterThanOrEqual(Number(exact) * (1 - within));
}

describe('radii of transformations', () => {
  it.each(golden.blur.filter(({ kB }) => kB === undefined))('of blur are the golden ones: $k of $n, $scale', (row) => {
    const { k, n, alpha = NaN, scale, exponential, uniform = '', folded = '' } = row;
    const bound = clopperPearsonLowerBound(k, n, alpha);
    expectJustBelow(blurRadius(bound, scale), exponential, 1e-10);
    expectJustBelow(blurRadius(bound, scale, 'uniform'), uniform, 1e-10);
    expectJustBelow(blurRadius(bound, scale, 'folded-normal'), folded, 1e-10);
  });

  it.each(golden.blur.filter(({ kB }) => kB !== undefined))('of blur against another class: $k, $kB of $n', (row) => {
    const { k, kB = NaN, n, alphaEach = NaN, scale, exponential } = row;
    const other = clopperPearsonUpperBound(kB, n, alphaEach);
    const noise = new BlurNoise({ mean: scale });
    expectJustBelow(noise.radiusAgainst(clopperPearsonLowerBound(k, n, alphaEach), [other], 1), exponential, 1e-10);
  });

  it.each(golden.additive)(
    'of one parameter are the golden ones: $k of $n, $s',
    ({ k, n, alpha, s, radius, low, high }) => {
      const bound = clopperPearsonLowerBound(k, n, alpha);
      const contrast = new LightNoise({ contrast: s, brightness: 0 });
      const own = contrast.radius(bound);
      expectJustBelow(own, radius);
      expectJustBelow(new LightNoise({ contrast: 0, brightness: s }).radius(bound), radius);
      expectJustBelow(Math.exp(own), high);
      if (own === 0) return;
      for (const [factor, inside] of [
        [Number(high), 1 - 1e-9],
        [Number(low), 1 + 1e-9],
      ] as const) {
        expect(contrast.covers(bound, { factor: factor * inside })).toBe(true);
        expect(contrast.covers(bound, { factor: factor / inside })).toBe(false);
      }
    },
  );

  it.each(golden.brightnessContrast)('of light are the golden ones: p $p, k $k, $sigmaK, $sigmaB', (row) => {
    const scales = { contrast: row.sigmaK, brightness: row.sigmaB };
    const left = contrastShift(pair(row.p), row.k);
    expectJustBelow(left.p, row.pScaled, 1e-11);
    const most = Number(row.bMax);
    const covers = (shift: number): boolean => coversLight(pair(row.p), scales, { factor: Math.exp(row.k), shift });
    if (most > 0) expect([covers(most * (1 - 1e-9)), covers(-most * (1 - 1e-9))]).toEqual([true, true]);
    expect([covers(most * (1 + 1e-9) + 1e-12), covers(-most * (1 + 1e-9) - 1e-12)]).toEqual([false, false]);
    if (row.tight !== undefined) expect(most).toBeLessThanOrEqual(row.tight * (1 + 1e-7));
  });

  it.each(golden.brightnessContrastSet)('of all factors from e^$kLow to e^$kHigh are the golden ones', (row) => {
    const scales = { contrast: row.sigmaK, brightness: row.sigmaB };
    const factors = [Math.exp(row.kLow), Math.exp(row.kHigh)] as const;
    const most = brightnessWithin(pair(row.p), scales, factors);
    expectJustBelow(most, row.bound, 1e-9);
    for (let step = 0; step <= 20; step++) {
      const factor = Math.exp(row.kLow + ((row.kHigh - row.kLow) * step) / 20);
      if (most > 0) expect(coversLight(pair(row.p), scales, { factor, shift: most * (1 - 1e-9) })).toBe(true);
    }
  });

  it.each(golden.joint)('of shifts and pixels are the golden ones: $t, $delta', (row) => {
    const noise = new ShiftNoise({ sigma: row.sigmaT, pixelSigma: row.sigma });
    const change = { shift: row.t as [number, number], l2: row.delta };
    expect(noise.share(change)).toBeGreaterThanOrEqual(Number(row.value));
    expect(noise.share(change)).toBeLessThan(Number(row.value) * (1 + 1e-6) + 1e-300);
    expect(noise.covers(pair(row.p), change)).toBe(row.covered);
  });

  it.each(golden.chain)('of chains are the golden ones: blur $alpha, k $k, b $b, $t', (row) => {
    const noises = {
      blur: new BlurNoise({ mean: row.lambda }),
      light: new LightNoise({ contrast: row.sigmaK, brightness: row.sigmaB }),
      shift: new ShiftNoise({ sigma: row.sigmaT }),
    };
    const change = { variance: row.alpha, factor: Math.exp(row.k), shift: row.b };
    const move = { shift: row.t as [number, number] };
    expect(coversChain(pair(row.p), noises, { ...change, move })).toBe(row.covered);
    const chain = new ChainNoise({ blur: row.lambda, contrast: row.sigmaK, brightness: row.sigmaB });
    if (row.covered) expect(chain.covers(pair(row.p), change)).toBe(true);
  });
});

describe('the blur that composes', () => {
  it.each(golden.cosineBlur)('gives the golden row for variance $beta', async ({ x, beta, y }) => {
    const row = tf.tensor2d([x]);
    const blurred = cosineBlur(row, beta);
    const values = await blurred.data();
    tf.dispose([row, blurred]);
    y.forEach((exact, i) => expect(Math.abs(values[i]! - Number(exact))).toBeLessThan(2e-6));
  });

  it('does, and kernels that are cut off do not', async () => {
    for (const { a, b, difference } of golden.sampledKernels) {
      const x = tf.randomUniform([9, 7, 2], 0, 1, 'float32', 3);
      const [twice, once] = tf.tidy(() => [cosineBlur(cosineBlur(x, a), b), cosineBlur(x, a + b)] as const);
      const [one, other] = [await twice.data(), await once.data()];
      tf.dispose([x, twice, once]);
      one.forEach((value, i) => expect(Math.abs(value - other[i]!)).toBeLessThan(2e-6));
      expect(sampledDifference(a, b)).toBeCloseTo(difference, 8);
    }
  });
});

/** Total difference of a kernel of variance a, sampled and cut at four deviations, after one of variance b, to that of a + b. */
function sampledDifference(a: number, b: number): number {
  const kernel = (variance: number): Map<number, number> => {
    const reach = Math.round(4 * Math.sqrt(variance));
    const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * variance)));
    const sum = weights.reduce((x, y) => x + y, 0);
    return new Map(weights.map((weight, i) => [i - reach, weight / sum]));
  };
  const both = new Map<number, number>();
  for (const [i, one] of kernel(a)) {
    for (const [j, other] of kernel(b)) both.set(i + j, (both.get(i + j) ?? 0) + one * other);
  }
  const whole = kernel(a + b);
  const places = new Set([...both.keys(), ...whole.keys()]);
  return [...places].reduce((sum, at) => sum + Math.abs((both.get(at) ?? 0) - (whole.get(at) ?? 0)), 0);
}
