import { stat } from 'node:fs/promises';
import { decodeCifar } from '../data/cifar.ts';
import { decodeIdx } from '../data/idx.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { decodeNpy } from '../data/npy.ts';
import type { InputRange } from '../types.ts';
import type { DataOptions } from './common-options.ts';
import { arraySource } from './data/array-source.ts';
import { cifarSource } from './data/cifar-source.ts';
import { classList, readClassFile } from './data/class-file.ts';
import { numberLabels } from './data/class-numbers.ts';
import { type DataRequest, type ImageSource, type Part, refuseUnused } from './data/image-source.ts';
import { openLabels } from './data/label-file.ts';
import { openNpz } from './data/npz-source.ts';
import { isTable } from './data/number-table.ts';
import { openTableOfClasses } from './data/table-source.ts';
import { openFolder } from './data/open-folder.ts';
import { CliError, type CliIo, note } from './io.ts';
import type { OpenedData } from './opened-data.ts';
import { detectFormat, inFile, readPlain } from './read-data-file.ts';

/** What a command needs of its data. @internal */
export interface DataNeeds {
  /** Whether images without labels will do. */
  readonly allowsUnlabelled?: boolean;
  /** The part that is taken where `--split` does not say it: the test part, unless told otherwise. */
  readonly usualPart?: Part;
  /** The classes of other data, in their order, where `--classes` does not say them. */
  readonly classNames?: readonly string[] | undefined;
  /** Whether the options are those of other data too, so that some may have no use here. */
  readonly sharesOptions?: boolean;
}

/** The options of the data, and what bytes fill. @internal */
export interface DataSettings extends DataOptions {
  readonly inputRange?: InputRange | undefined;
  /** Whether the numbers of the data are taken as they are: ids or bits. */
  readonly isWhole?: boolean | undefined;
}

/**
 * Opens `--data` and `--labels`, and numbers the classes.
 *
 * Throws CliError that names the file and what was found, and for an option that was given and has no use.
 * @internal
 */
export async function openData(
  settings: DataSettings,
  io: Pick<CliIo, 'stderr'>,
  needs: DataNeeds = {},
): Promise<OpenedData> {
  const { allowsUnlabelled = false, usualPart = 'test', sharesOptions = false, classNames: known } = needs;
  const say = (text: string): void => note(io, text);
  const request: DataRequest = { inputRange: undefined, isWhole: false, ...settings, allowsUnlabelled, usualPart, say };
  const { data, labels: labelsFile, classes } = request;
  const ofOthers =
    known &&
    classList(
      '--data',
      known.map((name) => [name]),
    );
  const list = classes === undefined ? ofOthers : await readClassFile(classes);
  const images = await openImages(request);
  const given = labelsFile === undefined ? undefined : await openLabels(labelsFile, images, request);
  if (!sharesOptions) refuseUnused(request, images.what, [...images.takes, ...(given?.takes ?? [])]);
  const labels = given?.labels ?? images.labels;
  const { fromBytes, files: names } = images;
  const common = { fromBytes, names, classesFrom: classes };
  if (labels !== undefined) {
    const { labels: numbers, classNames, named } = numberLabels(labels, list, say);
    const nameOf = names && ((index: number) => names[index] ?? '');
    return {
      ...common,
      dataset: datasetOf(images, numbers),
      isLabelled: true,
      labels: { from: labels.from, numbers, nameOf },
      classNames,
      named,
    };
  }
  if (allowsUnlabelled)
    return { ...common, dataset: datasetOf(images, undefined), isLabelled: false, classNames: list?.names };
  throw new CliError(
    `${data}: must come with labels, got images only (${images.missing ?? 'add --labels with their file'})`,
  );
}

/** The images of a file or a folder, and what comes with them. @internal */
export async function openImages(request: DataRequest): Promise<ImageSource> {
  const { data } = request;
  const found = await inFile(data, () => stat(data));
  if (!isTable(data)) refuseTableOptions(request);
  return found.isDirectory() ? openFolder(data, request) : openFile(request);
}

/** Throws CliError for columns of what has none. */
function refuseTableOptions({ data, target, features }: DataRequest): void {
  const flag = target === undefined ? (features === undefined ? undefined : '--features') : '--target';
  if (flag !== undefined) throw new CliError(`${flag} is for a table (.csv, .tsv), got ${data} (leave ${flag} out)`);
}

/** The images with their labels; 0 where there are none. */
function datasetOf({ size, shape, image }: ImageSource, labels: ArrayLike<number> | undefined): LabelledDataset {
  return { size, shape, example: async (index) => ({ x: await image(index), label: labels?.[index] ?? 0 }) };
}

async function openFile(request: DataRequest): Promise<ImageSource> {
  const { data, format: asked } = request;
  if (isTable(data)) return openTableOfClasses(data, request);
  const bytes = await readPlain(data);
  const isHeaderless = asked === 'cifar10' || asked === 'cifar100';
  const format = isHeaderless ? asked : detectFormat(data, bytes);
  if (asked !== 'auto' && asked !== format) {
    throw new CliError(`${data}: must be ${asked} as --format says, got ${format}`);
  }
  switch (format) {
    case 'idx': {
      const images = await inFile(data, () => decodeIdx(bytes));
      return arraySource(request, { what: `${data}, an IDX file`, from: data, images });
    }
    case 'npy': {
      const images = await inFile(data, () => decodeNpy(bytes));
      return arraySource(request, { what: `${data}, an NPY file`, from: data, images });
    }
    case 'npz':
      return openNpz(data, bytes, request);
    case 'cifar10':
    case 'cifar100': {
      const batch = await inFile(data, () => decodeCifar(bytes, { classes: format === 'cifar10' ? 10 : 100 }));
      return cifarSource({ from: data, batches: [batch] }, request);
    }
    case 'png':
    case 'jpeg':
      throw new CliError(`${data}: must be a folder of images, got one ${format.toUpperCase()} file (name its folder)`);
  }
}
