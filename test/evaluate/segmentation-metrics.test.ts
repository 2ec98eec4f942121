import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  byMargin,
  decodeMask,
  encodeMask,
  informationGain,
  OptionError,
  outputFigures,
  type OutputRow,
  segmentationImage,
  segmentationMetrics,
  stepDown,
  type SegmentationCertificate,
} from 'catrs';
import { leastMiou } from '../../src/evaluate/least-miou.ts';
import { expectError } from '../helpers/errors.ts';
import { goldenFamily } from '../noise/golden-family.ts';

interface MetricsRow {
  readonly classes: number;
  readonly ignore: number;
  readonly label: readonly number[];
  readonly prediction: readonly number[];
  readonly confusionWithAbstainLast: readonly (readonly number[])[];
  readonly labelled: number;
  readonly certifiedAccuracy: number;
  readonly abstainedOfLabelled: number;
  readonly officialMiouAllClasses: number;
  readonly miouPresentClasses: number;
  readonly worstIouPerPresentClass: Readonly<Record<string, number>>;
  readonly worstMiouExact: number;
}

interface HierarchyRow {
  readonly n: number;
  readonly tau: number;
  readonly alpha: number;
  readonly components: number;
  readonly leafSets: readonly (readonly number[])[];
  readonly leafVotesOfEstimation: readonly number[];
  readonly vertex: number;
  readonly count: number;
  readonly certifiedBonferroni: boolean;
  readonly informationGain: number;
}

const golden = goldenFamily<{ readonly metrics: readonly MetricsRow[]; readonly hierarchy: readonly HierarchyRow[] }>(
  'outputs-segmentation',
);

