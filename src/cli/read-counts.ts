import { access } from 'node:fs/promises';
import type { NpyArray } from '../data/arrays.ts';
import { decodeNpy } from '../data/npy.ts';
import { decodeNpz } from '../data/decode-npz.ts';
import { CliError } from './io.ts';
import { inFile, readPlain } from './read-data-file.ts';

/** Votes that someone else drew, one row of class counts for each image. @internal */
export interface CountsTable {
  readonly counts: readonly (readonly number[])[];
  /** Index of each image, where the file has it. */
  readonly indices: readonly number[] | undefined;
  /** Class of each image, where it is known. */
  readonly labels: readonly number[] | undefined;
  /** Samples that were drawn of each image, where the file has them. */
  readonly samples: readonly number[] | undefined;
  /** Says where a row stands, for error texts. */
  readonly placeOf: (row: number) => string;
}

/** Rows of numbers, and what the columns beside the counts are called. */
interface NumberTable {
  readonly rows: readonly (readonly number[])[];
  /** Names of the columns, empty where the file has none. */
  readonly names: readonly string[];
  /** Lists beside the table, of an NPZ file. */
  readonly lists: ReadonlyMap<string, readonly number[]>;
  readonly placeOf: (row: number) => string;
}

/** The columns, and the lists of an NPZ file, that are no class. */
const SPECIAL = {
  indices: ['idx', 'index'],
  labels: ['label', 'labels'],
  samples: ['n'],
} as const;

/** What labels are called beside a table of counts. */
const LABEL_LISTS = ['y', 'target', 'targets', 'y_test'];

/**
 * Reads counts from text (parted by blanks, tabs or commas, with a header or not), NPY or NPZ. `label` is `last`, the name of a column or a list, or a
 * file with a class for each image.
 * @internal
 */
export async function readCounts(path: string, label: string | undefined): Promise<CountsTable> {
  const table = await readTable(path);
  const { rows, placeOf } = table;
  const [first] = rows;
  if (first === undefined) throw new CliError(`${path}: must have a row of counts for each image, got none`);
  const taken = new Set<number>();
  const listOf = (names: readonly string[]): readonly number[] | undefined => {
    const at = table.names.findIndex((name) => names.includes(name.toLowerCase()));
    if (at >= 0) {
      taken.add(at);
      return rows.map((row) => row[at] ?? 0);
    }
    return [...table.lists].find(([name]) => names.includes(name.toLowerCase()))?.[1];
  };
  const indices = listOf(SPECIAL.indices);
  const samples = listOf(SPECIAL.samples);
  const named = listOf(SPECIAL.labels) ?? [...table.lists].find(([name]) => LABEL_LISTS.includes(name))?.[1];
  const labels = label === undefined ? named : await labelsOf(label, { path, table, taken, listOf });
  const counts = rows.map((row) => row.filter((_, column) => !taken.has(column)));
  if ((counts[0]?.length ?? 0) < 2)
    throw new CliError(`${path}: must have counts of at least 2 classes, got ${counts[0]?.length}`);
  for (const [what, list] of Object.entries({ 'image numbers': indices, 'numbers of samples': samples, labels })) {
    if (list !== undefined && list.length !== rows.length) {
      throw new CliError(`${path}: must have as many ${what} as rows of counts (${rows.length}), got ${list.length}`);
    }
  }
  return { counts, indices, labels, samples, placeOf };
}

interface LabelSource {
  readonly path: string;
  readonly table: NumberTable;
  readonly taken: Set<number>;
  readonly listOf: (names: readonly string[]) => readonly number[] | undefined;
}

