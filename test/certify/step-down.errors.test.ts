import { describe, it } from 'vitest';
import { OptionError, stepDown, type CountHistogram } from '../../src/index.ts';
import { expectError } from '../helpers/errors.ts';

const settings = { n: 100, tau: 0.75, alpha: 0.001 };

describe('stepDown', () => {
  it.each([
    { name: 'tau', options: { ...settings, tau: 1 }, text: '`tau` must be in [1/2, 1), got 1' },
    { name: 'alpha', options: { ...settings, alpha: 0.5 }, text: '`alpha` must be in (0, 1/2), got 0.5' },
    { name: 'n', options: { ...settings, n: 0 }, text: '`n` must be an integer from 1 to 1073741824 (2^30), got 0' },
    {
      name: 'n too small',
      options: { ...settings, n: 10 },
      text: '`n` must be at least 33 for 10 components at tau = 0.75 and alpha = 0.001, got 10 (with fewer draws even unanimous votes certify nothing)',
    },
    {
      name: 'allowed errors',
      options: { ...settings, correction: 'k-fwer', allowedErrors: 10 } as const,
      text: '`allowedErrors` must be at most 9, one less than there are components, got 10',
    },
    {
      name: 'allowed errors without a correction that allows some',
      options: { ...settings, allowedErrors: 1 },
      text: "`allowedErrors` must be 0 with 'holm', got 1 (correction: 'k-fwer' allows some)",
    },
  ])('refuses $name', async ({ options, text }) => {
    await expectError(() => stepDown([[10, 10]], options), OptionError, `stepDown: ${text}`);
  });

  it.each([
    [
      [
        [10, 1],
        [10, 1],
      ],
      'a count twice',
    ],
    [[[101, 1]], 'more than n'],
    [[[1.5, 1]], 'no integer'],
    [[[1, 1, 1]], 'a triple'],
  ] as unknown as readonly [CountHistogram, string][])('refuses %j: %s', async (histogram) => {
    const got = histogram.length === 1 ? `[[${histogram[0]!.join(', ')}]]` : '[[10, 1], [10, 1]]';
    await expectError(
      () => stepDown(histogram, settings),
      OptionError,
      `stepDown: \`histogram\` must be pairs [count, components], each count once and an integer from 0 to n = 100, got ${got}`,
    );
  });
});
