import { describe, expect, it } from 'vitest';
import {
  certificationLog,
  certificationLogHeader,
  formatCertificationRow,
} from '../../src/evaluate/certification-log.ts';
import type { CertifiedRow } from '../../src/evaluate/certify-dataset.ts';
import { formatElapsed } from '../../src/evaluate/log-cells.ts';
import type { LoggedRow } from '../../src/evaluate/rows.ts';
import { abstention, certificate, loggedRow, row } from './rows.ts';

describe('certification log', () => {
  it('takes the rows of certifyDataset (checked by the compiler)', () => {
    const write = (row: CertifiedRow): string => formatCertificationRow(row satisfies LoggedRow);
    expect(write).toBeTypeOf('function');
  });

  it('begins with the official columns', () => {
    expect(certificationLogHeader()).toMatch(/^idx\tlabel\tpredict\tradius\tcorrect\ttime\tfullRadius\t/);
    expect(certificationLogHeader({ format: 'reference' })).toBe('idx\tlabel\tpredict\tradius\tcorrect\ttime');
  });

  it('writes a row: the radius rounded down, the rest in full', () => {
    const cells = Object.entries({
      idx: '20',
      label: '1',
      predict: '1',
      radius: '1.9',
      correct: '1',
      time: '0:00:00.373426',
      fullRadius: '1.9057282816949572',
      reason: 'certified',
      stop: 'all-drawn',
      norm: 'l2',
      topK: '1',
      cAHat: '1',
      nA: '100000',
      n0: '100',
      n: '100000',
      nUsed: '100000',
      failures: '0',
      checkEvery: '100',
      alpha: '0.001',
      pABar: '0.9999309248330094',
      qABar: '0.00006907516699062',
      pBBar: '',
      bound: 'clopper-pearson',
      draw: '',
      rule: '{"name":"fixed-sample","parameters":{"bound":"clopper-pearson"}}',
      countsSelection: '10 1:98 3:2',
      counts: '10 1:100000',
      scores: '',
      steps: '',
      noise: '{"name":"gaussian","parameters":{"sigma":0.5}}',
      domain: 'real',
      assumptions: '["real arithmetic"]',
      smoothing: 'hard',
      dimension: '784',
      key: '1:4294967295',
      engine: '',
    });
    expect(certificationLogHeader().split('\t')).toEqual(cells.map(([name]) => name));
    expect(formatCertificationRow(loggedRow()).split('\t')).toEqual(cells.map(([, text]) => text));
    const engine = 'tensorflow 2.21.0 (tfjs-node 4.22.0)';
    expect(
      formatCertificationRow({ ...loggedRow(), engine })
        .split('\t')
        .at(-1),
    ).toBe(engine);
  });

  it('writes the reference formats: the radius rounded down, or to nearest as the official scripts do', () => {
    const bare = { ...row(1.9057282816949572, { index: 20 }), milliseconds: 373.426 };
    expect(formatCertificationRow(bare, { format: 'reference' })).toBe('20\t1\t1\t1.9\t1\t0:00:00.373426');
    expect(formatCertificationRow(bare, { format: 'reference-rounded' })).toBe('20\t1\t1\t1.91\t1\t0:00:00.373426');
    expect(certificationLog([bare], { format: 'reference' })).toBe(
      'idx\tlabel\tpredict\tradius\tcorrect\ttime\n20\t1\t1\t1.9\t1\t0:00:00.373426\n',
    );
  });

  it('writes an abstention as -1 with radius 0.0', () => {
    const text = formatCertificationRow(loggedRow({ ...abstention, index: 3, label: 5 }));
    expect(text).toMatch(/^3\t5\t-1\t0\.0\t0\t/);
  });

  it('keeps its columns and its line whatever the names hold', () => {
    const noise = { name: 'my\tnoise\r\nof two lines', parameters: {} };
    const text = formatCertificationRow(loggedRow({ certificate: certificate({ noise, stop: 'a\tstop\n' }) }));
    expect(text.split('\t')).toHaveLength(certificationLogHeader().split('\t').length);
    expect(text).not.toMatch(/[\r\n]/);
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
