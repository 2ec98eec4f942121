import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CarResult, main } from '../../examples/certify-regression.ts';
import { FEATURES, loadCars } from '../../examples/regression/cars.ts';

beforeEach(() => void vi.spyOn(console, 'log').mockImplementation(() => undefined));
afterEach(() => void vi.restoreAllMocks());

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');

describe('the consumption of cars', () => {
  it('is read with standardized features', async () => {
    const cars = await loadCars();
    expect(cars).toHaveLength(392);
    for (let k = 0; k < FEATURES; k++) {
      const column = cars.map(({ features }) => features[k]!);
      const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
      expect(mean).toBeCloseTo(0, 9);
      expect(column.reduce((sum, value) => sum + value ** 2, 0) / column.length).toBeCloseTo(1, 9);
      expect(Math.max(...column.map(Math.abs))).toBeLessThan(5);
    }
  });

  it('is learned, and certified by intervals that grow with the radius around the prediction', async () => {
    const results = await main({ fast: true });
    expect(results).toHaveLength(10);
    for (const { predicted, within } of results) {
      let [low, high] = [predicted + 0.5, predicted - 0.5]; // two samples know the median that well
      for (const { lower, upper } of within) {
        expect(lower!).toBeLessThanOrEqual(low);
        expect(upper!).toBeGreaterThanOrEqual(high);
        [low, high] = [lower!, upper!];
      }
    }
  });

  it('is told in the guide as the saved results have it', () => {
    const page = read('guide/regression.md');
    const { error, figures, results } = JSON.parse(read('results/regression/results.json')) as {
      readonly error: number;
      readonly figures: readonly { radius: number; meanWidth: number; coverage: number; within5: number }[];
      readonly results: readonly CarResult[];
    };
    for (const { radius, meanWidth, coverage, within5 } of figures) {
      const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
      const row = page.split('\n').find((line) => line.startsWith(`| ${radius} standard deviations`)) ?? '';
      const cells = row.split('|').map((cell) => cell.trim());
      expect(cells.slice(2, 5)).toEqual([
        `${meanWidth.toFixed(1)} mpg`,
        percent(coverage),
        `${percent(within5)} of the cars`,
      ]);
      const widths = results
        .map(({ within }) => within.find((one) => one.radius === radius)!)
        .map((w) => w.upper! - w.lower!);
      expect(widths.reduce((sum, width) => sum + width, 0) / widths.length).toBeCloseTo(meanWidth, 9);
    }
    expect(page).toContain(`miss the truth by ${error.toFixed(1)} mpg on average`);
  });
});
