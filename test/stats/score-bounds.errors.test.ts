import { describe, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { dkwScoreBound, thresholdScoreBound } from '../../src/stats/index.ts';
import { expectError } from '../helpers/errors.ts';

const shift = (p: { readonly p: number; readonly q: number }): typeof p => p;

describe('thresholdScoreBound refuses', () => {
  it.each<[string, readonly number[], readonly number[], object, string]>([
    ['a wrong n', [0.5], [1], { n: 1.5 }, '`n` must be an integer in [0, 1e12], got 1.5'],
    ['a wrong alpha', [0.5], [1], { alpha: 1 }, '`alpha` must be in (0, 1), got 1'],
    [
      'a wrong range',
      [0.5],
      [1],
      { range: [1, 0] },
      '`range` must be [low, high], two finite numbers with low < high, got [1, 0]',
    ],
    [
      'falling thresholds',
      [0.5, 0.4],
      [1, 1],
      {},
      '`thresholds` must ascend within the range (low, high] of the scores, got [0.5,0.4]',
    ],
    [
      'thresholds outside',
      [0.5, 1.4],
      [1, 1],
      {},
      '`thresholds` must ascend within the range (low, high] of the scores, got [0.5,1.4]',
    ],
    [
      'thresholds outside above',
      [-0.5, 0.4],
      [1, 1],
      { side: 'upper' },
      '`thresholds` must ascend within the range [low, high) of the scores, got [-0.5,0.4]',
    ],
    [
      'rising counts',
      [0.5, 0.6],
      [1, 2],
      {},
      '`counts` must be 2 whole numbers from 0 to n = 10, none larger than one of fewer scores, got [1,2]',
    ],
    [
      'falling counts above',
      [0.5, 0.6],
      [2, 1],
      { side: 'upper' },
      '`counts` must be 2 whole numbers from 0 to n = 10, none larger than one of fewer scores, got [2,1]',
    ],
    [
      'too many',
      [0.5],
      [11],
      {},
      '`counts` must be 1 whole numbers from 0 to n = 10, none larger than one of fewer scores, got [11]',
    ],
    [
      'missing counts',
      [0.5],
      [],
      {},
      '`counts` must be 1 whole numbers from 0 to n = 10, none larger than one of fewer scores, got []',
    ],
  ])('%s', async (_, thresholds, counts, more, text) => {
    const request = { n: 10, alpha: 0.05, shift, ...more };
    await expectError(
      () => thresholdScoreBound(thresholds, counts, request),
      OptionError,
      `thresholdScoreBound: ${text}`,
    );
  });
});

describe('dkwScoreBound refuses', () => {
  it.each<[string, readonly number[], object, string]>([
    ['an alpha above one half', [0.5], { alpha: 0.6 }, '`alpha` must be in (0, 1/2], got 0.6'],
    ['scores outside', [0.5, 2], {}, '`scores` must lie in the range [0, 1], got [0.5,2]'],
    ['NaN', [NaN], {}, '`scores` must lie in the range [0, 1], got [null]'],
    ['too many', [0.5, 0.6], { n: 1 }, '`scores` must be at most n = 1, got 2'],
  ])('%s', async (_, scores, more, text) => {
    await expectError(
      () => dkwScoreBound(scores, { n: 10, alpha: 0.05, shift, ...more }),
      OptionError,
      `dkwScoreBound: ${text}`,
    );
  });
});
