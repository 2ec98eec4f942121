import { describe, expect, it } from 'vitest';
import {
  abstentionRate,
  averageCertifiedRadius,
  certifiedAccuracy,
  certifiedAccuracyCurve,
  meanMilliseconds,
  meanSamples,
} from '../../src/evaluate/metrics.ts';
import { pairedRadiusDifference } from '../../src/evaluate/paired-radius-difference.ts';
import { abstention, certificate, loggedRow, row, wrongAnswer } from './rows.ts';

const rows = [row(0.5), row(0.25), wrongAnswer(2), abstention, row(0.25), row(0)];

describe('metrics', () => {
  it('certified accuracy counts correct rows with radius >= r', () => {
    expect(certifiedAccuracy(rows, [0, 0.1, 0.25, 0.2500001, 0.5, 0.6])).toEqual([
      4 / 6,
      3 / 6,
      3 / 6,
      1 / 6,
      1 / 6,
      0,
    ]);
  });

  it('the average certified radius counts wrong answers and abstentions as 0', () => {
    expect(averageCertifiedRadius(rows)).toBeCloseTo(1 / 6, 15);
  });

  it('the abstention rate', () => {
    expect(abstentionRate(rows)).toBe(1 / 6);
  });

  it('the mean cost counts both samples of every image, abstentions too', () => {
    const logged = [
      loggedRow({ milliseconds: 10, certificate: certificate({ n0: 100, nUsed: 1000 }) }),
      loggedRow({ ...abstention, milliseconds: 30, certificate: certificate({ n0: 100, nUsed: 200 }) }),
    ];
    expect(meanSamples(logged)).toBe(700);
    expect(meanMilliseconds(logged)).toBe(20);
  });

  it('the curve has a corner at each distinct radius of a correct row', () => {
    expect(certifiedAccuracyCurve(rows)).toEqual([
      { radius: 0, accuracy: 4 / 6 },
      { radius: 0.25, accuracy: 3 / 6 },
      { radius: 0.5, accuracy: 1 / 6 },
    ]);
    expect(certifiedAccuracyCurve([abstention])).toEqual([{ radius: 0, accuracy: 0 }]);
  });
});

describe('pairedRadiusDifference', () => {
  const a = [row(1, { index: 0 }), row(0.5, { index: 20 }), row(0.7, { index: 40 })];
  const b = [row(0.4, { index: 40 }), row(0.8, { index: 0 }), row(0.9, { index: 20, correct: false })];

  it('pairs by index, in any order', () => {
    // differences 0.2, 0.5, 0.3; scipy.stats.t.interval(0.95, 2, 1/3, scipy.stats.sem([0.2, 0.5, 0.3]))
    const { mean, low, high, level } = pairedRadiusDifference(a, b);
    expect(level).toBe(0.95);
    expect(mean).toBeCloseTo(1 / 3, 14);
    expect(low).toBeCloseTo(-0.04612497003, 9);
    expect(high).toBeCloseTo(0.71279163669, 9);
  });

  it('a higher level gives a wider interval; swapping the methods changes the sign', () => {
    const wide = pairedRadiusDifference(a, b, { level: 0.99 });
    const swapped = pairedRadiusDifference(b, a, { level: 0.99 });
    expect(wide.low).toBeLessThan(-0.05);
    expect(swapped.low).toBeCloseTo(-wide.high, 14);
    expect(swapped.mean).toBeCloseTo(-wide.mean, 14);
  });
});
