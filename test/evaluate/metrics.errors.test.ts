import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import {
  abstentionRate,
  averageCertifiedRadius,
  certifiedAccuracy,
  certifiedAccuracyCurve,
  meanMilliseconds,
  meanSamples,
} from '../../src/evaluate/metrics.ts';
import type { CertifiedOutcome } from '../../src/evaluate/rows.ts';
import { latexTable, markdownTable } from '../../src/evaluate/tables.ts';
import { pairedRadiusDifference } from '../../src/evaluate/paired-radius-difference.ts';
import { loggedRow, row } from './rows.ts';

const metrics: [string, string, (rows: CertifiedOutcome[]) => unknown][] = [
  ['certifiedAccuracy', 'rows', (rows) => certifiedAccuracy(rows, [0])],
  ['certifiedAccuracyCurve', 'rows', certifiedAccuracyCurve],
  ['averageCertifiedRadius', 'rows', averageCertifiedRadius],
  ['abstentionRate', 'rows', abstentionRate],
  ['meanSamples', 'rows', (rows) => meanSamples(rows?.map((each) => ({ ...loggedRow(), ...each })))],
  ['meanMilliseconds', 'rows', (rows) => meanMilliseconds(rows?.map((each) => ({ ...each, milliseconds: 1 })))],
  ['pairedRadiusDifference', 'rowsA', (rows) => pairedRadiusDifference(rows, [row(1)])],
  ['pairedRadiusDifference', 'rowsB', (rows) => pairedRadiusDifference([row(1)], rows)],
];

describe.each(metrics)('%s: `%s`', (call, field, metric) => {
  it('no rows', () => {
    expect(() => metric([])).toThrow(`${call}: \`${field}\` must be an array of at least one row, got []`);
    expect(() => metric([])).toThrow(OptionError);
    expect(() => metric(undefined as never)).toThrow(
      `${call}: \`${field}\` must be an array of at least one row, got undefined`,
    );
  });

  it.each([NaN, -0.1])('radius %d', (radius) => {
    const message = `${call}: \`${field}\` must have radii of at least 0, got ${radius} in row 1`;
    expect(() => metric([row(1), row(radius)])).toThrow(message);
  });
});

describe('certifiedAccuracy: radii', () => {
  it.each([NaN, -1])('%d', (r) => {
    const message = `certifiedAccuracy: \`radii\` must be numbers of at least 0, got ${r}`;
    expect(() => certifiedAccuracy([row(1)], [0, r])).toThrow(message);
  });
});

describe('pairedRadiusDifference: other images', () => {
  const at = (index: number, change: Partial<CertifiedOutcome> = {}): CertifiedOutcome => row(1, { index, ...change });
  it.each([
    [[at(0), at(1)], [at(0), at(2)], '`rowsB` must hold the same images as `rowsA`, got no row with index 1'],
    [[at(0), at(1)], [at(0), at(1), at(2)], '`rowsB` must hold the same 2 images as `rowsA`, got 3 rows'],
    [[at(0), at(0)], [at(0), at(1)], '`rowsA` must hold each image once, got index 0 twice'],
    [[at(0), at(1)], [at(1), at(1)], '`rowsB` must hold each image once, got index 1 twice'],
    [[at(0)], [at(0)], '`rowsA` must hold at least 2 rows, got 1'],
    [
      [at(0), at(1)],
      [at(0), at(1, { label: 7 })],
      '`rowsB` must be of the same data set as `rowsA`, got label 7 for index 1, which is 1 in `rowsA`',
    ],
  ])('case %#', (rowsA, rowsB, message) => {
    expect(() => pairedRadiusDifference(rowsA, rowsB)).toThrow(`pairedRadiusDifference: ${message}`);
    expect(() => pairedRadiusDifference(rowsA, rowsB)).toThrow(OptionError);
  });

  it('level', () => {
    const message = 'pairedRadiusDifference: `level` must be in (0, 1), got 95';
    expect(() => pairedRadiusDifference([at(0), at(1)], [at(0), at(1)], { level: 95 })).toThrow(message);
  });
});

it('meanSamples: a row without certificate', () => {
  const rows = [loggedRow(), { ...row(1), milliseconds: 1 }];
  expect(() => meanSamples(rows)).toThrow('meanSamples: `rows` must have certificates, got none in row 1');
});

describe.each([
  ['markdownTable', markdownTable],
  ['latexTable', latexTable],
])('%s: errors', (call, table) => {
  it('no method, a method with another number of accuracies, a number that is none', () => {
    expect(() => table([], [0])).toThrow(`${call}: \`methods\` must be an array of at least one method, got []`);
    expect(() => table([{ name: 'catrs', accuracies: [0.5] }], [0, 1])).toThrow(
      `${call}: \`methods\` must have one accuracy for each of the 2 radii, got 1 for "catrs"`,
    );
    expect(() => table([{ name: 'catrs', accuracies: [NaN] }], [0])).toThrow(
      `${call}: \`methods\` must have finite accuracies, got NaN for "catrs"`,
    );
    expect(() => table([{ name: 'catrs', accuracies: [1] }], [NaN])).toThrow(
      `${call}: \`radii\` must be numbers of at least 0, got NaN`,
    );
  });
});
