import type { Certificate } from '../certify/types.ts';
import { OptionError, refusal } from '../errors.ts';
import type { Key } from '../types.ts';
import {
  countsCell,
  integerCell,
  isRecord,
  isRecordOf,
  jsonCell,
  type LogCell,
  optional,
  type OptionalCell,
  probabilityCell,
  readExactly,
  textCell,
  wordCell,
} from './log-cells.ts';

/** The fields of a certificate that the official columns hold already. */
type Outcome = Pick<Certificate, 'label' | 'abstained' | 'radius'>;
/** Votes one by one have a column only in the logs of runs that keep them. */
type Field = Exclude<keyof Certificate, keyof Outcome | 'votes'>;
type CellOf<T> = undefined extends T ? OptionalCell<Exclude<T, undefined>> : LogCell<T>;

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isParameter = (value: unknown): boolean =>
  isNumber(value) || isText(value) || typeof value === 'boolean' || isListOf(value, isNumber);
const isListOf = (value: unknown, holds: (entry: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(holds);

const keyCell: LogCell<Key | null> = {
  must: 'must be word0:word1, two integers below 2^32, or empty',
  write: (key) => key?.join(':') ?? '',
  read: (text) => {
    if (text === '') return null;
    const [first = NaN, second = NaN] = text.split(':').map(Number);
    return [first, second].every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)
      ? [first, second]
      : undefined;
  },
};

const sums = { sum: isNumber, sumOfSquares: isNumber };

/** A column for every field: a new field of {@link Certificate} does not compile until it is here. */
const cells: { readonly [Name in Field]-?: CellOf<Certificate[Name]> } = {
  reason: wordCell<Certificate['reason']>({
    certified: true,
    'low-confidence': true,
    'out-of-reach': true,
    declined: true,
    undecided: true,
  }),
  stop: textCell,
  norm: wordCell<Certificate['norm']>({
    l1: true,
    l2: true,
    linf: true,
    l0: true,
    patch: true,
    edit: true,
    parameter: true,
    scaled: true,
  }),
  topK: integerCell,
  cAHat: integerCell,
  nA: integerCell,
  n0: integerCell,
  n: integerCell,
  nUsed: integerCell,
  failures: integerCell,
  checkEvery: integerCell,
  alpha: probabilityCell,
  pABar: probabilityCell,
  qABar: probabilityCell,
  pBBar: optional(probabilityCell),
  bound: wordCell<Certificate['bound']>({
    'clopper-pearson': true,
    'randomized-clopper-pearson': true,
    'simultaneous-clopper-pearson': true,
    'beta-mixture': true,
    'sequential-plan': true,
    'likelihood-ratio': true,
    'empirical-bernstein': true,
    thresholds: true,
    enumeration: true,
  }),
  draw: optional(probabilityCell),
  rule: jsonCell('must be {"name":text,"parameters":object}', (value) =>
    isRecordOf(value, { name: isText, parameters: isRecord }),
  ),
  countsSelection: countsCell,
  counts: countsCell,
  scores: optional(
    jsonCell(
      'must be {"sum":number,"sumOfSquares":number}, with "counts" (a list of numbers) or not',
      (value) => isRecordOf(value, sums) || isRecordOf(value, { ...sums, counts: (list) => isListOf(list, isNumber) }),
    ),
  ),
  steps: optional(
    jsonCell('must be a list of {"radius":number,"nA":number,"n":number}', (value) =>
      isListOf(value, (step) => isRecordOf(step, { radius: isNumber, nA: isNumber, n: isNumber })),
    ),
  ),
  noise: jsonCell('must be {"name":text,"parameters":{name:number, text, boolean or list of numbers}}', (value) =>
    isRecordOf(value, {
      name: isText,
      parameters: (parameters) => isRecord(parameters) && Object.values(parameters).every(isParameter),
    }),
  ),
  domain: wordCell<Certificate['domain']>({ real: true, unit: true, uint8: true, binary: true, tokens: true }),
  assumptions: jsonCell('must be a list of texts', (value) => isListOf(value, isText)),
  smoothing: wordCell<Certificate['smoothing']>({ hard: true, soft: true }),
  dimension: integerCell,
  key: keyCell,
};

const columns = Object.entries(cells) as [Field, LogCell<unknown> & { readonly optional?: true }][];

/** Names of the columns of a certificate. @internal */
export const certificateColumnNames: readonly string[] = columns.map(([name]) => name);

/** The cells of a certificate. Refuses values that would not read back. @internal */
export function writeCertificate(call: string, certificate: Certificate): string[] {
  return columns.map(([name, cell]) => {
    const value: unknown = certificate[name];
    if (value === undefined && cell.optional) return '';
    const text = value === undefined ? '' : cell.write(value);
    if (value !== undefined && readExactly(cell, text) !== undefined) return text;
    throw refusal(OptionError, { call, field: `certificate.${name}`, value }, cell.must);
  });
}

/** The certificate of a row; `refuse` makes the error for a cell. @internal */
export function readCertificate(
  texts: readonly string[],
  outcome: Outcome,
  refuse: (column: string, must: string, text: string) => Error,
): Certificate {
  const fields = columns.flatMap(([name, cell], i): [string, unknown][] => {
    const text = texts[i] ?? '';
    if (text === '' && cell.optional) return [];
    const value = readExactly(cell, text);
    if (value === undefined) throw refuse(name, cell.must, text);
    return [[name, value]];
  });
  const all: Readonly<Record<string, unknown>> = { ...outcome, ...Object.fromEntries(fields) };
  return all as Readonly<Record<keyof Certificate, unknown>> as Certificate;
}
