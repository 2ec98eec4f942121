import { describe, expect, it } from 'vitest';
import { gaussianRegion, GaussianNoise, laplaceRadius, LaplaceNoise, linearRadii, UniformNoise } from 'catrs';
import { clopperPearsonLowerBound, normalCdf } from 'catrs/stats';
import { CoordinateScales } from '../../src/noise/coordinate-scales.ts';
import { scaledLength } from '../../src/noise/scale-factors.ts';
import golden from '../fixtures/families/extended-per-coordinate.json' with { type: 'json' };

/** Fails unless a value is the exact one or below it, by at most this share. */
function expectJustBelow(value: number, exact: string, within = 1e-11): void {
  expect(value).toBeLessThanOrEqual(Number(exact));
  expect(value).toBeGreaterThanOrEqual(Number(exact) * (1 - within));
}

const listOf = (groups: readonly (readonly number[])[]): number[] =>
  groups.flatMap(([sigma = NaN, repeats = 0]) => Array.from({ length: repeats }, () => sigma));

/** Scales that float32 rounds down are certified as it has them: then radii are lower by less than this share. */
const ROUNDING = 2 ** -24 + 1e-11;

describe('scales for each coordinate: golden radii', () => {
  it.each(golden.gaussian)('of Gaussian noise: $sigma, $k of $n', (row) => {
    const sigma = listOf(row.sigma);
    const dimension = sigma.length;
    const noise = new GaussianNoise({ sigma });
    const bound = clopperPearsonLowerBound(row.k, row.n, row.alpha);
    const radius = noise.radius(bound, { norm: 'scaled', dimension });
    expectJustBelow(radius, row.z);
    const within = sigma.some((one) => Math.fround(one) < one) ? ROUNDING : 1e-11;
    for (const norm of ['l2', 'l1', 'linf'] as const) {
      expectJustBelow(noise.radius(bound, { norm, dimension }), row[norm], within);
    }
    for (const norm of ['scaled', 'l2', 'linf'] as const) {
      const own = noise.radius(bound, { norm, dimension });
      const region = gaussianRegion({ radius: own, norm, dimension, noise }, noise);
      expectJustBelow(region.scaled, row.z);
      for (const name of ['l2', 'l1', 'linf', 'meanRadius'] as const) expectJustBelow(region[name], row[name], within);
      // z is rounded down by 1e-13 or so.
      expect(Math.abs(region.lnVolume - Number(row.lnVolume))).toBeLessThan(
        1e-10 + dimension * (within - 1e-11 + 2e-13),
      );
    }
  });

  it.each(golden.gaussian)('of the exact scales, were they drawn so: $sigma, $k of $n', (row) => {
    const scales = new CoordinateScales(listOf(row.sigma), 2);
    const dimension = listOf(row.sigma).length;
    for (const norm of ['l2', 'l1', 'linf'] as const) {
      expectJustBelow(scales.oneScale({ norm, dimension }).scale * Number(row.z) * (1 - 2 ** -50), row[norm]);
    }
  });

  it.each(golden.covers)('of a change: $delta, $sigma', ({ sigma, delta, z, norm, covered }) => {
    const exact = scaledLength(delta, (i) => sigma[i]!, 2);
    expect(exact).toBeGreaterThanOrEqual(norm === null ? Infinity : Number(norm));
    if (norm !== null) expect(exact).toBeLessThanOrEqual(Number(norm) * (1 + 1e-12));
    expect(exact < z).toBe(covered);
    const noise = new GaussianNoise({ sigma });
    expect(noise.scaledNorm(delta) < z).toBe(covered);
    const q = 1 - normalCdf(z);
    expect(noise.covers(delta, { p: 1 - q, q })).toBe(covered);
  });

  it.each(golden.linear)('of a linear map: $S', ({ S, z, l2, l1, linf, linfBound, linfFrobenius }) => {
    const radii = linearRadii(S, z);
    expectJustBelow(radii.l2, l2);
    expectJustBelow(radii.l1, l1);
    expectJustBelow(radii.linf, linf);
    expect(Number(linfBound)).toBeLessThanOrEqual(Number(linf) * (1 + 1e-15));
    expect(radii.linf).toBeLessThan(Number(linfFrobenius));
  });

  it.each(golden.uniform)('of uniform noise: $lambda, p = $p', ({ p, lambda, ...row }) => {
    const noise = new UniformNoise({ halfWidth: lambda });
    const [bound, dimension] = [{ p, q: 1 - p }, lambda.length];
    // 1 - p may be rounded up: the golden radii are those of p alone, and 2^-53 less of it counts where few of it is left.
    const within = 1e-12 + 2 ** -52 / (p - 0.5);
    for (const norm of ['l1', 'l2', 'linf'] as const) {
      expectJustBelow(noise.radius(bound, { norm, dimension }), row[norm], within);
    }
    expect(Number(row.l2Bound)).toBeLessThanOrEqual(Number(row.l2));
    const scaled = noise.radius(bound, { norm: 'scaled', dimension });
    expectJustBelow(scaled, String(2 * p - 1), within);
    // The volume of the cross-polytope of that radius.
    const volume = lambda.reduce((log, one, i) => log + Math.log((2 * one * scaled) / (i + 1)), 0);
    expect(Math.abs(volume - Number(row.lnVolume))).toBeLessThan(1e-10);
  });

  it.each(golden.laplace)('of Laplace noise: $lambda, $k of $n', ({ k, n, alpha, lambda, bound: scaled, ...row }) => {
    const noise = new LaplaceNoise({ scale: lambda });
    const [bound, dimension] = [clopperPearsonLowerBound(k, n, alpha), lambda.length];
    expectJustBelow(noise.radius(bound, { norm: 'scaled', dimension }), scaled);
    for (const norm of ['l1', 'l2', 'linf'] as const) {
      expectJustBelow(noise.radius(bound, { norm, dimension }), row[norm]);
    }
    expect(laplaceRadius(bound, 1, { norm: 'l1', dimension: 1 })).toBe(
      noise.radius(bound, { norm: 'scaled', dimension }),
    );
  });
});

