import { CliError } from '../io.ts';

/** What a text says of labels: one for each image in order, or one for each file. @internal */
export type LabelText =
  | { readonly kind: 'list'; readonly labels: readonly string[] }
  | { readonly kind: 'table'; readonly rows: readonly (readonly [file: string, label: string])[] };

/** Names of columns in the first line of a table. */
const FILE_COLUMNS: ReadonlySet<string> = new Set([
  'file',
  'filename',
  'file_name',
  'filepath',
  'path',
  'image',
  'image_id',
  'imageid',
  'image_name',
  'img',
  'name',
  'id',
  'id_code',
]);
const LABEL_COLUMNS: ReadonlySet<string> = new Set([
  'label',
  'labels',
  'class',
  'class_name',
  'class_id',
  'classid',
  'target',
  'y',
  'category',
  'predictionstring',
  'breed',
  'synset',
  'wnid',
]);

const SYNSET_AND_BOXES = /^(n\d{8})\s/;

/**
 * Reads labels in text: one a line; or lines of a file name and its label, apart by commas, tabs, semicolons or spaces, with or without a line of
 * column names; or JSON, a list or an object of labels by file. Of the prediction strings of Kaggle's ImageNet the synset counts.
 *
 * Throws CliError that names the file and the line.
 * @internal
 */
export function readLabelText(path: string, text: string): LabelText {
  if (/^\s*[[{]/.test(text)) return fromJson(path, text);
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
  const blank = lines.findIndex((line) => line.trim() === '');
  if (lines.length === 0) throw new CliError(`${path}: must hold labels, got an empty file`);
  if (blank >= 0) throw new CliError(`${path}: must hold a label in each line, got an empty line ${blank + 1}`);
  const rows = lines.map(splitterOf(lines));
  const width = rows[0]?.length ?? 1;
  const [first = []] = rows;
  const names = first.map((cell) => cell.toLowerCase());
  const isHeader = names.some((name) => LABEL_COLUMNS.has(name)) && (width > 1 || rows.length > 1);
  const body = isHeader ? rows.slice(1) : rows;
  if (width === 1) return { kind: 'list', labels: body.map(([label = '']) => label) };
  const [fileAt, labelAt] = isHeader ? columnsOf(path, names) : [0, 1];
  const pairs = body.map((row, i): [string, string] => {
    const [file, label] = [row[fileAt] ?? '', row[labelAt] ?? ''];
    if (file === '' || label === '') {
      throw new CliError(
        `${path}: must hold a file name and a label in each line, got ${JSON.stringify(lines[i + (isHeader ? 1 : 0)])}`,
      );
    }
    return [file, SYNSET_AND_BOXES.exec(label)?.[1] ?? label];
  });
  return isCounted(pairs) ? { kind: 'list', labels: pairs.map(([, label]) => label) } : { kind: 'table', rows: pairs };
}

/** A JSON list of labels, or an object of labels by file. */
function fromJson(path: string, text: string): LabelText {
  const isLabel = (value: unknown): boolean => typeof value === 'number' || typeof value === 'string';
  try {
    const value = JSON.parse(text) as Readonly<Record<string, string | number>> | readonly (string | number)[];
    if (Object.values(value).every(isLabel)) {
      if (Array.isArray(value)) return { kind: 'list', labels: value.map(String) };
      return { kind: 'table', rows: Object.entries(value).map(([file, label]) => [file, String(label)]) };
    }
  } catch {
    // Said below.
  }
  throw new CliError(
    `${path}: must be a JSON list of labels, or an object of labels by file, got other text that begins like one`,
  );
}

function columnsOf(path: string, names: readonly string[]): readonly [number, number] {
  const labels = names.flatMap((name, i) => (LABEL_COLUMNS.has(name) ? [i] : []));
  const files = names.flatMap((name, i) => (FILE_COLUMNS.has(name) && !labels.includes(i) ? [i] : []));
  const [file, label] = [
    files.length > 1 ? files.find((i) => /file|path|image/.test(names[i] ?? '')) : files[0],
    labels[0],
  ];
  if (label !== undefined && labels.length === 1) return [file ?? (label === 0 ? 1 : 0), label];
  const shown = labels.map((i) => names[i]).join(' and ');
  throw new CliError(`${path}: must have one column of labels, got ${shown} (keep the file name and one of them)`);
}

/** Whether the first column only counts the rows, from 0 or 1. */
function isCounted(rows: readonly (readonly [string, string])[]): boolean {
  const from = Number(rows[0]?.[0]);
  return (from === 0 || from === 1) && rows.every(([index], i) => index === String(from + i));
}

const ENDS_LIKE_AN_IMAGE = /^\S+\.\w{3,4}\s+\S/;

/** How lines are split: by the sign that all have, by spaces where each begins with the name of a file. */
function splitterOf(lines: readonly string[]): (line: string) => string[] {
  const sign = ['\t', ',', ';'].find((one) => lines.every((line) => line.includes(one)));
  if (sign !== undefined) return (line) => cellsOf(line, sign);
  if (lines.every((line) => ENDS_LIKE_AN_IMAGE.test(line))) return (line) => line.trim().split(/\s+/);
  return (line) => [unquoted(line)];
}

/** The cells of a line; a cell in quotes may hold the sign. */
function cellsOf(line: string, sign: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (const letter of line) {
    if (letter === '"') isQuoted = !isQuoted;
    if (letter === sign && !isQuoted) {
      cells.push(unquoted(cell));
      cell = '';
    } else cell += letter;
  }
  return [...cells, unquoted(cell)];
}

const unquoted = (cell: string): string => cell.trim().replace(/^"(.*)"$/, '$1');
