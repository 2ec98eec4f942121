import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeIdx } from '../../data/idx.ts';
import { decodeNpy } from '../../data/npy.ts';
import { CliError } from '../io.ts';
import { inFile, readPlain, startOf } from '../read-data-file.ts';
import type { TruthOptions } from '../truth-options.ts';
import { cocoBoxes } from './coco-boxes.ts';
import { listFolder } from './folder-listing.ts';
import {
  boxesTruth,
  classesTruth,
  type FoundTruth,
  labelLists,
  labelSetsTruth,
  masksTruth,
  numbersTruth,
} from './found-truth.ts';
import type { ChosenBy, DataRequest, FoundArray, ImageSource } from './image-source.ts';
import { maskFiles } from './mask-files.ts';
import { openNpzTruth } from './npz-source.ts';

/** What can be true of an input. @internal */
export type TruthKind = 'class' | 'numbers' | 'mask' | 'boxes' | 'labels' | 'nothing';

/** How one kind is found. */
interface TruthForm {
  /** What it is, for people. */
  readonly what: string;
  /** What arrays of it are called in archives. */
  readonly names: readonly string[];
  readonly of?: (found: FoundArray) => FoundTruth | Promise<FoundTruth>;
  /** Whether a folder of images, or a text in JSON, can hold it. */
  readonly folder?: true;
  readonly json?: true;
}

/** @internal */
export const TRUTHS: Readonly<Record<TruthKind, TruthForm>> = {
  class: { what: 'classes', names: [], of: classesTruth },
  numbers: { what: 'numbers', names: ['values', 'outputs'], of: numbersTruth },
  mask: { what: 'masks', names: ['masks', 'mask', 'segmentation', 'segmentations'], of: masksTruth, folder: true },
  boxes: { what: 'boxes', names: ['boxes', 'bboxes'], of: boxesTruth, json: true },
  labels: { what: 'sets of labels', names: ['labelsets', 'tags'], of: labelSetsTruth, json: true },
  nothing: { what: 'nothing', names: [] },
};

/** What is true, and the options that it went by. @internal */
export interface OpenedTruth {
  readonly found: FoundTruth;
  readonly takes: readonly ChosenBy[];
}

/** What an array beside the inputs says. @internal */
export async function truthOfArray(found: FoundArray | undefined, kind: TruthKind): Promise<OpenedTruth | undefined> {
  const { of } = TRUTHS[kind];
  return found === undefined || of === undefined ? undefined : { found: await of(found), takes: [] };
}

/** A folder of images and what is true of them beside it: masks/ or one file of JSON. Throws CliError where several may be meant. @internal */
export async function truthInside(
  folder: string,
  kind: TruthKind,
): Promise<{ readonly images: string; readonly truth: string } | undefined> {
  if (kind !== 'mask' && kind !== 'boxes') return undefined;
  if (!(await inFile(folder, () => stat(folder))).isDirectory()) return undefined;
  const { files, folders } = await listFolder(folder);
  const images = folders.includes('images') ? join(folder, 'images') : folder;
  if (kind === 'mask') {
    const isThere = images !== folder && folders.includes('masks');
    return isThere ? { images, truth: join(folder, 'masks') } : undefined;
  }
  const texts = files.filter((name) => /\.json$/i.test(name));
  const [only, another] = texts;
  if (only === undefined) return undefined;
  if (another === undefined) return { images, truth: join(folder, only) };
  throw new CliError(`${folder}: must hold one file of annotations, got ${texts.join(', ')} (name one by --truth)`);
}

/** For which inputs what is true is opened. @internal */
export interface ForInputs {
  readonly images: ImageSource;
  /** The folder of the images, if they are files. */
  readonly folder: string;
  readonly request: DataRequest & TruthOptions;
  readonly kind: TruthKind;
}

/** Opens `--truth`, or what was found in its place. Throws CliError that names the file. @internal */
export async function openTruth(path: string, inputs: ForInputs): Promise<OpenedTruth> {
  const { images, folder, request, kind } = inputs;
  const { of, what, folder: mayBeFolder } = TRUTHS[kind];
  if (of === undefined) throw new CliError(`--truth must be left out for this task, which needs none, got ${path}`);
  if ((await inFile(path, () => stat(path))).isDirectory()) {
    if (mayBeFolder && images.files)
      return { found: await maskFiles(path, { folder, files: images.files }), takes: [] };
    const must = mayBeFolder ? `must be an array for ${images.what}` : `must be a file with ${what}`;
    throw new CliError(`${path}: ${must}, got a folder`);
  }
  const bytes = await readPlain(path);
  const format = startOf(bytes);
  if (format === 'npz') {
    const { found, takes } = await openNpzTruth(path, bytes, request);
    return { found: await of(found), takes };
  }
  if (format === 'npy' || format === 'idx') {
    const array = await inFile(path, () => (format === 'npy' ? decodeNpy(bytes) : decodeIdx(bytes)));
    return { found: await of({ from: path, array }), takes: [] };
  }
  return { found: await openText(path, inputs), takes: [] };
}

async function openText(path: string, { images, folder, request, kind }: ForInputs): Promise<FoundTruth> {
  const { json, folder: mayBeFolder, what } = TRUTHS[kind];
  if (json && /\.json$/i.test(path)) {
    if (kind === 'labels') return labelLists(path, await inFile(path, () => readFile(path, 'utf8')));
    if (images.files) return cocoBoxes(path, { folder, files: images.files }, request);
    const way = 'take a folder of images, or boxes in NPZ';
    throw new CliError(`${path}: annotations of COCO name files, got ${images.what} (${way})`);
  }
  const forms = ['IDX, NPY, NPZ', ...(mayBeFolder ? ['a folder of PNG files'] : []), ...(json ? ['a .json file'] : [])];
  throw new CliError(`${path}: must be ${what} in ${forms.join(' or ')}, got a file of another kind`);
}
