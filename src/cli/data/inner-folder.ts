import { join } from 'node:path';
import { CliError } from '../io.ts';
import { hasDataFiles, hasPickles, partsOf } from './folder-contents.ts';
import { isImage, type Listing, listFolder, someOf } from './folder-listing.ts';
import type { DataRequest, Part } from './image-source.ts';

/** Folders between one that is named and its data, as `MNIST/raw` below the root of torchvision. */
const DEEPEST = 2;

/**
 * The one folder below that holds files of IDX or CIFAR, as the roots of torchvision do, or a tree of parts; undefined if there is none.
 *
 * Throws CliError that names them if there are several, or images beside it.
 * @internal
 */
export async function innerFolder(
  folder: string,
  { folders }: Listing,
  { format }: DataRequest,
): Promise<string | undefined> {
  const found: string[] = [];
  const pickles: string[] = [];
  const images: string[] = [];
  const look = async (path: string, depth: number): Promise<void> => {
    const listing = await listFolder(path);
    if (hasPickles(listing)) pickles.push(path);
    else if (hasDataFiles(listing) || partsOf(listing) !== undefined) found.push(path);
    else if (listing.files.some(isImage)) images.push(path);
    else if (depth < DEEPEST) for (const name of listing.folders) await look(join(path, name), depth + 1);
  };
  for (const name of folders) await look(join(folder, name), 1);
  const [only, ...others] = found;
  if (only === undefined) return format === 'png' || format === 'jpeg' || images.length > 0 ? undefined : pickles[0];
  if (others.length === 0 && images.length === 0) return only;
  const all = [...found, ...images.slice(0, 1)];
  throw new CliError(`${folder}: must hold one data set, got ${someOf(all)} (name one of them by --data)`);
}

/** The folder of a part, or the one in it that is named so again, as some archives unpack: `test_set/test_set`. @internal */
export async function innermostPart(folder: string, part: Part): Promise<string> {
  const { files, folders } = await listFolder(folder);
  const again = partsOf({ files: [], folders })?.get(part);
  const isAlone = again !== undefined && folders.length === 1 && !files.some(isImage);
  return isAlone ? join(folder, again) : folder;
}
