import type { Norm } from '../types.ts';
import { certificateColumnNames } from './certificate-columns.ts';

/** The columns of the official logs, in their order. @internal */
export const OFFICIAL_COLUMNS = ['idx', 'label', 'predict', 'radius', 'correct', 'time'] as const;

/** The columns of the logs that catrs writes or wrote, by kind. @internal */
export const logColumns: Readonly<
  Record<'reference' | 'version 0.1' | 'version 0.5' | 'full' | 'full with votes', readonly string[]>
> = {
  reference: OFFICIAL_COLUMNS,
  /** catrs 0.1.0 kept a part of the certificate only: its rows have the full radius, but no certificate. */
  'version 0.1': [
    ...OFFICIAL_COLUMNS,
    'fullRadius',
    ...['norm', 'cAHat', 'nA', 'n0', 'n', 'nUsed', 'checkEvery', 'alpha', 'pABar', 'qABar'],
    ...['noise', 'noiseParameters', 'key'],
  ],
  /** catrs 0.2 to 0.5 did not say what ran the classifier. */
  'version 0.5': [...OFFICIAL_COLUMNS, 'fullRadius', ...certificateColumnNames],
  full: [...OFFICIAL_COLUMNS, 'fullRadius', ...certificateColumnNames, 'engine'],
  /** Of runs that keep votes one by one. */
  'full with votes': [...OFFICIAL_COLUMNS, 'fullRadius', ...certificateColumnNames, 'engine', 'votes'],
};

/** Certificates in six columns, predictions without a radius, or a log of catrs. @internal */
export type LogKind = 'reference' | 'version 0.1' | 'full' | 'prediction';

/** What the header of a log says of its lines. @internal */
export interface LogForm {
  readonly kind: LogKind;
  /** The columns in their order, each under the name that catrs has for it. */
  readonly columns: readonly string[];
  /** What parts the cells. */
  readonly separator: string;
  /** The norm of the radii, where the header names it. */
  readonly norm?: Norm;
  /** The cells of a line. */
  readonly split: (line: string) => string[];
}

/** The numbers of rows that pandas writes before a table. */
const UNNAMED: { readonly column: string; readonly norm?: Norm } = { column: '' };

/** Columns by what logs call them, in small letters; those of catrs are taken to the letter. */
const COLUMNS: Readonly<Record<string, { readonly column: string; readonly norm?: Norm }>> = {
  idx: { column: 'idx' },
  label: { column: 'label' },
  predict: { column: 'predict' },
  radius: { column: 'radius' },
  l1_radius: { column: 'radius', norm: 'l1' },
  l2_radius: { column: 'radius', norm: 'l2' },
  linf_radius: { column: 'radius', norm: 'linf' },
  l0_radius: { column: 'radius', norm: 'l0' },
  patch_radius: { column: 'radius', norm: 'patch' },
  edit_radius: { column: 'radius', norm: 'edit' },
  prob_lb: { column: 'prob_lb' },
  basepredict: { column: 'basePredict' },
  correct: { column: 'correct' },
  time: { column: 'time' },
};

const FORMS: readonly (readonly [kind: LogKind, needed: readonly string[], more: string])[] = [
  ['reference', logColumns.reference, 'prob_lb'],
  ['prediction', logColumns.reference.filter((name) => name !== 'radius'), 'basePredict'],
];

/** The headers that are known, for error texts. @internal */
export const KNOWN_HEADERS: string = [
  'idx label predict radius correct time, with l1_radius, l2_radius, linf_radius, l0_radius, patch_radius or edit_radius for radius and prob_lb beside it or not',
  'without radius for predictions, with basePredict beside them or not',
  'or that of catrs',
].join('; ');

