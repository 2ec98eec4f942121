import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/errors.ts';
import { certificationLog, type CertificationLogFormat } from '../../src/evaluate/certification-log.ts';
import type { LoggedRow } from '../../src/evaluate/rows.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { anyRows } from './certificates.ts';

const formats = fc.constantFrom<CertificationLogFormat>('full', 'reference', 'reference-rounded');

describe('certification log: laws', () => {
  it('the full format gives back every row with every field', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        expect(parseCertificationLog(certificationLog(rows))).toStrictEqual(rows);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('the reference format gives back the outcome, with a radius that is not larger', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const read = parseCertificationLog(certificationLog(rows, { format: 'reference' }));
        const outcome = ({ certificate: _, radius: __, ...rest }: LoggedRow): object => rest;
        expect(read.map(outcome)).toEqual(rows.map(outcome));
        read.forEach(({ radius }, i) => expect(radius).toBeLessThanOrEqual(rows[i]!.radius));
      }),
      { numRuns: 200, seed: 2 },
    );
  });

  it('a damaged log is refused with a place, or is a log that says what was read', () => {
    fc.assert(
      fc.property(anyRows, formats, fc.array(damages, { minLength: 1, maxLength: 3 }), (rows, format, changes) => {
        const text = changes.reduce((log, damage) => damage(log), certificationLog(rows, { format }));
        const read = rowsOrError(text);
        if (read instanceof DataError) expect(read.message).toMatch(/^parseCertificationLog: `\w+` must .+, got "/);
        // What was read, written again, is what stands in the text: nothing was made up. Reference logs have other spellings, too.
        else if (format === 'full') expect(certificationLog(read)).toBe(text.replaceAll('\r\n', '\n'));
        else expect(read).toHaveLength(text.split('\n').length - 2);
      }),
      { numRuns: 3000, seed: 3 },
    );
  });

  it('any text is refused or read', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('\t', '\n', '\r', '0', '1', '-', '.', 'e', ':') }).map((body) => header + body),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const read = rowsOrError(text);
        expect(read instanceof DataError || Array.isArray(read)).toBe(true);
      }),
      { numRuns: 2000, seed: 4 },
    );
  });
});

const header = 'idx\tlabel\tpredict\tradius\tcorrect\ttime\n';

/** Cuts, swapped characters, inserted ones, doubled and lost lines. */
const damages: fc.Arbitrary<(log: string) => string> = fc
  .record({ at: fc.nat(), kind: fc.nat(4), character: fc.constantFrom(...'0123456789.-+einfNaN \t\n\r{}[]":,xé١') })
  .map(({ at, kind, character }) => (log) => {
    const i = at % (log.length + 1);
    const lines = log.split('\n');
    const line = at % lines.length;
    if (kind === 0) return log.slice(0, i);
    if (kind === 1) return log.slice(0, i) + character + log.slice(i + 1);
    if (kind === 2) return log.slice(0, i) + character + log.slice(i);
    if (kind === 3) return [...lines.slice(0, line), ...lines.slice(line + 1)].join('\n');
    return [...lines.slice(0, line + 1), ...lines.slice(line)].join('\n');
  });

function rowsOrError(text: string): LoggedRow[] | DataError {
  try {
    return parseCertificationLog(text);
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}
