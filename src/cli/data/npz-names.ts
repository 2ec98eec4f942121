import { CliError } from '../io.ts';
import type { Part } from './image-source.ts';

/** What the name of an array says. */
interface NameSays {
  readonly name: string;
  readonly role: 'images' | 'labels' | undefined;
  readonly part: Part | undefined;
}

const PART = /^(.*?)(train(?:ing)?|test(?:ing)?|val(?:id(?:ation)?)?)(.*)$/;
const IMAGES: ReadonlySet<string> = new Set([
  'x',
  'images',
  'image',
  'imgs',
  'img',
  'data',
  'features',
  'inputs',
  'input',
  'pixels',
]);
const LABELS: ReadonlySet<string> = new Set(['y', 'labels', 'label', 'lbls', 'lbl', 'targets', 'target']);

/** Whether names stand for images or labels, and of which part: `x_test`, `test_images`, `X`, `yTrain` and the like. */
function readAll(names: readonly string[], { truthNames = [] }: Pick<NamesAsked, 'truthNames'>): NameSays[] {
  const all = names.map((name) => ({ name, ...baseOf(name) }));
  // What a task calls its truth comes before what labels are called.
  const isNamed = all.some(({ base }) => truthNames.includes(base));
  const isLabels = (base: string): boolean => (isNamed ? truthNames.includes(base) : LABELS.has(base));
  return all.map(({ name, base, part }) => {
    if (IMAGES.has(base)) return { name, role: 'images', part };
    return { name, role: isLabels(base) ? 'labels' : undefined, part };
  });
}

/** A name without its part, in small letters. */
function baseOf(name: string): { readonly base: string; readonly part: Part | undefined } {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  const [, before = '', word, after = ''] = PART.exec(plain) ?? [];
  return word === undefined
    ? { base: plain, part: undefined }
    : { base: before + after, part: PART_OF[word.slice(0, 2)] };
}

const PART_OF: Readonly<Record<string, Part>> = { tr: 'train', te: 'test', va: 'val' };

/** What is known when arrays are chosen. @internal */
export interface NamesAsked {
  /** The archive, for errors. */
  readonly file: string;
  readonly split?: Part | undefined;
  readonly usualPart: Part;
  readonly xName?: string | undefined;
  readonly yName?: string | undefined;
  /** Usual names of what is true, where that is no label. */
  readonly truthNames?: readonly string[] | undefined;
}

/** The arrays that were chosen. @internal */
export interface ChosenNames {
  readonly x: string;
  /** The labels, by name. */
  readonly y: string | undefined;
  /** Arrays that may be the labels, where none is by its name. */
  readonly left: readonly string[];
  /** The part that the names say. */
  readonly part: Part | undefined;
}

/**
 * Which arrays of an archive are images and labels: those that are named, else those of usual names and of the wanted part.
 *
 * Throws CliError that names all arrays where none or several may be meant.
 * @internal
 */
export function chooseArrays(members: readonly string[], asked: NamesAsked): ChosenNames {
  const { file, xName, yName } = asked;
  const all = readAll(members, asked);
  const has = (name: string): boolean => members.includes(name);
  for (const name of [xName, yName]) {
    if (name === undefined || has(name)) continue;
    throw new CliError(`${file}: must have an array ${name}, got ${members.join(', ')} (add --x-name and --y-name)`);
  }
  const x = all.find(({ name }) => name === xName) ?? chooseImages(all, asked);
  const mayBelong = ({ role, part }: NameSays): boolean =>
    part === x.part || (role === undefined && part === undefined);
  const others = all.filter((one) => one.name !== x.name && one.role !== 'images' && mayBelong(one));
  const y =
    yName ??
    onlyOne(
      others.filter(({ role }) => role === 'labels'),
      asked,
      'labels',
    )?.name;
  const left = y === undefined ? others.map(({ name }) => name) : [];
  return { x: x.name, y, left, part: x.part };
}

function chooseImages(all: readonly NameSays[], asked: NamesAsked): NameSays {
  const images = all.filter(({ role }) => role === 'images');
  const found = onlyOne(ofPart(images, asked), asked, 'images');
  if (found !== undefined) return found;
  const unnamed = all.filter(({ role }) => role === undefined);
  const [first, second, ...more] = unnamed;
  // np.savez(file, images) or np.savez(file, images, labels)
  const isSaved = first?.name === 'arr_0' && (second === undefined || (second.name === 'arr_1' && more.length === 0));
  if (first !== undefined && (isSaved || second === undefined)) return first;
  const names = all.map(({ name }) => name).join(', ');
  throw new CliError(
    `${asked.file}: must have images by a usual name as x_test or images, got ${names} (add --x-name and --y-name)`,
  );
}

/** The arrays of the wanted part, where names say parts. */
function ofPart(images: readonly NameSays[], { file, split, usualPart }: NamesAsked): readonly NameSays[] {
  const parted = images.filter(({ part }) => part !== undefined);
  if (parted.length === 0) return images;
  const wanted = split ?? usualPart;
  const found = [wanted, ...(wanted === 'test' ? ['val'] : [])].map((one) => parted.filter(({ part }) => part === one));
  const chosen = found.find(({ length }) => length > 0);
  if (chosen !== undefined) return chosen;
  const got = parted.map(({ name }) => name).join(', ');
  throw new CliError(
    `${file}: must have the images of --split ${wanted}, got ${got} (add another --split, or --x-name and --y-name)`,
  );
}

/** The labels of an archive that holds nothing else, or no images that are meant. Throws CliError that names the arrays. @internal */
export function chooseLabels(
  members: readonly string[],
  asked: NamesAsked,
): { readonly name: string; readonly part: Part | undefined } {
  const { file, yName } = asked;
  const all = readAll(members, asked);
  if (yName !== undefined) {
    const named = all.find(({ name }) => name === yName);
    if (named !== undefined) return { name: yName, part: undefined };
    throw new CliError(`${file}: must have an array ${yName}, got ${members.join(', ')} (add another --y-name)`);
  }
  const found = onlyOne(
    ofPart(
      all.filter(({ role }) => role === 'labels'),
      asked,
    ),
    asked,
    'labels',
  );
  const [only, ...others] = all;
  if (found !== undefined) return found;
  if (only !== undefined && others.length === 0) return { name: only.name, part: undefined };
  throw new CliError(
    `${file}: must have labels by a usual name as y_test or labels, got ${members.join(', ')} (add --y-name)`,
  );
}

function onlyOne(found: readonly NameSays[], { file }: NamesAsked, what: 'images' | 'labels'): NameSays | undefined {
  if (found.length < 2) return found[0];
  const names = found.map(({ name }) => name).join(' or ');
  throw new CliError(
    `${file}: must have one array of ${what}, got ${names} (say which by --${what === 'images' ? 'x' : 'y'}-name)`,
  );
}
