import type { NpyArray } from '../../data/arrays.ts';
import { CliError } from '../io.ts';
import { someOf } from './folder-listing.ts';
import type { DataRequest, FoundArray, ImageSource } from './image-source.ts';
import { columnsOf, isOfNames, type NumberTable, numbersOf, readTable } from './number-table.ts';
import { shownFloat } from './shown-float.ts';

/** Which columns of a table are what. @internal */
export interface TableColumns {
  /** Names of the columns that are what is true; undefined where nothing is. */
  readonly target?: string | undefined;
  /** Names of the columns that are the input: all others that hold numbers. */
  readonly features?: string | undefined;
}

/** The rows of a table as inputs, with their numbers as they are. Throws CliError that names the file. @internal */
export async function openTable(file: string, request: DataRequest & TableColumns): Promise<ImageSource> {
  const { table, targets, source } = await inputsOf(file, request);
  return { ...source, truth: targets.length === 0 ? undefined : truthOf(table, targets) };
}

/** The same where the column of `--target` holds classes, by names or numbers. @internal */
export async function openTableOfClasses(file: string, request: DataRequest & TableColumns): Promise<ImageSource> {
  const { table, targets, source } = await inputsOf(file, request);
  const [column, other] = targets;
  if (column === undefined) return source;
  if (other !== undefined) {
    throw new CliError(`--target must name one column of classes, got ${request.target}`);
  }
  const from = `${file}, column ${table.columns[column]}`;
  if (!isOfNames(table, column))
    return { ...source, labels: { kind: 'numbers', from, numbers: numbersOf(table, targets) } };
  const names = table.rows.map((row) => row[column] ?? '');
  const line = names.indexOf('');
  if (line >= 0) throw new CliError(`${from}: must have a class in each line, got none in line ${line + 2}`);
  return { ...source, labels: { kind: 'names', from, names, classes: [...new Set(names)].sort(), what: 'names' } };
}

interface TableInputs {
  readonly table: NumberTable;
  /** The columns that are what is true. */
  readonly targets: readonly number[];
  readonly source: ImageSource;
}

async function inputsOf(
  file: string,
  { target, features, ...request }: DataRequest & TableColumns,
): Promise<TableInputs> {
  const table = await readTable(file);
  const targets = target === undefined ? [] : columnsOf(table, '--target', target);
  const inputs = features === undefined ? othersOf(table, targets, request) : columnsOf(table, '--features', features);
  const both = inputs.find((column) => targets.includes(column));
  if (both !== undefined) {
    throw new CliError(`--features must name other columns than --target, got ${table.columns[both]} in both`);
  }
  const values = Float32Array.from(numbersOf(table, inputs));
  const dimension = inputs.length;
  checkRange(table, values, inputs, request);
  const source: ImageSource = {
    what: `${file}, a table of ${someOf(table.columns, 12)}`,
    takes: [],
    size: table.rows.length,
    shape: [dimension],
    image: (index) => values.slice(index * dimension, (index + 1) * dimension),
    fromBytes: false,
    missing: `add --target with its column: ${someOf(table.columns, 12)}`,
  };
  return { table, targets, source };
}

function truthOf(table: NumberTable, targets: readonly number[]): FoundArray {
  const names = targets.map((column) => table.columns[column]).join(', ');
  const array: NpyArray = {
    dtype: 'float64',
    shape: [table.rows.length, targets.length],
    data: numbersOf(table, targets),
  };
  return { from: `${table.file}, column ${names}`, array };
}

/** The columns of numbers that are no target; those of names are left out. */
function othersOf(table: NumberTable, targets: readonly number[], { say }: DataRequest): number[] {
  const others = table.columns.map((_, column) => column).filter((column) => !targets.includes(column));
  const names = others.filter((column) => isOfNames(table, column));
  const inputs = others.filter((column) => !names.includes(column));
  const shown = someOf(names.map((column) => table.columns[column] ?? ''));
  if (inputs.length === 0) throw new CliError(`${table.file}: must have columns of numbers as input, got ${shown}`);
  if (names.length > 0) say(`${table.file}: no input is taken from ${shown}, where there are no numbers`);
  return inputs;
}

/** Throws CliError for numbers outside the range that the run goes by, and says which range would hold them. */
function checkRange(
  { file, columns }: NumberTable,
  values: Float32Array,
  inputs: readonly number[],
  { inputRange = [0, 1] }: DataRequest,
): void {
  const [low, high] = inputRange.map(Math.fround) as [number, number];
  const at = values.findIndex((value) => !(value >= low && value <= high));
  if (at < 0) return;
  const [least, most] = values.reduce(
    ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
    [Infinity, -Infinity],
  );
  const place = `${shownFloat(values[at] ?? NaN)} in column ${columns[inputs[at % inputs.length] ?? 0]}, line ${Math.floor(at / inputs.length) + 2}`;
  throw new CliError(
    `${file}: must have values within --input-range ${low},${high}, got ${place} (all are from ${shownFloat(least)} to ${shownFloat(most)}, and are taken as they are: declare their range, with --sigma in its units)`,
  );
}