async function labelsOf(label: string, { path, table, taken, listOf }: LabelSource): Promise<readonly number[]> {
  if (label === 'last') {
    const last = (table.rows[0]?.length ?? 0) - 1;
    taken.add(last);
    return table.rows.map((row) => row[last] ?? 0);
  }
  const found = listOf([label.toLowerCase()]);
  if (found !== undefined) return found;
  const isFile = await access(label).then(
    () => true,
    () => false,
  );
  if (!isFile) {
    const known = [...table.names, ...table.lists.keys()].join(', ');
    throw new CliError(
      `--label must be last, a file, or a column of ${path}${known === '' ? ', which has no names' : ` (${known})`}, got ${label}`,
    );
  }
  const { rows, placeOf } = await readTable(label);
  return rows.flatMap((row, i) => {
    if (row.length !== 1)
      throw new CliError(`${label}: must have one class for each image, got ${row.length} ${placeOf(i)}`);
    return row;
  });
}

async function readTable(path: string): Promise<NumberTable> {
  const bytes = await readPlain(path);
  const isMagic = (...magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte);
  if (isMagic(0x93, 0x4e)) return tableOfArray(path, await inFile(path, () => decodeNpy(bytes)));
  if (isMagic(0x50, 0x4b)) return tableOfArrays(path, await inFile(path, () => decodeNpz(bytes)));
  return tableOfText(path, new TextDecoder().decode(bytes));
}

function tableOfArrays(path: string, arrays: ReadonlyMap<string, NpyArray>): NumberTable {
  const tables = [...arrays].filter(([, { shape }]) => shape.length === 2);
  const [counts] = tables.length === 1 ? tables : tables.filter(([name]) => name === 'counts');
  if (counts === undefined) {
    const found = [...arrays].map(([name, { shape }]) => `${name} [${shape.join(', ')}]`).join(', ');
    throw new CliError(
      `${path}: must have one array of images and classes, or one that is called counts, got ${found}`,
    );
  }
  const lists = [...arrays].flatMap(([name, array]): [string, readonly number[]][] => {
    return array.shape.length === 1 ? [[name, numbersOf(path, array).flat()]] : [];
  });
  return { ...tableOfArray(path, counts[1]), lists: new Map(lists) };
}

function tableOfArray(path: string, array: NpyArray): NumberTable {
  return { rows: numbersOf(path, array), names: [], lists: new Map(), placeOf: (row) => `in row ${row}` };
}

function numbersOf(path: string, { shape, data }: NpyArray): number[][] {
  const [count = 0, width = 1, ...rest] = shape;
  if (rest.length > 0)
    throw new CliError(`${path}: must be an array of images and classes, got one of shape [${shape.join(', ')}]`);
  return Array.from({ length: count }, (_, i) =>
    Array.from(data.subarray(i * width, (i + 1) * width), (value, column) =>
      wholeNumber(path, value, `in row ${i}, column ${column}`),
    ),
  );
}

const NUMBER = /^\d+(?:\.\d*)?(?:e[+-]?\d{1,3})?$/i;

function tableOfText(path: string, text: string): NumberTable {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'));
  const cells = lines.map(({ line }) => cellsOf(line));
  const hasNames = cells[0]?.some((cell) => /^[\p{L}_]/u.test(cell) && !/^(?:nan|inf|infinity)$/i.test(cell)) === true;
  const names = hasNames ? (cells[0] ?? []) : [];
  const numbers = lines.slice(hasNames ? 1 : 0).map(({ number }) => number);
  const width = cells[0]?.length ?? 0;
  const rows = cells.slice(hasNames ? 1 : 0).map((row, i) => {
    const place = `in line ${numbers[i]}`;
    if (row.length !== width) throw new CliError(`${path}: must have ${width} columns ${place}, got ${row.length}`);
    return row.map((cell, column) =>
      wholeNumber(path, NUMBER.test(cell) ? Number(cell) : NaN, `${place}, column ${column + 1}`, cell),
    );
  });
  return { rows, names, lists: new Map(), placeOf: (row) => `in line ${numbers[row]}` };
}

function cellsOf(line: string): string[] {
  const separator = line.includes('\t') ? '\t' : line.includes(',') ? ',' : line.includes(';') ? ';' : /\s+/;
  return line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

function wholeNumber(path: string, value: number, place: string, shown: string = String(value)): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new CliError(`${path}: must hold whole numbers of at least 0, got ${shown} ${place}`);
}
