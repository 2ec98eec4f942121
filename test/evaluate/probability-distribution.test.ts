import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { certifiedAccuracy } from '../../src/evaluate/metrics.ts';
import type { LoggedRow } from '../../src/evaluate/rows.ts';
import { probabilityDistribution } from '../../src/evaluate/probability-distribution.ts';
import { normalCdf } from '../../src/stats/normal.ts';
import { expectError } from '../helpers/errors.ts';
import { readPublishedRows } from './published-logs.ts';
import { abstention, certificate, loggedRow, row, wrongAnswer } from './rows.ts';

const withVotes = (nA: number, nUsed: number, pABar: number): LoggedRow =>
  loggedRow({ certificate: certificate({ nA, nUsed, pABar }) });
const rows = [
  withVotes(95, 100, 0.86),
  withVotes(80, 100, 0.67),
  withVotes(100, 100, 0.93),
  loggedRow({ ...wrongAnswer(1), certificate: certificate({ nA: 100, nUsed: 100, pABar: 0.93 }) }),
  loggedRow({ ...abstention, certificate: certificate({ nA: 60, nUsed: 100, pABar: 0.44 }) }),
];
const shares = (...given: Parameters<typeof probabilityDistribution>): number[] =>
  probabilityDistribution(...given).map(({ share }) => share);

describe('probabilityDistribution', () => {
  it('counts correct images whose probability is at least x: the lower bound, or the share of votes', () => {
    const grid = [0.5, 0.67, 0.8, 0.86, 0.93, 0.95, 1];
    expect(shares(rows, { grid })).toEqual([3 / 5, 3 / 5, 2 / 5, 2 / 5, 1 / 5, 0, 0]);
    expect(shares(rows, { grid, bound: 'estimate' })).toEqual([3 / 5, 3 / 5, 3 / 5, 2 / 5, 2 / 5, 2 / 5, 1 / 5]);
  });

  it('goes from 0.500 to 1.000 in steps of 0.001, starts at the accuracy at radius 0 and never rises', () => {
    const points = probabilityDistribution(rows);
    expect(points).toHaveLength(501);
    expect([points[0], points[100]?.probability, points[500]?.probability]).toEqual([
      { probability: 0.5, share: certifiedAccuracy(rows, [0])[0] },
      0.6,
      1,
    ]);
    points.forEach(({ share }, i) => expect(share).toBeLessThanOrEqual(points[i - 1]?.share ?? 1));
  });

  it('takes the mean score of a soft certificate', () => {
    const soft = certificate({ smoothing: 'soft', nA: 0, nUsed: 100, scores: { sum: 90, sumOfSquares: 85 } });
    expect(shares([loggedRow({ certificate: soft })], { bound: 'estimate', grid: [0.9, 0.91] })).toEqual([1, 0]);
  });

  it('takes the probability of a published row from its radius, and gives every point its radius', () => {
    const [half, middle, one] = probabilityDistribution([row(0.25)], { sigma: 0.25, grid: [0.5, normalCdf(1), 1] });
    expect([half!.share, middle!.share, one!.share]).toEqual([1, 1, 0]);
    expect([half!.radius, one!.radius]).toEqual([0, Infinity]);
    expect(middle!.radius).toBeCloseTo(0.25, 12);
  });

  it('of a published log is its curve of certified accuracy on another axis', async () => {
    const published = await readPublishedRows('logs/cifar10/cat-rs__0.25.tsv.gz');
    const points = probabilityDistribution(published, { sigma: 0.25 });
    // Radii between two that three digits can write: there the order cannot depend on rounding.
    const radii = points.map(({ radius }) => Math.floor(radius! * 1e4) / 1e4 + 5e-5);
    const grid = radii.map((radius) => normalCdf(radius / 0.25));
    expect(shares(published, { sigma: 0.25, grid })).toEqual(certifiedAccuracy(published, radii));
    expect(points.find(({ probability }) => probability === 0.9)!.share).toBe(0.6549);
  });
});

describe('probabilityDistribution: errors', () => {
  const CALL = 'probabilityDistribution:';
  const grid = '`grid` must be numbers in [0, 1], ascending, got';
  it.each([
    [[row(1)], {}, '`sigma` must be given for rows without certificate, got undefined'],
    [
      [...rows, row(1)],
      { bound: 'estimate' },
      "`rows` must have certificates for `bound` 'estimate', got none in row 5",
    ],
    [rows, { bound: 'upper' }, "`bound` must be 'lower' or 'estimate', got \"upper\""],
    [rows, { grid: [] }, `${grid} []`],
    [rows, { grid: [0.5, 0.4] }, `${grid} [0.5, 0.4]`],
    [rows, { grid: [0.5, 1.1] }, `${grid} [0.5, 1.1]`],
    [rows, { grid: [NaN] }, `${grid} [NaN]`],
    [rows, { sigma: 0 }, '`sigma` must be a finite number greater than 0, got 0'],
    [rows, { axis: 'radius' }, 'unknown option `axis`; known options: `bound`, `grid`, `sigma`'],
    [[], {}, '`rows` must be an array of at least one row, got []'],
    [[row(-1)], {}, '`rows` must have radii of at least 0, got -1 in row 0'],
  ])('case %#', async (given, options, message) => {
    await expectError(() => probabilityDistribution(given, options as never), OptionError, `${CALL} ${message}`);
  });
});
