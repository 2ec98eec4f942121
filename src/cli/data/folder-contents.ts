import { join } from 'node:path';
import type { DataOptions } from '../common-options.ts';
import { CliError } from '../io.ts';
import type { Listing } from './folder-listing.ts';
import type { Part } from './image-source.ts';

/** Files of images, and of labels where they are found. @internal */
export interface IdxFiles {
  readonly images: string;
  readonly labels: string | undefined;
}

/** Data files that a folder holds, by the names that their authors gave them. @internal */
export type DataFiles =
  | ({ readonly format: 'idx' } & IdxFiles)
  | { readonly format: 'cifar10' | 'cifar100'; readonly files: readonly string[] };

const IDX = /^(.*?)(train|t10k|test)[-_](images|labels)((?:[-._]?idx\d)?(?:[-._]?(?:ubyte|byte|int|idx))?(?:\.gz)?)$/;

const CIFAR: readonly (readonly ['cifar10' | 'cifar100', Part, RegExp])[] = [
  ['cifar10', 'train', /^data_batch_\d+\.bin(\.gz)?$/],
  ['cifar10', 'test', /^test_batch\.bin(\.gz)?$/],
  ['cifar100', 'train', /^train\.bin(\.gz)?$/],
  ['cifar100', 'test', /^test\.bin(\.gz)?$/],
];

/** Whether a folder holds files of IDX or CIFAR, of any part. @internal */
export function hasDataFiles({ files }: Listing): boolean {
  return files.some((name) => IDX.exec(name)?.[3] === 'images' || CIFAR.some(([, , pattern]) => pattern.test(name)));
}

/** The files of a part. Throws CliError that names them where there are several sets; undefined if there is none. @internal */
export function dataFilesOf(
  folder: string,
  { files }: Listing,
  part: Part,
  format: DataOptions['format'],
): DataFiles | undefined {
  const sets: (DataFiles & { readonly shown: string })[] = [];
  if (format === 'auto' || format === 'idx') {
    for (const one of idxFiles(files, part)) sets.push({ format: 'idx', ...one, shown: one.images });
  }
  for (const kind of ['cifar10', 'cifar100'] as const) {
    const found = files.filter((name) =>
      CIFAR.some(([one, of, pattern]) => one === kind && of === part && pattern.test(name)),
    );
    if (found.length > 0 && (format === 'auto' || format === kind)) {
      sets.push({ format: kind, files: withoutPacked(found), shown: found[0] ?? '' });
    }
  }
  const [only, ...others] = sets;
  if (only === undefined || others.length === 0) return only;
  const shown = sets.map((set) => set.shown).join(', ');
  const example = `${join(folder, only.shown)}${only.format === 'idx' && only.labels ? ` --labels ${join(folder, only.labels)}` : ''}`;
  throw new CliError(`${folder}: must hold one data set, got ${shown} (name the files: --data ${example})`);
}

/** Images of each set of IDX files, with the labels of the same name. A file that is there packed and plain counts once. */
function idxFiles(files: readonly string[], part: Part): IdxFiles[] {
  const known = files.flatMap((name) => {
    const [, stem = '', word, what] = IDX.exec(name) ?? [];
    const of = word === undefined ? undefined : word === 'train' ? 'train' : 'test';
    return of === part ? [{ name, set: `${stem}${word}`, what }] : [];
  });
  const sets = [...new Set(known.flatMap(({ set, what }) => (what === 'images' ? [set] : [])))];
  return sets.map((set) => {
    const one = (what: string): string | undefined =>
      known
        .filter((each) => each.set === set && each.what === what)
        .map(({ name }) => name)
        .sort(plainFirst)[0];
    return { images: one('images') ?? '', labels: one('labels') };
  });
}

const plainFirst = (a: string, b: string): number =>
  Number(a.endsWith('.gz')) - Number(b.endsWith('.gz')) || (a < b ? -1 : 1);

function withoutPacked(files: readonly string[]): string[] {
  return files.filter((name) => !name.endsWith('.gz') || !files.includes(name.slice(0, -'.gz'.length)));
}

const PART_FOLDERS: readonly (readonly [Part, RegExp])[] = [
  ['train', /^train(ing)?([-_ ]?(set|data|images))?$/i],
  ['val', /^val(id(ation)?)?([-_ ]?(set|data|images))?$/i],
  ['test', /^test(ing)?([-_ ]?(set|data|images))?$/i],
];

/** The folders of a tree of parts, as of ImageNet: all folders are parts, or two of them are. Undefined if the folder is no such tree. @internal */
export function partsOf({ folders, files }: Listing): ReadonlyMap<Part, string> | undefined {
  const parts = new Map<Part, string>();
  let count = 0;
  for (const name of folders) {
    const part = PART_FOLDERS.find(([, pattern]) => pattern.test(name))?.[0];
    if (part === undefined) continue;
    count++;
    if (!parts.has(part)) parts.set(part, name);
  }
  const isTree = count > 0 && (count === folders.length || parts.size > 1);
  return isTree && !hasDataFiles({ files, folders }) ? parts : undefined;
}

/** Whether a folder holds CIFAR as Python has it. @internal */
export function hasPickles({ files }: Listing): boolean {
  return (
    files.includes('batches.meta') || (files.includes('meta') && files.includes('train') && files.includes('test'))
  );
}
