import { describe, it } from 'vitest';
import { certifyCounts, predictCounts } from '../../src/certify/counts.ts';
import { OptionError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { expectError } from '../helpers/errors.ts';

const good = {
  countsSelection: [1, 9],
  counts: [5, 95],
  n: 100,
  alpha: 0.001,
  noise: new GaussianNoise({ sigma: 0.5 }),
  norm: 'l2',
  dimension: 4,
} as const;

describe('certifyCounts refuses', () => {
  it.each([
    [{ alpha: 0.5 }, '`alpha` must be in (0, 1/2), got 0.5'],
    [{ alpha: undefined }, '`alpha` must be in (0, 1/2), got undefined'],
    [{ n: 0 }, '`n` must be an integer of at least 1, got 0'],
    [{ n: 99 }, '`counts` must have a sum of at most n = 99, got 100'],
    [
      { counts: [5, 95.5] },
      '`counts` must be a list of votes per class, whole numbers of at least 0 for at least 2 classes, got [5, 95.5]',
    ],
    [
      { countsSelection: [] },
      '`countsSelection` must be a list of votes per class, whole numbers of at least 0 for at least 2 classes, got []',
    ],
    [{ countsSelection: [1, 9, 0] }, '`countsSelection` must have as many classes as `counts` (2), got 3'],
    [{ norm: 'l3' }, "`norm` must be 'l1', 'l2', 'linf', 'l0', 'patch', 'edit', 'parameter' or 'scaled', got \"l3\""],
    [{ noise: 0.5 }, '`noise` must be a noise (for example new GaussianNoise({ sigma: 0.25 })), got 0.5'],
    [
      { sigma: 0.5 },
      'unknown option `sigma`; known options: `countsSelection`, `counts`, `n`, `alpha`, `noise`, `norm`, `dimension`',
    ],
  ])('%o', (change, text) =>
    expectError(() => certifyCounts({ ...good, ...change } as never), OptionError, `certifyCounts: ${text}`),
  );
});

describe('predictCounts refuses', () => {
  it.each([
    [{ alpha: 0 }, '`alpha` must be in (0, 1], got 0'],
    [{ alpha: 1.5 }, '`alpha` must be in (0, 1], got 1.5'],
    [{ alpha: undefined }, '`alpha` must be in (0, 1], got undefined'],
    [{ alpha: Number.NaN }, '`alpha` must be in (0, 1], got NaN'],
    [
      { counts: [10, -1] },
      '`counts` must be a list of votes per class, whole numbers of at least 0 for at least 2 classes, got [10, -1]',
    ],
    [{ n: 9 }, '`counts` must have a sum of at most n = 9, got 10'],
    [{ n: -1 }, '`n` must be an integer of at least 0, got -1'],
    [{ n: 10.5 }, '`n` must be an integer of at least 0, got 10.5'],
    [{ n: undefined }, '`n` must be an integer of at least 0, got undefined'],
    [{ missing: 1 }, 'unknown option `missing`; known options: `counts`, `n`, `alpha`'],
  ])('%o', (change, text) =>
    expectError(
      () => predictCounts({ counts: [10, 0], n: 10, alpha: 0.1, ...change } as never),
      OptionError,
      `predictCounts: ${text}`,
    ),
  );
});
