import { TextDecoder } from 'node:util';
import { CliError } from '../io.ts';
import { readPlain } from '../read-data-file.ts';
import { someOf } from './folder-listing.ts';

/** A table of a text file: columns with names, and a row a line. @internal */
export interface NumberTable {
  readonly file: string;
  readonly columns: readonly string[];
  /** Texts of the cells, as many in each row as there are columns. */
  readonly rows: readonly (readonly string[])[];
}

/** Whether a file is a table by its name: .csv or .tsv, also packed with gzip. @internal */
export function isTable(path: string): boolean {
  return /\.(csv|tsv)(\.gz)?$/i.test(path);
}

/** Reads a table: a line of names, and lines of cells apart by commas, semicolons or tabs, in quotes or not. Throws CliError that names the line. @internal */
export async function readTable(file: string): Promise<NumberTable> {
  const lines = textOf(file, await readPlain(file))
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  const [header = '', ...rest] = lines;
  if (rest.length === 0) {
    throw new CliError(`${file}: must have a line of column names and a row at least, got ${lines.length} lines`);
  }
  const separator = separatorOf(header);
  const columns = cellsOf(header, separator, { file, line: 1 });
  const other = columns.find((name, i) => name === '' || columns.indexOf(name) !== i);
  if (other !== undefined) {
    throw new CliError(`${file}: must name each column in its first line, and each once, got ${JSON.stringify(other)}`);
  }
  if (columns.every((name) => numberIn(name) !== undefined)) {
    throw new CliError(`${file}: must begin with a line of column names, got the numbers ${someOf(columns)}`);
  }
  const rows = rest.map((text, i) => {
    const cells = cellsOf(text, separator, { file, line: i + 2 });
    if (cells.length === columns.length) return cells;
    throw new CliError(
      `${file}: must have ${columns.length} cells in each line, as the first, got ${cells.length} in line ${i + 2}`,
    );
  });
  return { file, columns, rows };
}

function textOf(file: string, bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Said below.
  }
  throw new CliError(`${file}: must be a table in text (UTF-8), got a file of another kind`);
}

/** What stands between the names of columns: a tab if there is one, a semicolon if there is no comma. */
function separatorOf(header: string): string {
  if (header.includes('\t')) return '\t';
  return header.includes(';') && !header.includes(',') ? ';' : ',';
}

interface Place {
  readonly file: string;
  readonly line: number;
}

/** The cells of a line. In quotes a separator is a character as any other, and two quotes are one. */
function cellsOf(text: string, separator: string, { file, line }: Place): string[] {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] !== '"') {
      const end = text.indexOf(separator, at);
      const cell = text.slice(at, end < 0 ? undefined : end);
      if (cell.includes('"')) throw new CliError(`${file}: must have quotes around a whole cell, in line ${line}`);
      cells.push(cell.trim());
      if (end < 0) return cells;
      at = end + 1;
      continue;
    }
    let cell = '';
    for (at++; ; at++) {
      const end = text.indexOf('"', at);
      if (end < 0) throw new CliError(`${file}: must close the quotes of a cell in its line, in line ${line}`);
      cell += text.slice(at, end);
      at = end + 1;
      if (text[at] !== '"') break;
      cell += '"';
    }
    cells.push(cell);
    if (at === text.length) return cells;
    if (text[at] !== separator) throw new CliError(`${file}: must have quotes around a whole cell, in line ${line}`);
    at++;
  }
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** The number that a cell says; undefined for any other text. */
function numberIn(cell: string): number | undefined {
  const value = NUMBER.test(cell) ? Number(cell) : NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** Whether no cell of a column is a number: then it is one of names. @internal */
export function isOfNames({ rows }: NumberTable, column: number): boolean {
  return rows.every((row) => numberIn(row[column] ?? '') === undefined);
}

/** The columns of these names, in their order; names are apart by commas, in quotes where they hold one. Throws CliError that names them all. @internal */
export function columnsOf({ file, columns }: NumberTable, flag: string, text: string): number[] {
  const names = cellsOf(text, ',', { file: flag, line: 1 });
  return names.map((name, i) => {
    const column = columns.indexOf(name);
    const isTwice = names.indexOf(name) !== i;
    if (column >= 0 && !isTwice) return column;
    const got = `${JSON.stringify(name)}${isTwice ? ' twice' : ''}`;
    throw new CliError(`${flag} must name columns of ${file}, each once, got ${got} (it has ${someOf(columns, 12)})`);
  });
}

/** The numbers of some columns, row after row. Throws CliError that names the line and the column of what is none. @internal */
export function numbersOf({ file, columns, rows }: NumberTable, chosen: readonly number[]): Float64Array<ArrayBuffer> {
  const numbers = new Float64Array(rows.length * chosen.length);
  rows.forEach((row, i) =>
    chosen.forEach((column, j) => {
      const value = numberIn(row[column] ?? '');
      if (value === undefined) {
        const shown = JSON.stringify(row[column]);
        const way = `fill it, take the line out, or name other columns by --features and --target`;
        throw new CliError(
          `${file}: must have a number in column ${columns[column]} of line ${i + 2}, got ${shown} (${way})`,
        );
      }
      numbers[i * chosen.length + j] = value;
    }),
  );
  return numbers;
}
