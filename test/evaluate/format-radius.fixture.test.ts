import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRadius, formatRounded } from '../../src/evaluate/three-digits.ts';
import { readFixture } from '../helpers/fixtures.ts';

describe('formatRadius', () => {
  it('is the text of the official logs where that is not above the radius, and otherwise one step below it', async () => {
    const { log_radius_format: pairs } = await readFixture<{ log_radius_format: [number, string][] }>('certify.json');
    for (const [radius, official] of pairs) {
      const text = formatRadius(radius);
      if (Number(official) <= radius) expect(text, `radius ${radius}`).toBe(official);
      else expect(Number(official) - Number(text), `radius ${radius}`).toBeCloseTo(unitInLastPlace(Number(text)), 10);
    }
  });

  it.each([
    [1.9057282816949572, '1.9'],
    [0.9528641408474786, '0.952'],
    [0.9999, '0.999'],
    [9.9996e-5, '9.99e-05'],
    [99.96, '99.9'],
    [123.45, '1.23e+02'],
    [100, '1e+02'],
    [99.9, '99.9'],
    [5e-324, '4.94e-324'],
    [Infinity, 'inf'],
  ])('%d is %s', (radius, text) => {
    expect(formatRadius(radius)).toBe(text);
  });

  it('never reads back above the radius, loses less than one unit of the third digit, and looks as Python writes floats', () => {
    const radii = fc.oneof(
      fc.double({ min: Number.MIN_VALUE, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-3, max: 10, noNaN: true }),
      fc.integer({ min: 1, max: 4000 }).map((i) => i * 0.005),
    );
    fc.assert(
      fc.property(radii, (radius) => {
        const text = formatRadius(radius);
        expect(Number(text)).toBeLessThanOrEqual(radius);
        if (radius > 1e-300) expect(radius - Number(text)).toBeLessThan(unitInLastPlace(radius) * (1 + 1e-9));
        expect(text).toMatch(/^(\d{1,2}\.\d+|\d(\.\d{1,2})?e[+-]\d{2,3})$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('formatRounded', () => {
  it('is the text of the official scripts', async () => {
    const { log_radius_format: pairs } = await readFixture<{ log_radius_format: [number, string][] }>('certify.json');
    expect(pairs.length).toBeGreaterThan(40);
    for (const [radius, official] of pairs) expect(formatRounded(radius), `radius ${radius}`).toBe(official);
  });

  // Python: [f'{x:.3}' for x in (...)]; exact binary ties go to the even digit.
  it.each([
    [1.125, '1.12'],
    [1.375, '1.38'],
    [0.06255, '0.0625'],
    [0.0001220703125, '0.000122'],
    [2.5, '2.5'],
    [100.5, '1e+02'],
    [101.5, '1.02e+02'],
    [102.5, '1.02e+02'],
    [5e-324, '4.94e-324'],
    [1e300, '1e+300'],
    [Infinity, 'inf'],
  ])('%d is %s', (value, text) => {
    expect(formatRounded(value)).toBe(text);
  });
});

/** One unit of the third significant digit. */
function unitInLastPlace(value: number): number {
  return 10 ** (Math.floor(Math.log10(value)) - 2);
}
