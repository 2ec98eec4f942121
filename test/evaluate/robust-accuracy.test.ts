import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { brokenCertificates, empiricalRobustAccuracy } from '../../src/evaluate/attacked-metrics.ts';
import { expectError } from '../helpers/errors.ts';
import { abstention, certificate, row } from './rows.ts';

describe('empiricalRobustAccuracy', () => {
  it.each([
    [[false], 1],
    [[true], 0],
    [[true, false, false, false], 0.75],
  ])('of %o is %d', (broken, accuracy) => {
    expect(empiricalRobustAccuracy(broken.map((one) => ({ broken: one })))).toBe(accuracy);
  });
});

it('empiricalRobustAccuracy counts the rows of one epsilon only', async () => {
  const rows = [0.25, 0.5, 0.25].map((epsilon, i) => ({ broken: i === 0, epsilon }));
  expect(empiricalRobustAccuracy(rows.filter(({ epsilon }) => epsilon === 0.25))).toBe(0.5);
  await expectError(
    () => empiricalRobustAccuracy(rows),
    OptionError,
    'empiricalRobustAccuracy: `rows` must be of one `epsilon`, got 0.25 and 0.5 (filter them by `epsilon`)',
  );
});

describe('brokenCertificates', () => {
  const attacked = { index: 0, predicted: 2, abstained: false, distance: 0.4, norm: 'l2' } as const;

  it('finds the images that answer otherwise within their radius', () => {
    const certified = [row(0.5), row(0.5, { index: 7 }), row(0.3, { index: 9 })];
    const rows = [attacked, { ...attacked, index: 7, predicted: 1 }, { ...attacked, index: 9 }];
    expect(brokenCertificates(certified, rows)).toEqual([attacked]);
  });

  it.each([
    ['at the radius itself: the ball is open', row(0.4), attacked],
    ['an abstention under attack', row(0.5), { ...attacked, predicted: -1, abstained: true }],
    ['an abstention of the certifier', abstention, attacked],
    ['an image without certificate', row(0.5, { index: 1 }), attacked],
    ['a wrong class that keeps its ball', row(0.5, { predicted: 2, correct: false }), attacked],
    ['the rank of a class', { ...row(0.5), certificate: certificate({ topK: 2 }) }, attacked],
  ])('passes over %s', (_, certified, one) => {
    expect(brokenCertificates([certified], [one])).toEqual([]);
  });

  it('compares with the certified class, not with the label', () => {
    const wrong = row(0.5, { predicted: 0, correct: false });
    expect(brokenCertificates([wrong], [{ ...attacked, predicted: 1 }])).toHaveLength(1);
  });
});
