import { describe, expect, it } from 'vitest';
import {
  certificationLog,
  certificationLogHeader,
  formatCertificationRow,
} from '../../src/evaluate/certification-log.ts';
import type { LoggedOutcome } from '../../src/evaluate/certification-log.ts';
import type { CertifiedRow } from '../../src/evaluate/certify-dataset.ts';
import { formatElapsed } from '../../src/evaluate/format-elapsed.ts';
import { abstention, loggedRow } from './rows.ts';

describe('certification log', () => {
  it('takes the rows of certifyDataset (checked by the compiler)', () => {
    const write = (row: CertifiedRow): string => formatCertificationRow(row satisfies LoggedOutcome);
    expect(write).toBeTypeOf('function');
  });

  it('begins with the official columns', () => {
    expect(certificationLogHeader()).toMatch(/^idx\tlabel\tpredict\tradius\tcorrect\ttime\t/);
  });

  it('writes a row: the radius rounded down, the rest in full', () => {
    expect(formatCertificationRow(loggedRow())).toBe(
      '20\t1\t1\t1.9\t1\t0:00:00.373426\t1.9057282816949572\tl2\t1\t100000\t100\t100000\t100000\t100\t0.001\t' +
        '0.99993092463\t0.00006907516897868\tgaussian\t{"sigma":0.5}\t1:4294967295',
    );
  });

  it('writes an abstention as -1 with radius 0.0', () => {
    const text = formatCertificationRow(loggedRow({ ...abstention, index: 3, label: 5 }));
    expect(text).toMatch(/^3\t5\t-1\t0\.0\t0\t/);
  });

  it('keeps its columns whatever the name of the noise', () => {
    const { certificate } = loggedRow();
    const text = formatCertificationRow(
      loggedRow({ certificate: { ...certificate, noise: { name: 'my\tnoise\nof two lines', parameters: {} } } }),
    );
    expect(text.split('\t')).toHaveLength(certificationLogHeader().split('\t').length);
    expect(text).toContain('my noise of two lines');
  });

  it('a whole log is the header and one line for each row', () => {
    const log = certificationLog([loggedRow(), loggedRow({ index: 40 })]);
    expect(log.split('\n')).toHaveLength(4);
    expect(log.endsWith('\n')).toBe(true);
    expect(certificationLog([])).toBe(`${certificationLogHeader()}\n`);
  });
});

describe('formatElapsed', () => {
  it.each([
    [373.426, '0:00:00.373426'],
    [0, '0:00:00'],
    [59_999.9999, '0:01:00'],
    [3_661_000.001, '1:01:01.000001'],
    [86_400_000, '1 day, 0:00:00'],
    [2 * 86_400_000 + 36_000_000, '2 days, 10:00:00'],
  ])('%d ms is %s, as Python writes it', (milliseconds, text) => {
    expect(formatElapsed(milliseconds)).toBe(text);
  });
});