describe('segmentationMetrics', () => {
  it.each(golden.metrics.map((row, i) => ({ ...row, i })))('has the exact figures of row $i', (row) => {
    const m = segmentationMetrics(row.classes, { ignore: row.ignore });
    m.add(row.prediction, row.label);
    expect(m.confusion).toEqual(row.confusionWithAbstainLast);
    expect(m.labelled).toBe(row.labelled);
    expect(m.certifiedAccuracy).toBeCloseTo(row.certifiedAccuracy, 12);
    expect(m.abstained).toBeCloseTo(row.abstainedOfLabelled, 12);
    expect(m.miouReference).toBeCloseTo(row.officialMiouAllClasses, 12);
    expect(m.miouPresent).toBeCloseTo(row.miouPresentClasses, 12);
    expect(m.worstMiou).toBeCloseTo(row.worstMiouExact, 12);
    for (const [c, iou] of Object.entries(row.worstIouPerPresentClass)) {
      expect(m.worstIou?.[Number(c)]).toBeCloseTo(iou, 12);
    }
    // In two parts, each in another form.
    const half = Math.floor(row.label.length / 2);
    const parts = segmentationMetrics(row.classes, { ignore: [row.ignore] });
    parts.add(encodeMask(row.prediction.slice(0, half), [half]), Int16Array.from(row.label.slice(0, half)));
    parts.add([row.prediction.slice(half)], [row.label.slice(half)]);
    expect(parts.worstMiou).toBe(m.worstMiou);
    expect(parts.confusion).toEqual(m.confusion);
  });

  /** The least mIoU over every way to predict what abstains, right ones too. */
  function byTrial(classes: number, label: readonly number[], prediction: readonly number[]): number {
    const open = prediction.flatMap((value, i) => (value < 0 ? [i] : []));
    let least = Infinity;
    for (let way = 0; way < classes ** open.length; way++) {
      const whole = [...prediction];
      open.forEach((i, digit) => (whole[i] = Math.floor(way / classes ** digit) % classes));
      const ious: number[] = [];
      for (let c = 0; c < classes; c++) {
        if (!label.includes(c)) continue;
        const both = label.filter((value, i) => value === c && whole[i] === c).length;
        const any = label.filter((value, i) => value === c || whole[i] === c).length;
        ious.push(both / any);
      }
      least = Math.min(least, ious.reduce((a, b) => a + b, 0) / ious.length);
    }
    return least;
  }

  it('has the least mIoU of all predictions of what abstains', () => {
    const pixel = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: -1, max: 2 }));
    fc.assert(
      fc.property(fc.array(pixel, { minLength: 1, maxLength: 14 }), (pixels) => {
        // At most six that abstain: more ways take too long.
        let open = 0;
        const some = pixels.filter(([, said]) => said >= 0 || open++ < 6);
        fc.pre(some.length > 0);
        const [label, prediction] = [some.map(([truth]) => truth), some.map(([, said]) => said)];
        const m = segmentationMetrics(3);
        m.add(prediction, label);
        expect(m.worstMiou).toBeCloseTo(byTrial(3, label, prediction), 12);
        expect(m.worstMiou!).toBeLessThanOrEqual(m.miouPresent! + 1e-12);
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it('takes the largest falls of millions as one by one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(400), fc.nat(400), fc.nat(400), fc.nat(300)), { minLength: 1, maxLength: 5 }),
        fc.nat(900),
        (classes, abstained) => {
          const terms = classes.map(([right, more, other, others]) => ({
            right,
            truth: right + more + 1,
            predicted: right + other,
            others,
          }));
          const added = terms.map(() => 0);
          const iou = (c: number, a: number): number => {
            const { right, truth, predicted } = terms[c]!;
            return right / (truth + predicted - right + a);
          };
          for (let left = abstained; left > 0; left--) {
            const falls = terms.map(({ others }, c) =>
              added[c]! < others ? iou(c, added[c]!) - iou(c, added[c]! + 1) : 0,
            );
            const best = falls.indexOf(Math.max(...falls));
            if (!(falls[best]! > 0)) break;
            added[best]! += 1;
          }
          const slow = terms.reduce((sum, _, c) => sum + iou(c, added[c]!), 0) / terms.length;
          expect(leastMiou(terms, abstained)).toBeCloseTo(slow, 12);
        },
      ),
      { seed: 4, numRuns: 200 },
    );
    const large = { right: 5e7, truth: 6e7, predicted: 7e7, others: 4e7 };
    expect(leastMiou([large, { ...large, right: 1e6 }], 6e7)).toBeGreaterThan(0);
  });

  it('shows that the mIoU of reference code is no bound', () => {
    // Half of class 0 abstains: an attack may turn it to class 1.
    const m = segmentationMetrics(2);
    m.add([0, 0, -1, -1, 1, 1], [0, 0, 0, 0, 1, 1]);
    expect(m.miouReference).toBe(0.75);
    const attacked = segmentationMetrics(2);
    attacked.add([0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1]);
    expect(attacked.miouPresent).toBe(0.5);
    expect(m.worstMiou).toBe(0.5);
  });

  it.each(golden.hierarchy.map((row, i) => ({ ...row, i })))('counts votes of groups as row $i', (row) => {
    const set = row.leafSets[row.vertex]!;
    const count = set.reduce((sum, leaf) => sum + row.leafVotesOfEstimation[leaf]!, 0);
    expect(count).toBe(row.count);
    const { n, tau, alpha, components } = row;
    const rest: [number, number][] = components > 1 ? [[0, components - 1]] : [];
    const found = stepDown([[count, 1], ...rest], { n, tau, alpha, correction: 'bonferroni' });
    expect(found.certified).toBe(row.certifiedBonferroni ? 1 : 0);
    expect(informationGain(row.leafVotesOfEstimation.length, set.length)).toBeCloseTo(row.informationGain, 12);
  });

  it('takes a group for right where the truth is one of its classes', () => {
    const levels = byMargin([[0, 0, 1, 1]], [0.2]);
    const m = segmentationMetrics(4, { levels });
    m.add([4, 5, 4, 2, -1, 5], [1, 3, 2, 2, 0, 0]);
    expect(m.certifiedAccuracy).toBe(3 / 6);
    expect(m.informationGain).toBe((0.5 + 0.5 + 1) / 6);
    expect([m.miouReference, m.miouPresent, m.worstMiou, m.worstIou]).toEqual([null, null, null, null]);
  });

  it('has no figures of nothing', () => {
    const m = segmentationMetrics(2, { ignore: 255 });
    m.add([0, 1], [255, 255]);
    expect([m.labelled, m.certifiedAccuracy, m.abstained, m.worstMiou, m.informationGain]).toEqual([
      0,
      null,
      null,
      null,
      null,
    ]);
  });

  it('refuses masks that do not fit', async () => {
    const m = segmentationMetrics(2);
    const call = 'segmentationMetrics.add';
    await expectError(
      () => m.add([0, 1], [0]),
      OptionError,
      `${call}: \`truth\` must be a mask of shape [2] as the labels, got [1]`,
    );
    await expectError(
      () => m.add([[0, 1]], [[0], [1]]),
      OptionError,
      `${call}: \`truth\` must be a mask of shape [1, 2] as the labels, got [2, 1]`,
    );
    await expectError(
      () => m.add([0, 1], [0, 7]),
      OptionError,
      `${call}: \`truth\` must hold classes from 0 to 1, got 7 (name what stands for nothing in \`ignore\`)`,
    );
    await expectError(
      () => m.add([0, 2], [0, 1]),
      OptionError,
      `${call}: \`labels\` must hold labels from -1 to 1, got 2`,
    );
    expect(m.labelled, 'nothing of a refused image').toBe(0);
    await expectError(
      () => segmentationMetrics(1),
      OptionError,
      'segmentationMetrics: `numClasses` must be an integer from 2 to 16384, got 1',
    );
  });
});

