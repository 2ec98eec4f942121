import { join } from 'node:path';
import type { NpyArray } from '../../data/arrays.ts';
import { type CifarBatch, decodeCifar } from '../../data/cifar.ts';
import { decodeIdx } from '../../data/idx.ts';
import { CliError } from '../io.ts';
import { inFile, readPlain } from '../read-data-file.ts';
import { arrayLabels, arraySource } from './array-source.ts';
import { cifarSource } from './cifar-source.ts';
import { type DataFiles, dataFilesOf, hasDataFiles, hasPickles, partsOf } from './folder-contents.ts';
import { isImage, type Listing, listFolder, someOf } from './folder-listing.ts';
import { openImageFolder } from './image-folder.ts';
import { innerFolder, innermostPart } from './inner-folder.ts';
import { type DataRequest, type ImageSource, type Part, wantedPart } from './image-source.ts';

/** Data of a folder, wherever in it they lie. Throws CliError that names the folder and what was found. @internal */
export async function openFolder(folder: string, request: DataRequest): Promise<ImageSource> {
  const listing = await listFolder(folder);
  const here = await openHere(folder, listing, request);
  if (here !== undefined) return here;
  if (!listing.files.some(isImage)) {
    const inner = await innerFolder(folder, listing, request);
    if (inner !== undefined) {
      request.say(`${folder}: its data are taken from ${inner}`);
      return openFolder(inner, request);
    }
  }
  return openImages(folder, listing, request);
}

/** The files of IDX or CIFAR of a folder, or a part of its tree; undefined if it holds neither. */
async function openHere(folder: string, listing: Listing, request: DataRequest): Promise<ImageSource | undefined> {
  const files = dataFilesOf(folder, listing, wantedPart(request), request.format);
  if (files !== undefined) return openFiles(folder, files, request);
  const parts = partsOf(listing);
  if (parts !== undefined) return openPart(folder, parts, request);
  if (hasPickles(listing)) {
    throw new CliError(
      `${folder}: must be the binary version of CIFAR, got the one for Python, whose pickles are not read (take cifar-10-binary.tar.gz or cifar-100-binary.tar.gz)`,
    );
  }
  if (!hasDataFiles(listing) || request.format === 'png' || request.format === 'jpeg') return undefined;
  const wanted = `--split ${wantedPart(request)}${request.format === 'auto' ? '' : ` and --format ${request.format}`}`;
  throw new CliError(
    `${folder}: must hold the data files of ${wanted}, got ${someOf(listing.files)} (take another --split, or name the files)`,
  );
}

async function openFiles(folder: string, found: DataFiles, request: DataRequest): Promise<ImageSource> {
  if (found.format !== 'idx') {
    const batches = await Promise.all(found.files.map((name) => cifarBatch(join(folder, name), found.format)));
    return cifarSource({ from: folder, batches, takes: ['split'] }, request);
  }
  const images = join(folder, found.images);
  const source = { what: `${folder}, a folder of IDX files`, from: images, takes: ['split'] as const };
  const pixels = await idxOf(images);
  const missing = `there is no ${found.images.replace('images', 'labels').replace('idx3', 'idx1')} beside ${found.images}`;
  if (found.labels === undefined || request.labels !== undefined)
    return arraySource(request, { ...source, images: pixels, missing });
  const labels = join(folder, found.labels);
  const array = classColumn(found.labels, await idxOf(labels));
  if (request.truthNames) return arraySource(request, { ...source, images: pixels, truth: { from: labels, array } });
  return arraySource(request, { ...source, images: pixels, labels: await arrayLabels(labels, array) });
}

/** The labels of QMNIST are the first of eight columns that say where a digit is from. */
function classColumn(name: string, array: NpyArray): NpyArray {
  const [size = 0, width] = array.shape;
  if (!name.startsWith('qmnist') || width !== 8) return array;
  const data = Float64Array.from({ length: size }, (_, row) => array.data[row * width] as number);
  return { dtype: 'float64', shape: [size], data };
}

async function idxOf(path: string): Promise<NpyArray> {
  const bytes = await readPlain(path);
  return inFile(path, () => decodeIdx(bytes));
}

async function cifarBatch(path: string, format: 'cifar10' | 'cifar100'): Promise<CifarBatch> {
  const bytes = await readPlain(path);
  return inFile(path, () => decodeCifar(bytes, { classes: format === 'cifar10' ? 10 : 100 }));
}

/** The folder of a part of a tree; val stands for a test part that is missing, or that has no labels. */
async function openPart(folder: string, parts: ReadonlyMap<Part, string>, request: DataRequest): Promise<ImageSource> {
  const part = wantedPart(request);
  const train = parts.get('train');
  const trainFolder =
    train === undefined || part === 'train' ? undefined : await innermostPart(join(folder, train), 'train');
  const val = parts.get('val');
  const name = parts.get(part) ?? (part === 'test' ? val : undefined);
  if (name === undefined) {
    throw new CliError(
      `${folder}: must have a folder for --split ${part}, got ${[...parts.values()].join(', ')} (take another --split)`,
    );
  }
  if (!parts.has(part)) request.say(`${folder}: has no test part, so its ${name} is taken`);
  const opened = await openPartFolder(
    await innermostPart(join(folder, name), parts.has(part) ? part : 'val'),
    trainFolder,
    request,
  );
  const lacksLabels = opened.labels === undefined && request.labels === undefined && !request.allowsUnlabelled;
  if (!lacksLabels || request.split !== undefined || part !== 'test' || val === undefined || val === name)
    return opened;
  request.say(`${join(folder, name)}: has no labels, so ${join(folder, val)} is taken`);
  return openPartFolder(await innermostPart(join(folder, val), 'val'), trainFolder, request);
}

async function openPartFolder(
  folder: string,
  trainFolder: string | undefined,
  request: DataRequest,
): Promise<ImageSource> {
  const listing = await listFolder(folder);
  const opened = hasDataFiles(listing)
    ? await openFolder(folder, request)
    : await openImages(folder, listing, request, trainFolder);
  return { ...opened, takes: [...opened.takes, 'split'] };
}

async function openImages(
  folder: string,
  listing: Listing,
  request: DataRequest,
  trainFolder?: string,
): Promise<ImageSource> {
  const { format } = request;
  const isSorted = listing.folders.length > 0 || listing.files.some(isImage);
  if (isSorted && (format === 'auto' || format === 'png' || format === 'jpeg')) {
    return openImageFolder({ folder, listing, trainFolder }, request);
  }
  const wanted = format === 'auto' ? 'IDX or CIFAR binary files, or PNG or JPEG images' : `data of --format ${format}`;
  const arrays = listing.files.some((name) => /\.np[yz]$/.test(name))
    ? ' (name the file: --data images.npz, or --data x.npy --labels y.npy)'
    : '';
  throw new CliError(
    `${folder}: must hold ${wanted} for --split ${wantedPart(request)}, got ${someOf([...listing.folders, ...listing.files])}${arrays}`,
  );
}
