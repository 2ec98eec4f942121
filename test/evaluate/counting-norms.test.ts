import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../src/certify/types.ts';
import { OptionError } from '../../src/errors.ts';
import { brokenCertificates } from '../../src/evaluate/attacked-metrics.ts';
import { certificationLog, type CertificationLogFormat } from '../../src/evaluate/certification-log.ts';
import { highProbabilityAccuracy } from '../../src/evaluate/high-probability-accuracy.ts';
import {
  abstentionRate,
  averageCertifiedRadius,
  certifiedAccuracy,
  certifiedAccuracyCurve,
  medianCertifiedRadius,
} from '../../src/evaluate/metrics.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { probabilityDistribution } from '../../src/evaluate/probability-distribution.ts';
import { radiusUnit } from '../../src/evaluate/radius-unit.ts';
import type { LoggedRow } from '../../src/evaluate/rows.ts';
import { latexTable, markdownTable } from '../../src/evaluate/tables.ts';
import type { Norm } from '../../src/types.ts';
import { expectError } from '../helpers/errors.ts';
import { abstention, certificate, loggedRow, row } from './rows.ts';

const pixels = { name: 'ablation', parameters: { positions: 'pixels', keep: 45, inputShape: [28, 28, 1], wrap: true } };

/** A row certified in a norm that counts changes. */
const counted = (radius: number, change: Partial<LoggedRow> = {}, said: Partial<Certificate> = {}): LoggedRow => ({
  ...loggedRow({ radius, ...change, certificate: certificate({ norm: 'l0', noise: pixels, ...said }) }),
});

/** Four right ones, of which one speaks of its image only; a wrong one; an abstention. */
const rows = [
  counted(0, { index: 0 }),
  counted(3, { index: 1 }),
  counted(1234, { index: 2 }),
  counted(3, { index: 3 }),
  counted(7, { index: 4, predicted: 2, correct: false }),
  counted(0, { ...abstention, index: 5 }, { reason: 'low-confidence' }),
];

describe('figures in norms that count changes', () => {
  it('count what holds under at most r changes, and at 0 all that is right and proven', () => {
    expect(certifiedAccuracy(rows, [0, 1, 3, 4, 1234, 1235])).toEqual([4 / 6, 3 / 6, 3 / 6, 1 / 6, 1 / 6, 0]);
    expect(certifiedAccuracyCurve(rows)).toEqual([
      { radius: 0, accuracy: 4 / 6 },
      { radius: 3, accuracy: 3 / 6 },
      { radius: 1234, accuracy: 1 / 6 },
    ]);
    expect(averageCertifiedRadius(rows)).toBe((3 + 3 + 1234) / 6);
    expect(abstentionRate(rows)).toBe(1 / 6);
    const safe = highProbabilityAccuracy(rows, [0, 3], { alpha: 0.001 });
    expect(safe[0]! - safe[1]!).toBeCloseTo(1 / 6);
  });

  it('have a median: what at least half of all images are certified for', () => {
    expect(medianCertifiedRadius(rows)).toBe(3);
    expect(medianCertifiedRadius(rows.slice(0, 3))).toBe(3);
    expect(medianCertifiedRadius([row(0), row(5), abstention])).toBe(0);
    expect(medianCertifiedRadius([row(5), abstention, abstention])).toBeUndefined();
    expect(medianCertifiedRadius([row(0.25), row(0.5)])).toBe(0.5);
  });

  it('are written with their unit', () => {
    const methods = [{ name: 'ablation', accuracies: [0.5, 0.25] }];
    expect(markdownTable(methods, [0, 12], { unit: 'pixels' })).toContain('r = 0 pixels |r = 12 pixels |');
    expect(latexTable(methods, [0, 12], { unit: 'edits' })).toContain('& $r = 0 edits$& $r = 12 edits$');
    expect(markdownTable(methods, [0, 12])).toContain('r = 0.0 |r = 12.0 |');
  });

  it('of the class probability have no sigma', async () => {
    expect(probabilityDistribution(rows, { grid: [0.5] })[0]!.share).toBe(4 / 6);
    const text =
      'probabilityDistribution: `sigma` must be of rows with lengths for radii, got radii in norm l0 in row 0' +
      ' (leave it out: such noise has no sigma)';
    await expectError(() => probabilityDistribution(rows, { sigma: 0.5 }), OptionError, text);
  });
});

