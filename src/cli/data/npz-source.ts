import type { NpyArray } from '../../data/arrays.ts';
import { decodeNpz, isArray } from '../../data/decode-npz.ts';
import { readZipDirectory } from '../../data/zip-directory.ts';
import { zipFile } from '../../data/zip-member.ts';
import { CliError } from '../io.ts';
import { inFile } from '../read-data-file.ts';
import { arrayLabels, arraySource } from './array-source.ts';
import type { ChosenBy, DataRequest, FoundArray, FoundLabels, ImageSource } from './image-source.ts';
import { chooseArrays, chooseLabels } from './npz-names.ts';

/** Images of an NPZ archive, and their labels unless `--labels` has them. Throws CliError that names the arrays. @internal */
export async function openNpz(file: string, bytes: Uint8Array, request: DataRequest): Promise<ImageSource> {
  const isLabelledApart = request.labels !== undefined;
  const members = await membersOf(file, bytes);
  const asked = isLabelledApart ? { ...request, file, yName: undefined } : { ...request, file };
  const { x, y, left, part } = chooseArrays(members, asked);
  if (part === 'val' && request.split === undefined) request.say(`${file}: has no test part, so ${x} is taken`);
  const from = `${file}, array ${x}`;
  const images = await arrayOf(file, bytes, x);
  const takes: ChosenBy[] = [
    'xName',
    ...(isLabelledApart ? [] : ['yName' as const]),
    ...(part ? ['split' as const] : []),
  ];
  const what = `${file}, an NPZ archive of ${members.join(', ')}`;
  const found = { what, from, images, takes };
  if (isLabelledApart) return arraySource(request, found);
  if (y !== undefined)
    return arraySource(request, { ...found, ...(await saidBy(await foundIn(file, bytes, y), request)) });
  const { beside, missing } = await leftOver(file, bytes, { left, size: images.shape[0] ?? 0 });
  if (beside !== undefined) request.say(`${beside.from} is taken for the ${request.truthNames ? 'truth' : 'labels'}`);
  else if (missing !== undefined && request.allowsUnlabelled) request.say(`${file}: no labels are taken, ${missing}`);
  return arraySource(request, { ...found, ...(beside && (await saidBy(beside, request))), missing });
}

/** What an array beside the images says: the labels, or whatever is true. */
async function saidBy(
  found: FoundArray,
  { truthNames }: DataRequest,
): Promise<{ readonly labels: FoundLabels } | { readonly truth: FoundArray }> {
  return truthNames === undefined ? { labels: await arrayLabels(found.from, found.array) } : { truth: found };
}

/** An array that is left over says what is true, if it has a row for each image. */
async function leftOver(
  file: string,
  bytes: Uint8Array,
  { left, size }: { readonly left: readonly string[]; readonly size: number },
): Promise<{ readonly beside?: FoundArray; readonly missing?: string }> {
  const [name, ...others] = left;
  if (name === undefined) return {};
  if (others.length > 0) return { missing: `of ${left.join(', ')} any may be the labels (--y-name says which)` };
  const array = await arrayOf(file, bytes, name);
  const [length] = array.shape;
  if (length === size) return { beside: { from: `${file}, array ${name}`, array } };
  return { missing: `the array ${name} has shape [${array.shape.join(', ')}] for ${size} images` };
}

async function foundIn(file: string, bytes: Uint8Array, name: string): Promise<FoundArray> {
  return { from: `${file}, array ${name}`, array: await arrayOf(file, bytes, name) };
}

/** Labels in an archive of their own, or among other arrays. @internal */
export async function openNpzLabels(
  file: string,
  bytes: Uint8Array,
  request: DataRequest,
): Promise<{ readonly labels: FoundLabels; readonly takes: readonly ChosenBy[] }> {
  const { found, takes } = await openNpzTruth(file, bytes, request);
  return { labels: await arrayLabels(found.from, found.array), takes };
}

/** What is true, in an archive of its own, or among other arrays. @internal */
export async function openNpzTruth(
  file: string,
  bytes: Uint8Array,
  request: DataRequest,
): Promise<{ readonly found: FoundArray; readonly takes: readonly ChosenBy[] }> {
  const { name, part } = chooseLabels(await membersOf(file, bytes), { ...request, file });
  return { found: await foundIn(file, bytes, name), takes: ['yName', ...(part ? ['split' as const] : [])] };
}

async function membersOf(file: string, bytes: Uint8Array): Promise<string[]> {
  const directory = await inFile(file, () => readZipDirectory(zipFile('decodeNpz', bytes)));
  return directory.filter(isArray).map(({ name }) => name.replace(/\.npy$/, ''));
}

async function arrayOf(file: string, bytes: Uint8Array, name: string): Promise<NpyArray> {
  const array = (await inFile(file, () => decodeNpz(bytes, { names: [name] }))).get(name);
  if (array !== undefined) return array;
  throw new CliError(`${file}: must have an array ${name}`);
}