describe('figures of certified masks', () => {
  const row = (
    index: number,
    radius: number,
    labels: readonly number[],
    target: readonly number[] | null,
  ): OutputRow => {
    const certified = labels.filter((label) => label >= 0).length;
    const certificate = {
      ...{ task: 'segmentation', labels: encodeMask(labels, [labels.length]), radius, norm: 'l2', numClasses: 2 },
      ...{ certified, components: labels.length, n0: 10, nUsed: 90 },
    } as unknown as SegmentationCertificate;
    return { index, target, milliseconds: 1, certificate };
  };

  it('pools the images whose truth is known, and leaves labels that are no class out', () => {
    const rows = [
      row(0, 0.5, [0, 0, -1, -1, 1, 1], [0, 0, 0, 0, 1, 1]),
      row(1, 0.5, [0, 1], [255, 1]),
      row(2, 0.5, [0, -1], null),
    ];
    const { figures, curves, examples } = outputFigures(rows);
    expect(examples).toBe(3);
    expect(figures).toMatchObject({
      'certified share': 7 / 10,
      'certified accuracy': 5 / 7,
      abstained: 2 / 7,
      'least radius': 0.5,
      'mean samples': 100,
    });
    expect(figures['mIoU under attack, at least']).toBeCloseTo((2 / 4 + 3 / 5) / 2, 12);
    expect(curves.map(({ label, points }) => [label, points])).toEqual([
      ['certified share', [[0.5, 0.7]]],
      ['certified accuracy', [[0.5, 5 / 7]]],
      ['mIoU under attack, at least', [[0.5, (2 / 4 + 3 / 5) / 2]]],
    ]);
  });

  it('has a point for each radius', () => {
    const { curves } = outputFigures([row(0, 0.5, [0, -1], [0, 1]), row(0, 0.25, [0, 1], [0, 1])]);
    expect(curves[1]?.points).toEqual([
      [0.25, 1],
      [0.5, 0.5],
    ]);
  });
});

describe('masks', () => {
  it('come back from run lengths, lists and arrays', () => {
    const values = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, (list) => {
        expect([...decodeMask(encodeMask(list, [1, list.length]))]).toEqual(list);
        expect([...decodeMask([[list], [list]])]).toEqual([...list, ...list]);
        expect([...decodeMask(Int16Array.from(list))]).toEqual(list);
      }),
      { seed: 5 },
    );
  });

  it.each([
    [
      { shape: [2, 2], runs: [1, 3] },
      'must be { shape, runs } with runs value, length, value, length, ... that fill the shape, got an object (Object)',
    ],
    [
      { shape: [2], runs: [1, 1, 2] },
      'must be { shape, runs } with runs value, length, value, length, ... that fill the shape, got an object (Object)',
    ],
    [[[1, 2], [3]], 'must be lists of one length at each depth, got [[1, 2], [3]]'],
    [[0.5], 'must hold whole numbers from -32768 to 32767, got 0.5'],
    ['mask', 'must be { shape, runs }, lists of whole numbers or a typed array of them, got "mask"'],
  ])('refuses %j', async (mask, text) => {
    await expectError(() => decodeMask(mask as never), OptionError, `decodeMask: \`mask\` ${text}`);
  });
});

describe('segmentationImage', () => {
  it('shows certified, abstaining and wrong pixels', () => {
    const image = segmentationImage(
      [
        [0, 1],
        [-1, 1],
      ],
      {
        truth: [
          [0, 1],
          [0, 0],
        ],
        palette: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        abstained: [7, 7, 7],
        wrong: [255, 0, 0],
        scale: 2,
      },
    );
    expect(image).toMatchObject({ width: 4, height: 4, channels: 3 });
    const at = (x: number, y: number): number[] => [...image.data.slice(3 * (4 * y + x), 3 * (4 * y + x) + 3)];
    expect([at(0, 0), at(1, 1), at(2, 0), at(0, 3), at(3, 3)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [4, 5, 6],
      [7, 7, 7],
      [255, 0, 0],
    ]);
  });

  it('refuses masks without two axes', async () => {
    await expectError(
      () => segmentationImage([0, 1]),
      OptionError,
      'segmentationImage: `labels` must be a mask of shape [height, width], got [2]',
    );
  });
});
