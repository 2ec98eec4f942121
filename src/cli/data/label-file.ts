import { basename, relative } from 'node:path';
import { TextDecoder } from 'node:util';
import { decodeIdx } from '../../data/idx.ts';
import { decodeNpy } from '../../data/npy.ts';
import { CliError } from '../io.ts';
import { inFile, readPlain, startOf } from '../read-data-file.ts';
import { arrayLabels, checkCount } from './array-source.ts';
import { someOf } from './folder-listing.ts';
import type { ChosenBy, DataRequest, FoundLabels, ImageSource } from './image-source.ts';
import { readLabelText } from './label-text.ts';
import { openNpzLabels } from './npz-source.ts';

/** Labels in a file of their own, and the options that they went by. @internal */
export interface LabelFile {
  readonly labels: FoundLabels;
  readonly takes: readonly ChosenBy[];
}

/**
 * The labels of `--labels` for images: IDX, NPY, NPZ or text. Throws CliError that names the file, also where there is not a label for each image.
 *
 * @internal
 */
export async function openLabels(path: string, images: ImageSource, request: DataRequest): Promise<LabelFile> {
  const bytes = await readPlain(path);
  const { labels, takes } = await openAs(path, bytes, { images, request });
  checkCount(labels, labels.kind === 'numbers' ? labels.numbers.length : labels.names.length, images);
  return { labels, takes };
}

interface ForWhom {
  readonly images: ImageSource;
  readonly request: DataRequest;
}

async function openAs(path: string, bytes: Uint8Array, { images, request }: ForWhom): Promise<LabelFile> {
  switch (startOf(bytes)) {
    case 'idx':
      refuseOrder(path, images);
      return { labels: await arrayLabels(path, await inFile(path, () => decodeIdx(bytes))), takes: [] };
    case 'npy':
      refuseOrder(path, images);
      return { labels: await arrayLabels(path, await inFile(path, () => decodeNpy(bytes))), takes: [] };
    case 'npz':
      refuseOrder(path, images);
      return openNpzLabels(path, bytes, request);
    case 'png':
    case 'jpeg':
    case undefined:
      return { labels: textLabels(path, textOf(path, bytes), images), takes: [] };
  }
}

/** Throws CliError for anything but text. */
function textOf(path: string, bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Said below.
  }
  throw new CliError(`${path}: labels must be IDX, NPY, NPZ or text with one label a line, got a file of another kind`);
}

/** Labels in text, for files by their names or in order. Throws CliError that names the file. @internal */
export function textLabels(path: string, text: string, images: ImageSource): FoundLabels {
  const read = readLabelText(path, text);
  if (read.kind === 'list') {
    if (/ILSVRC.*ground_truth/i.test(basename(path))) throw ilsvrcNumbers(path);
    refuseOrder(path, images);
    return labelsFrom(path, read.labels);
  }
  return labelsFrom(path, ofFiles(path, read.rows, images));
}

/** The ids of the devkit count in an order of their own: taken as class numbers they would be other classes without a word. */
function ilsvrcNumbers(path: string): CliError {
  const way =
    'take LOC_val_solution.csv, or a text of lines "file name, synset" or "file name, class number", or sort the images into folders that are named by their synsets';
  return new CliError(
    `${path}: must hold class numbers as the model counts them, got ILSVRC ids from 1 on in the order of meta.mat, which is not that of sorted synsets (${way})`,
  );
}

/** Throws CliError for a list of labels without file names, where the order of the images is not beyond doubt. */
function refuseOrder(path: string, { files, labels, what }: ImageSource): void {
  if (files === undefined) return;
  const way = 'name the files: lines of "file name, label"';
  if (labels !== undefined) {
    throw new CliError(
      `${path}: must say which label is of which image, got a list of labels for ${what}, which have classes (leave --labels out, or ${way})`,
    );
  }
  const padded = files.map((file) => basename(file).replace(/\d+/g, (digits) => digits.padStart(20, '0')));
  const byNumber = files.map((_, i) => i).sort((i, k) => ((padded[i] ?? '') < (padded[k] ?? '') ? -1 : 1));
  const at = byNumber.findIndex((i, place) => i !== place);
  if (at < 0) return;
  const [one, other] = [at, byNumber[at] ?? at].map((i) => basename(files[i] ?? ''));
  throw new CliError(
    `${path}: must say which label is of which image, got a list of labels for files whose order is not clear: by letters ${one} comes first, by numbers ${other} (${way})`,
  );
}

/** The label of each image by the name of its file: as a path below the folder, as a name, or without its ending. */
function ofFiles(path: string, rows: readonly (readonly [string, string])[], { files, what }: ImageSource): string[] {
  if (files === undefined) {
    throw new CliError(
      `${path}: must hold one label a line for the images of ${what}, which have no file names, got lines of two columns`,
    );
  }
  const labels = new Map<string, string>();
  for (const [written, label] of rows) {
    const file = written.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
    const key = withoutEnding(basename(file));
    if ((labels.get(file) ?? label) !== label) throw twice(path, file);
    labels.set(file, label);
    if (key === file) continue;
    labels.set(key, labels.has(key) && labels.get(key) !== label ? AMBIGUOUS : label);
  }
  const found = files.map((file) => {
    const names = endsOf(file);
    const label = names.map((name) => labels.get(name)).find((one) => one !== undefined);
    if (label === AMBIGUOUS) throw twice(path, basename(file));
    return label;
  });
  const without = files.filter((_, i) => found[i] === undefined);
  if (without.length === 0) return found as string[];
  const shown = someOf(
    without.map((file) => basename(file)),
    3,
  );
  throw new CliError(`${path}: must have a line for each of the ${files.length} images, got none for ${shown}`);
}

/** No label: names of files hold no NUL. */
const AMBIGUOUS = '\0';

function twice(path: string, file: string): CliError {
  return new CliError(`${path}: must have one label for each file, got two for ${file}`);
}

const withoutEnding = (name: string): string => name.replace(/\.\w{3,4}$/, '');

/** A path and its ends, the longest first, then its name without the ending. */
function endsOf(file: string): string[] {
  const parts = relative('.', file).split(/[\\/]/);
  return [file, ...parts.map((_, i) => parts.slice(i).join('/')), withoutEnding(basename(file))];
}

const NUMBER = /^[-+]?\d+(\.\d*)?(e[-+]?\d+)?$/i;

/** Labels of text: numbers if all are, also as `np.savetxt` writes them, else names of classes. */
function labelsFrom(from: string, labels: readonly string[]): FoundLabels {
  if (!labels.every((label) => NUMBER.test(label))) {
    return { kind: 'names', from, names: labels, classes: [...new Set(labels)].sort(), what: 'names' };
  }
  const numbers = labels.map(Number);
  const other = numbers.findIndex((number) => !Number.isSafeInteger(number) || number < 0);
  if (other < 0) return { kind: 'numbers', from, numbers };
  throw new CliError(`${from}: labels must be whole numbers of at least 0, got ${labels[other]} for image ${other}`);
}
