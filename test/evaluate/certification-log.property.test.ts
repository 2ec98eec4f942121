import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/errors.ts';
import { certificationLog, type CertificationLogFormat } from '../../src/evaluate/certification-log.ts';
import type { LoggedRow } from '../../src/evaluate/rows.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { anyRows } from './certificates.ts';

const unrounded = fc.constantFrom<CertificationLogFormat>('full', 'reference');
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
        else {
          const lines = linesOf(text);
          // What was read, written again, stands in the text: nothing was made up. Reference logs have other spellings, too.
          if (format === 'full') expect(lines).toEqual(expect.arrayContaining(linesOf(certificationLog(read))));
          // And nothing was left out: an image that is there twice counts once.
          const images = new Set(
            lines.filter((line) => !line.startsWith('idx')).map((line) => Number(line.split('\t')[0])),
          );
          expect(new Set(read.map(({ index }) => index))).toEqual(images);
          expect(read).toHaveLength(images.size);
        }
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

  it('a reference log reads the same in every spelling that other code has', () => {
    fc.assert(
      fc.property(anyRows, fc.array(spellings, { maxLength: 4 }), (rows, changes) => {
        const log = certificationLog(rows, { format: 'reference' });
        const text = changes.reduce((spelled, change) => change(spelled), log);
        expect(parseCertificationLog(text)).toEqual(parseCertificationLog(log));
      }),
      { numRuns: 500, seed: 5 },
    );
  });

  it('a log cut into pieces at any lines, overlapping, each with its header, is one log', () => {
    fc.assert(
      fc.property(
        anyRows,
        unrounded,
        fc.array(fc.nat(), { maxLength: 4 }),
        fc.nat(3),
        (rows, format, cuts, overlap) => {
          const [head = '', ...lines] = certificationLog(rows, { format }).slice(0, -1).split('\n');
          const ends = [...cuts.map((cut) => cut % (lines.length + 1)), lines.length].sort((a, b) => a - b);
          const pieces = ends.map((end, i) => lines.slice(Math.max(0, (ends[i - 1] ?? 0) - overlap), end));
          const text = pieces.map((piece) => [head, ...piece, ''].join('\n')).join('');
          const whole = [head, ...lines, ''].join('\n');
          expect(parseCertificationLog(text)).toEqual(parseCertificationLog(whole));
        },
      ),
      { numRuns: 300, seed: 6 },
    );
  });

  it('no radius comes out larger than it is written, and none of a row that is not certified', () => {
    const radii = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(-Infinity, Infinity, -0, 0));
    fc.assert(
      fc.property(radii, fc.boolean(), (radius, isExponent) => {
        const size = isExponent ? Math.abs(radius).toExponential() : String(Math.abs(radius));
        const text = `${radius < 0 ? '-' : ''}${size.replace('Infinity', 'inf')}`;
        const [read] = parseCertificationLog(`${header}5\t3\t3\t${text}\tTrue\t1.0\n`);
        if (radius < 0) expect(read).toMatchObject({ predicted: -1, radius: 0, correct: false, abstained: true });
        else expect(read).toMatchObject({ predicted: 3, radius: Math.abs(radius), correct: true, abstained: false });
      }),
      { numRuns: 500, seed: 7 },
    );
  });
});

/** The lines that say something. */
function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, '').replace(/ +$/, ''));
  return lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

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

const inRows = (log: string, change: (cells: string[]) => string[]): string =>
  log.replace(/^\d.*$/gm, (line) => change(line.split('\t')).join('\t'));

/** What other code and other systems make of the same log. */
const spellings = fc.constantFrom<(log: string) => string>(
  (log) => log.replaceAll('\n', '\r\n'),
  (log) => `\uFEFF${log}`,
  (log) => `${log}\n  \n`,
  (log) => log.replaceAll('\t', ' \t '),
  (log) => log.replaceAll('\n', '  \n'),
  (log) => `# made by hand\n${log}# end\n`,
  (log) => inRows(log, (cells) => cells.with(4, /^(1|true)$/i.test(cells[4]!.trim()) ? 'True' : 'FALSE')),
  (log) => inRows(log, (cells) => cells.with(1, Number(cells[1]).toExponential(18))),
  (log) => inRows(log, (cells) => cells.with(0, `${Number(cells[0])}.`)),
);

function rowsOrError(text: string): LoggedRow[] | DataError {
  try {
    return parseCertificationLog(text);
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}