/** The form that a header names, if it is known. @internal */
export function formOfHeader(header: string): LogForm | undefined {
  const line = withoutEndBlanks(header);
  for (const version of ['full', 'full with votes', 'version 0.5', 'version 0.1'] as const) {
    if (line === logColumns[version].join('\t')) {
      const kind = version === 'version 0.1' ? version : 'full';
      const columns = logColumns[version];
      return { kind, columns, separator: '\t', split: (text) => withoutEndBlanks(text).split('\t') };
    }
  }
  const separator = separatorOf(line);
  const known = splitLine(line, separator).map((name) => {
    const lower = name.toLowerCase();
    return lower === '' ? UNNAMED : Object.hasOwn(COLUMNS, lower) ? COLUMNS[lower] : undefined;
  });
  const columns = known.map((one) => one?.column ?? 'unknown');
  const said = columns.filter((column) => column !== UNNAMED.column);
  const form = FORMS.find(([, needed, more]) => {
    const expected = said.includes(more) ? [...needed, more] : needed;
    return expected.length === said.length && expected.every((name) => said.includes(name));
  });
  if (form === undefined) return undefined;
  const norm = known.find((one) => one?.norm !== undefined)?.norm;
  const split = (text: string): string[] => withWholeTime(splitLine(text, separator), columns, separator);
  return { kind: form[0], columns, separator, ...(norm && { norm }), split };
}

/** What keeps a header from being known, if it has columns that are: the others, or those that are missing. @internal */
export function unknownColumns(header: string): string {
  const names = splitLine(header, separatorOf(header));
  const isKnown = (name: string): boolean => Object.hasOwn(COLUMNS, name.toLowerCase());
  if (!names.some(isKnown)) return '';
  const others = names.filter((name) => name !== '' && !isKnown(name));
  if (others.length > 0) {
    // Escaped, since a damaged file holds control characters.
    const shown = JSON.stringify(others.slice(0, 5).join(', ').slice(0, 100)).slice(1, -1);
    return `, with columns that are not known: ${shown}`;
  }
  const lower = names.map((name) => name.toLowerCase());
  const missing = OFFICIAL_COLUMNS.filter((name) => name !== 'radius' && !lower.includes(name));
  return missing.length > 0 ? `, without ${missing.join(', ')}` : '';
}

/** Whether lines under two headers can be those of one log. @internal */
export function isSameForm(a: LogForm, b: LogForm): boolean {
  const textOf = ({ kind, columns, separator, norm }: LogForm): string => [kind, norm, separator, ...columns].join();
  return textOf(a) === textOf(b);
}

/** Whether a line is a header, of a known form or not: rows begin with a number. @internal */
export function isHeader(line: string): boolean {
  if (/^[\s"]*[-\d]/.test(line)) return false;
  return /\bidx\b/i.test(line) || (/\blabel\b/i.test(line) && /\bpredict\b/i.test(line));
}

/** A pattern for blanks at the end would try every run of blanks in the line. */
function withoutEndBlanks(line: string): string {
  let end = line.length;
  while (line[end - 1] === ' ') end--;
  return line.slice(0, end);
}

function separatorOf(header: string): string {
  return header.includes('\t') ? '\t' : header.includes(',') ? ',' : ' ';
}

function splitLine(line: string, separator: string): string[] {
  const whole = line.trimEnd();
  const cells = separator === ' ' ? whole.trim().split(/\s+/) : whole.split(separator);
  return cells.map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

/** A time of a day and more has a comma and a blank in it: `1 day, 0:00:08`. */
function withWholeTime(cells: readonly string[], columns: readonly string[], separator: string): string[] {
  const more = cells.length - columns.length;
  const at = columns.indexOf('time');
  if (separator === '\t' || more <= 0 || !/\bdays?,?$/.test(cells.slice(at, at + more).join(' '))) return [...cells];
  const parts = cells.slice(at, at + more + 1).map((part) => part.replace(/^"|"$/g, ''));
  const time = parts.join(' ').replace(/(days?),? /, '$1, ');
  return [...cells.slice(0, at), time, ...cells.slice(at + more + 1)];
}
