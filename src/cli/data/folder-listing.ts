import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../io.ts';
import { inFile } from '../read-data-file.ts';

/** What a folder holds for people, each in the order of its name. @internal */
export interface Listing {
  readonly files: readonly string[];
  /** Links to folders among them. */
  readonly folders: readonly string[];
}

/** Folders that systems and tools put among those of people, beside all that begin with a dot. */
const OF_TOOLS: ReadonlySet<string> = new Set([
  '__MACOSX',
  '__pycache__',
  '@eaDir',
  '$RECYCLE.BIN',
  'System Volume Information',
  'lost+found',
]);

/** Files and folders of a folder; what is hidden or belongs to tools is left out. Throws CliError for a link to nothing. @internal */
export async function listFolder(folder: string): Promise<Listing> {
  const entries = await inFile(folder, () => readdir(folder, { withFileTypes: true }));
  const seen = entries.filter(({ name }) => !name.startsWith('.') && !OF_TOOLS.has(name));
  const kinds = await Promise.all(
    seen.map(async (entry) => {
      if (entry.isFile()) return 'file';
      if (entry.isDirectory()) return 'folder';
      const path = join(folder, entry.name);
      const target = await stat(path).catch(() => undefined);
      if (target === undefined && entry.isSymbolicLink()) {
        throw new CliError(`${path}: is a link to something that is not there`);
      }
      return target?.isDirectory() ? 'folder' : target?.isFile() ? 'file' : undefined;
    }),
  );
  const named = (kind: string): string[] => seen.flatMap(({ name }, i) => (kinds[i] === kind ? [name] : [])).sort();
  return { files: named('file'), folders: named('folder') };
}

const IMAGE = /\.(png|jpe?g|jpe|jfif)$/i;
const OTHER_IMAGE = /\.(bmp|gif|webp|tiff?|ppm|pgm|heic|heif|avif|jp2|jxl)$/i;

/** Whether a file is an image by its name, PNG or JPEG. @internal */
export function isImage(name: string): boolean {
  return IMAGE.test(name);
}

/** The images directly in a folder, in the order of their names. Throws CliError for images of formats that cannot be read. @internal */
export function imagesOf(folder: string, { files }: Listing): string[] {
  const other = files.find((name) => OTHER_IMAGE.test(name));
  if (other !== undefined) {
    const got = `${other.slice(other.lastIndexOf('.') + 1).toUpperCase()} (convert it to PNG, which loses nothing)`;
    throw new CliError(`${join(folder, other)}: must be PNG or JPEG as all images of a folder, got ${got}`);
  }
  return files.filter(isImage).map((name) => join(folder, name));
}

/** So deep lie no images that anybody sorted. */
const DEEPEST = 12;

/** The images in a folder and all folders in it, as `os.walk` and ImageFolder of torchvision order them: folder by folder. @internal */
export async function imagesBelow(top: string): Promise<string[]> {
  const found: { readonly folder: string; readonly images: readonly string[] }[] = [];
  const walk = async (folder: string, depth: number): Promise<void> => {
    if (depth > DEEPEST) {
      throw new CliError(
        `${top}: must have images at most ${DEEPEST} folders deep, got ${folder} (is there a link to a folder above itself?)`,
      );
    }
    const listing = await listFolder(folder);
    found.push({ folder, images: imagesOf(folder, listing) });
    for (const name of listing.folders) await walk(join(folder, name), depth + 1);
  };
  await walk(top, 0);
  return found.sort((a, b) => (a.folder < b.folder ? -1 : 1)).flatMap(({ images }) => images);
}

/** Some names for an error: the first, and how many there are. @internal */
export function someOf(names: readonly string[], most = 6): string {
  if (names.length === 0) return 'nothing';
  const more = names.length > most ? `, ... ${names.length} in all` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}
