import { expect, test } from 'vitest';
import { GaussianNoise, labelRadii, type Noise } from 'catrs';
import { clopperPearsonUpperBound } from '../../../src/stats/index.ts';
import { goldenFamily } from '../../noise/golden-family.ts';

interface Golden {
  readonly radii: readonly {
    readonly counts: readonly number[];
    readonly n: number;
    readonly targets: readonly number[];
    readonly k: number;
    readonly alpha: number;
    readonly label: number;
    readonly lower: string;
    readonly kthLargestOfOthers: number;
    readonly upper: string;
    readonly radiusOverSigma: string | number;
  }[];
  readonly kth: readonly {
    readonly counts: readonly number[];
    readonly n: number;
    readonly k: number;
    readonly alpha: number;
    readonly kthLargest: number;
    readonly upper: string;
  }[];
}

const golden = goldenFamily<Golden>('outputs-multilabel');
const gaussian = new GaussianNoise({ sigma: 1 });
/** A noise that knows no more than its shift. */
const shiftOnly: Noise = {
  name: 'shift-only',
  parameters: {},
  norms: ['l2'],
  domain: 'real',
  perturb: (x, request) => gaussian.perturb(x, request),
  radius: (bound, request) => gaussian.radius(bound, request),
  shiftDown: (bound, radius, request) => gaussian.shiftDown(bound, radius, request),
};

test.for(golden.radii.map((row, i) => [i, row] as const))(
  'row %i of radii: bounds, and the radius by the noise and by its shift alone',
  ([, row]) => {
    const { counts, n, targets, k, alpha, label } = row;
    const request = { counts, n, targets, k, alpha, norm: 'l2', dimension: 4 } as const;
    const exact = Number(row.radiusOverSigma);
    for (const [noise, tolerance] of [
      [gaussian, 1e-12],
      [shiftOnly, 2e-12],
    ] as const) {
      const found = labelRadii({ ...request, noise }).find((one) => one.label === label)!;
      expect(found.kthCount).toBe(row.kthLargestOfOthers);
      expect(found.count).toBe(counts[label]);
      expect(Number(row.lower) - found.lower).toBeGreaterThanOrEqual(0);
      expect(Number(row.lower) - found.lower).toBeLessThan(1e-11);
      expect(found.upper - Number(row.upper)).toBeGreaterThanOrEqual(0);
      expect(found.upper - Number(row.upper)).toBeLessThan(1e-11);
      expect(found.abstained).toBe(exact === 0);
      // The bounds are good to 2e-11 relative, which the quantiles turn into as much of the radius.
      expect(exact - found.radius).toBeGreaterThanOrEqual(0);
      expect(exact - found.radius).toBeLessThan(1e-11 + tolerance);
    }
  },
);

test.for(golden.kth.map((row, i) => [i, row] as const))('row %i of upper bounds on the k-th largest', ([, row]) => {
  const { counts, n, k, alpha, kthLargest, upper } = row;
  expect([...counts].sort((a, b) => b - a)[k - 1]).toBe(kthLargest);
  const bound = clopperPearsonUpperBound(kthLargest, n, alpha / k).p;
  expect(bound - Number(upper)).toBeGreaterThanOrEqual(0);
  expect(bound - Number(upper)).toBeLessThan(1e-11);
  // As the others of one more label, which is the only target.
  if (k > counts.length) return;
  const request = { counts: [n, ...counts], n, targets: [0], k, alpha: 2 * alpha, noise: gaussian } as const;
  const [found] = labelRadii({ ...request, norm: 'l2', dimension: 4 });
  expect(found).toMatchObject({ label: 0, kthCount: kthLargest, upper: bound });
});

test('the golden rows are all there', () => expect([golden.radii.length, golden.kth.length]).toEqual([17, 10]));