describe('radiusUnit', () => {
  const unitOf = (said: Partial<Certificate>): string | undefined => radiusUnit([counted(1, {}, said)]);

  it('follows from norm and noise', () => {
    expect(radiusUnit(rows)).toBe('pixels');
    expect(unitOf({ noise: { name: 'ablation', parameters: { positions: 'values' } } })).toBe('positions');
    expect(unitOf({ domain: 'binary', noise: { name: 'bit-flip', parameters: {} } })).toBe('bits');
    expect(unitOf({ domain: 'tokens', noise: { name: 'ablation', parameters: { positions: 'tokens' } } })).toBe(
      'tokens',
    );
    expect(unitOf({ domain: 'tokens', noise: { name: 'value-flip', parameters: { values: 3 } } })).toBe('positions');
    expect(unitOf({ norm: 'patch' })).toBe('pixels a side');
    expect(unitOf({ norm: 'edit', domain: 'tokens' })).toBe('edits');
    for (const norm of ['l1', 'l2', 'linf'] as Norm[]) expect(unitOf({ norm })).toBeUndefined();
  });

  it('is that of all rows, or none', () => {
    expect(radiusUnit([])).toBeUndefined();
    expect(radiusUnit([{ norm: 'l0' }])).toBe('positions');
    expect(radiusUnit([{}])).toBeUndefined();
    expect(radiusUnit([...rows, { norm: 'edit' }])).toBe('changes');
    expect(radiusUnit([...rows, loggedRow()])).toBeUndefined();
  });
});

describe('a log in a norm that counts changes', () => {
  it('gives back every row, with texts, lists and booleans of its noise', () => {
    expect(parseCertificationLog(certificationLog(rows))).toStrictEqual(rows);
  });

  it('has whole numbers for radii, in every form', () => {
    const radii = (format: CertificationLogFormat): string[] =>
      certificationLog(rows, { format })
        .split('\n')
        .slice(1, -1)
        .map((line) => line.split('\t')[3]!);
    const all = ['0', '3', '1234', '3', '7', '0'];
    expect(radii('full')).toEqual(all);
    expect(radii('reference')).toEqual(all);
    expect(radii('reference-rounded')).toEqual(all);
    const read = parseCertificationLog(certificationLog(rows, { format: 'reference' }));
    expect(read.map(({ radius }) => radius)).toEqual(rows.map(({ radius }) => radius));
    expect(read[0]).toMatchObject({ predicted: 1, correct: true, abstained: false, radius: 0 });
  });

  it('is read with the norm in its header, -1 for an abstention', () => {
    const lines = ['idx\tlabel\tpredict\tl0_radius\tcorrect\ttime', '0\t1\t1\t0\t1\t1.5', '1\t1\t1\t-1\t0\t1.5', ''];
    const [first, second] = parseCertificationLog(lines.join('\n'));
    expect(first).toMatchObject({ norm: 'l0', radius: 0, abstained: false, correct: true });
    expect(second).toMatchObject({ norm: 'l0', radius: 0, abstained: true, correct: false });
  });

  it('refuses a radius that is not written so', () => {
    const text = certificationLog(rows.slice(1, 2));
    for (const [from, to] of [
      ['\t3\t1\t0:', '\t3.0\t1\t0:'],
      ['\t3\t1\t0:', '\t2\t1\t0:'],
    ] as const) {
      expect(text).toContain(from);
      expect(() => parseCertificationLog(text.replace(from, to))).toThrow(/`radius` must be/);
    }
  });
});

describe('brokenCertificates in a norm that counts changes', () => {
  it('takes the ball as closed', () => {
    const attacked = (index: number, distance: number, norm: Norm = 'l0') => ({
      ...{ index, distance, norm, predicted: 5, abstained: false },
    });
    expect(brokenCertificates(rows, [attacked(1, 3)])).toHaveLength(1);
    expect(brokenCertificates(rows, [attacked(1, 4)])).toHaveLength(0);
    // Another class without any change contradicts a radius of 0, and says nothing of an abstention.
    expect(brokenCertificates(rows, [attacked(0, 0), attacked(5, 0)])).toEqual([attacked(0, 0)]);
    const length = loggedRow({ index: 1, radius: 3 });
    expect(brokenCertificates([length], [attacked(1, 3, 'l2')])).toHaveLength(0);
  });
});
