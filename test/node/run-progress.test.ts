import { describe, expect, it } from 'vitest';
import type { CertifiedRow } from '../../src/evaluate/certify-dataset.ts';
import { progressLine, type RunProgress, RunTally } from '../../src/node/run-progress.ts';

/** A row of which a tally reads these fields only. */
function rowOf({ correct = true, radius = 0.5, nUsed = 1000, n0 = 100, milliseconds = 1100 }): CertifiedRow {
  const abstained = radius === 0;
  return { correct, radius, abstained, milliseconds, certificate: { n0, nUsed } } as CertifiedRow;
}

describe('RunTally', () => {
  it('counts', () => {
    const tally = new RunTally(10, [rowOf({}), rowOf({ correct: false })]);
    tally.add(rowOf({ correct: false, radius: 0, nUsed: 400 }));
    tally.add(rowOf({ radius: 1.5 }));
    expect(tally.figures()).toEqual({
      done: 4,
      accuracy: 0.5,
      abstained: 1,
      averageCertifiedRadius: 0.5,
      meanSamples: 950,
    });
    expect(tally.progress()).toMatchObject({ total: 10, resumed: 2, done: 4 });
  });

  it('has no time before the first row, and no NaN', () => {
    expect(new RunTally(10, []).progress()).toEqual({
      done: 0,
      accuracy: 0,
      abstained: 0,
      averageCertifiedRadius: 0,
      meanSamples: 0,
      total: 10,
      resumed: 0,
      millisecondsLeft: undefined,
    });
  });

  it('expects the time that is left, right after resuming too', () => {
    const rows = Array.from({ length: 40 }, () => rowOf({ milliseconds: 500 }));
    expect(new RunTally(100, rows).progress().millisecondsLeft).toBeCloseTo(60 * 500, 6);
  });

  it('is not misled by the order of cheap and dear images', () => {
    // Nine of ten images take 100 samples, one takes 100 000; a sample takes a microsecond wherever it falls.
    const costs = [...Array.from({ length: 90 }, () => 100), ...Array.from({ length: 10 }, () => 100_000)];
    for (const order of [costs, costs.toReversed()]) {
      const rows = order.map((nUsed) => rowOf({ nUsed, n0: 0, milliseconds: nUsed / 1000 }));
      const perImage = costs.reduce((sum, cost) => sum + cost / 1000, 0) / 100;
      const left = new RunTally(200, rows).progress().millisecondsLeft!;
      expect(left / (100 * perImage)).toBeGreaterThan(0.95);
      expect(left / (100 * perImage)).toBeLessThan(1.05);
    }
  });

  it('follows a machine that has become faster', () => {
    const tally = new RunTally(
      1000,
      Array.from({ length: 200 }, () => rowOf({ milliseconds: 1000 })),
    );
    for (let i = 0; i < 60; i++) tally.add(rowOf({ milliseconds: 100 }));
    const perRow = tally.progress().millisecondsLeft! / 740;
    expect(perRow).toBeGreaterThan(100);
    expect(perRow).toBeLessThan(150);
  });
});

describe('progressLine', () => {
  const progress: RunProgress = {
    done: 120,
    total: 500,
    resumed: 0,
    accuracy: 0.9166,
    abstained: 3,
    averageCertifiedRadius: 0.4,
    meanSamples: 1240.3,
    millisecondsLeft: 185_000,
  };

  it.each<[Partial<RunProgress>, string]>([
    [{}, '120/500 24 %, accuracy 91.7 %, 3 abstained, 1240 samples per image, 3 min 05 s left'],
    [{ done: 0, millisecondsLeft: undefined }, '0/500 0 %'],
    [
      { done: 499, millisecondsLeft: 400 },
      '499/500 99 %, accuracy 91.7 %, 3 abstained, 1240 samples per image, 0 s left',
    ],
    [{ done: 500, millisecondsLeft: 0 }, '500/500 100 %, accuracy 91.7 %, 3 abstained, 1240 samples per image, done'],
    [{ done: 0, total: 0, millisecondsLeft: undefined }, '0/0 100 %, done'],
  ])('of %o is "%s"', (change, line) => expect(progressLine({ ...progress, ...change })).toBe(line));

  it.each([
    [48_400, '48 s left'],
    [59_600, '1 min 00 s left'],
    [3_599_600, '1 h 00 min left'],
    [25_500_000, '7 h 05 min left'],
    [183_600_000, '2 d 03 h left'],
  ])('says %d ms as "%s"', (millisecondsLeft, text) =>
    expect(progressLine({ ...progress, millisecondsLeft })).toContain(`, ${text}`),
  );
});
