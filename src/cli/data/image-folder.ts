import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CliError } from '../io.ts';
import { inFile } from '../read-data-file.ts';
import { imagesBelow, imagesOf, type Listing, listFolder } from './folder-listing.ts';
import { imageFiles } from './image-files.ts';
import type { ChosenBy, DataRequest, FoundLabels, ImageSource } from './image-source.ts';
import { textLabels } from './label-file.ts';

/** A folder of images, or of folders of images. @internal */
export interface ImagePlace {
  readonly folder: string;
  readonly listing: Listing;
  /** The part of a tree with train and val that this is: its classes are those of the training part. */
  readonly trainFolder?: string | undefined;
}

const TAKES: readonly ChosenBy[] = ['resize', 'crop'];

/** Data of a folder: folders in it are classes; images directly in it have no label. Throws CliError that names the file or folder. @internal */
export async function openImageFolder(
  { folder, listing, trainFolder }: ImagePlace,
  request: DataRequest,
): Promise<ImageSource> {
  const loose = imagesOf(folder, listing);
  const { folders } = listing;
  if (loose.length > 0 && folders.length > 0) {
    throw new CliError(
      `${folder}: must hold images or one folder for each class, got both (${folders[0]} and ${basename(loose[0] ?? '')})`,
    );
  }
  if (loose.length > 0) return looseImages(folder, loose, request);
  const [only, ...others] = folders;
  if (only !== undefined && others.length === 0 && /^(images?|imgs?|jpegimages)$/i.test(only)) {
    const below = join(folder, only);
    const images = imagesOf(below, await listFolder(below));
    const annotations = listing.files.includes(ANNOTATIONS) ? join(folder, ANNOTATIONS) : undefined;
    if (images.length > 0) return annotatedImages({ folder: below, annotations, trainFolder }, images, request);
  }
  return classFolders(folder, folders, trainFolder, request);
}

/** The labels of the validation part of Tiny ImageNet, beside its folder of images. */
const ANNOTATIONS = 'val_annotations.txt';

async function looseImages(folder: string, files: readonly string[], request: DataRequest): Promise<ImageSource> {
  const missing =
    'put the images of each class into a folder of its own, or add --labels with a text of lines "file name, label"';
  return { ...(await imageFiles(files, request)), what: `${folder}, a folder of images`, takes: TAKES, missing };
}

interface Annotated {
  readonly folder: string;
  readonly annotations: string | undefined;
  readonly trainFolder: string | undefined;
}

async function annotatedImages(
  { folder, annotations, trainFolder }: Annotated,
  files: readonly string[],
  request: DataRequest,
): Promise<ImageSource> {
  const images = await looseImages(folder, files, request);
  if (annotations === undefined || request.labels !== undefined) return images;
  request.say(`${annotations} has the labels of ${folder}`);
  const text = await inFile(annotations, () => readFile(annotations, 'utf8'));
  const labels = textLabels(annotations, text, images);
  if (labels.kind === 'numbers') return { ...images, labels };
  return { ...images, labels: { ...labels, classes: await knownClasses(labels.classes, trainFolder) } };
}

async function classFolders(
  folder: string,
  folders: readonly string[],
  trainFolder: string | undefined,
  request: DataRequest,
): Promise<ImageSource> {
  const files: string[] = [];
  const names: string[] = [];
  for (const name of folders) {
    const found = await imagesBelow(join(folder, name));
    for (const path of found) {
      files.push(path);
      names.push(name);
    }
  }
  if (files.length === 0) throw new CliError(`${folder}: must hold PNG or JPEG files, or folders with some, got none`);
  const classes = await knownClasses(folders, trainFolder);
  const labels: FoundLabels = { kind: 'names', from: folder, names, classes, what: 'folders' };
  return { ...(await imageFiles(files, request)), what: `${folder}, a folder of classes`, takes: TAKES, labels };
}

/** The folders, or those of the training part, if it has all of them: a part may lack a class. */
async function knownClasses(folders: readonly string[], trainFolder: string | undefined): Promise<readonly string[]> {
  if (trainFolder === undefined) return folders;
  const all = new Set((await listFolder(trainFolder)).folders);
  return folders.every((name) => all.has(name)) ? [...all] : folders;
}
