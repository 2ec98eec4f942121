import { beforeEach, describe, expect, it } from 'vitest';
import type { CertifiedRow } from '../../src/evaluate/certify-dataset.ts';
import { progressLine, type RunProgress, RunTally } from '../../src/node/run-progress.ts';
import { SamplesUnderWay } from '../../src/node/samples-under-way.ts';
import type { SampleNews } from '../../src/smoothed/earlier-samples.ts';

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
      image: undefined,
      samplesPerSecond: undefined,
      resumedSamples: 0,
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
    image: undefined,
    samplesPerSecond: 300,
    resumedSamples: 0,
  };
  const image = { index: 60, drawn: 45_200, most: 100_100, isCompared: false, millisecondsLeft: 176_000 };

  it.each<[Partial<RunProgress>, string]>([
    [{}, '120/500 24 %, accuracy 91.7 %, 3 abstained, 1240 samples per image, 3 min 05 s left'],
    [{ done: 0, millisecondsLeft: undefined }, '0/500 0 %'],
    [
      { done: 499, millisecondsLeft: 400 },
      '499/500 99 %, accuracy 91.7 %, 3 abstained, 1240 samples per image, 0 s left',
    ],
    [{ done: 500, millisecondsLeft: 0 }, '500/500 100 %, accuracy 91.7 %, 3 abstained, 1240 samples per image, done'],
    [{ done: 0, total: 0, millisecondsLeft: undefined }, '0/0 100 %, done'],
    [
      { image },
      '120/500 24 %, image 60: 45200/100100 copies, 300/s, at most 2 min 56 s left, accuracy 91.7 %, 3 abstained, 1240 samples per image, 3 min 05 s left in all',
    ],
    [
      { done: 0, image, samplesPerSecond: 3.14, millisecondsLeft: 7_200_000 },
      '0/500 0 %, image 60: 45200/100100 copies, 3.1/s, at most 2 min 56 s left, at most 2 h 00 min left in all',
    ],
    [
      { done: 0, image: { ...image, isCompared: true, millisecondsLeft: undefined }, millisecondsLeft: undefined },
      '0/500 0 %, comparing image 60: 45200/100100 copies, 300/s',
    ],
    [
      { done: 500, image: { ...image, isCompared: true }, millisecondsLeft: 0 },
      '500/500 100 %, comparing image 60: 45200/100100 copies, 300/s, at most 2 min 56 s left, accuracy 91.7 %, 3 abstained, 1240 samples per image',
    ],
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

describe('SamplesUnderWay', () => {
  const record = { n0: 100, n: 10_000 } as SampleNews['record'];
  const piecesOf = (drawn: number): SampleNews['pieces'] => [{ sample: 'estimation', start: 0, drawn, values: [] }];
  let time = 0;
  beforeEach(() => void (time = 0));
  const make = (): { underWay: SamplesUnderWay; add: (index: number, drawn: number, more: number) => void } => {
    const underWay = new SamplesUnderWay(() => time);
    return { underWay, add: (index, drawn, more) => underWay.add(index, { drawn, pieces: piecesOf(more), record }) };
  };

  it('knows no speed before a second has passed, and then that of the last seconds', () => {
    const { underWay, add } = make();
    add(0, 100, 100);
    time = 999;
    add(0, 300, 200);
    expect(underWay.samplesPerSecond).toBeUndefined();
    for (let second = 1; second <= 60; second++) {
      time = 1000 * second;
      add(0, 300 + second * 50, second <= 30 ? 50 : 500);
    }
    expect(underWay.samplesPerSecond).toBe(500);
  });

  it('tells of the first image while images take long, by the speed of its own copies', () => {
    const { underWay, add } = make();
    add(3, 100, 100);
    add(4, 100, 100);
    time = 2000;
    add(3, 300, 200);
    add(4, 400, 300);
    expect(underWay.samplesPerSecond).toBe(250 + 50);
    expect(underWay.image).toEqual({ index: 3, drawn: 300, most: 10_100, isCompared: false, millisecondsLeft: 98_000 });
    expect(underWay.drawn).toBe(700);
    underWay.done(3);
    expect(underWay.image).toMatchObject({ index: 4, drawn: 400 });
    underWay.done(4);
    expect(underWay.image).toBeUndefined();
  });

  it('says nothing of images that take less than five seconds', () => {
    const { underWay, add } = make();
    add(0, 100, 100);
    time = 1000;
    add(0, 5000, 4900);
    expect(underWay.samplesPerSecond).toBe(4900);
    expect(underWay.image).toBeUndefined();
  });

  it('does not take copies of an earlier run for speed', () => {
    const { underWay, add } = make();
    add(0, 0, 0); // while it compares
    time = 1000;
    add(0, 9000, 0);
    expect(underWay.image).toBeUndefined();
    time = 2000;
    add(0, 9100, 100);
    expect(underWay.samplesPerSecond).toBe(50);
    expect(underWay.image).toMatchObject({ drawn: 9100, millisecondsLeft: 20_000 });
  });

  it('does not count what is drawn to compare', () => {
    const { underWay } = make();
    underWay.add(0, { drawn: 100, pieces: piecesOf(100), record }, true);
    time = 4000;
    underWay.add(0, { drawn: 500, pieces: piecesOf(400), record }, true);
    expect(underWay.image).toMatchObject({ isCompared: true, millisecondsLeft: 96_000 });
    expect(underWay.drawn).toBe(0);
    underWay.endComparison();
    expect(underWay.image).toBeUndefined();
  });

  it('gives a run its time before the first row is there', () => {
    const { underWay, add } = make();
    const tally = new RunTally(10, [], 2, underWay);
    add(0, 1000, 1000);
    time = 10_000;
    add(0, 2000, 1000);
    add(1, 1000, 1000);
    expect(tally.progress().millisecondsLeft).toBe((1000 * (10 * 10_100 - 3000)) / 200);
  });
});