describe('a scale that follows the input', () => {
  it.each(golden.unsound)('certifies an answer that is wrong: B on $intervalsOfB', (row) => {
    const probabilityOfA = (x: number, scale: number): number =>
      row.intervalsOfB.reduce((left, [low = 0, high = 0]) => {
        return left - (normalCdf((high - x) / scale) - normalCdf((low - x) / scale));
      }, 1);
    // "Certified" at 0 with the scale that was chosen there, for a distance that holds the other point.
    const p = probabilityOfA(0, row.scaleHere);
    const claimed = new GaussianNoise({ sigma: row.scaleHere }).radius({ p, q: 1 - p }, { norm: 'l2', dimension: 1 });
    expect(p).toBeCloseTo(Number(row.pHere), 12);
    expectJustBelow(claimed, row.claimed, 1e-9);
    expect(Math.abs(row.other)).toBeLessThan(claimed);
    // There the scale is another, and so is the answer. With one scale the certificate keeps its word.
    const there = probabilityOfA(row.other, row.scaleThere);
    expect(there).toBeCloseTo(Number(row.atOther), 12);
    expect(there).toBeLessThan(0.5);
    expect(probabilityOfA(row.other, row.scaleHere)).toBeGreaterThan(0.5);
  });

  it.each([
    ['GaussianNoise', () => new GaussianNoise({ sigma: ((x: number) => x) as never }), 'sigma'],
    ['LaplaceNoise', () => new LaplaceNoise({ scale: ((x: number) => x) as never }), 'scale'],
    ['UniformNoise', () => new UniformNoise({ halfWidth: ((x: number) => x) as never }), 'halfWidth'],
  ])('is refused by %s, with the reason', (name, make, field) => {
    expect(make).toThrow(
      `${name}: \`${field}\` must not follow the input, as a certificate compares two inputs under one law of noise: choose scales from training data, once for all inputs, got a function`,
    );
  });
});
