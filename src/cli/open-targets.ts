import type { TargetDataset } from '../data/target-dataset.ts';
import { type DataRequest, type ImageSource, refuseUnused } from './data/image-source.ts';
import { dataFormOptions } from './common-options.ts';
import { isTable } from './data/number-table.ts';
import { type OpenedTruth, openTruth, truthInside, type TruthKind, truthOfArray, TRUTHS } from './data/open-truth.ts';
import { openTable } from './data/table-source.ts';
import { CliError, type CliIo, note } from './io.ts';
import { type DataSettings, openData, openImages } from './open-data.ts';
import type { OpenedData } from './opened-data.ts';
import { type TruthOptions, truthOptions } from './truth-options.ts';

/** Inputs with what is true of them, of any kind. @internal */
export interface OpenedTargets {
  /** The inputs; a target that is not known is null. */
  readonly dataset: TargetDataset<unknown>;
  /** Where what is true is from, if it is known. */
  readonly truthFrom: string | undefined;
  readonly fromBytes: boolean;
  /** The data with their classes, where a class is what is true. */
  readonly labelled?: OpenedData | undefined;
}

/** Opens `--data` and what is true of it. Throws CliError that names the file, and for an option that was given and has no use. @internal */
export async function openTargets(
  settings: DataSettings & TruthOptions,
  io: Pick<CliIo, 'stderr'>,
  kind: TruthKind,
): Promise<OpenedTargets> {
  if (!isTable(settings.data)) refuse(settings, ['target', 'features'], 'is for a table (.csv, .tsv)');
  if (kind !== 'boxes') refuse(settings, ['categories'], 'is for annotations of boxes');
  return kind === 'class' && !isTable(settings.data) ? openClasses(settings, io) : openAny(settings, io, kind);
}

async function openClasses(settings: DataSettings & TruthOptions, io: Pick<CliIo, 'stderr'>): Promise<OpenedTargets> {
  refuse(settings, ['truth'], 'is for what is no class: classes are given by --labels');
  const labelled = await openData(settings, io, { allowsUnlabelled: true });
  const { dataset, isLabelled, labels, fromBytes } = labelled;
  const { size, shape } = dataset;
  const example = async (index: number): Promise<{ x: Float32Array; target: number | null }> => {
    const { x, label } = await dataset.example(index);
    return { x, target: isLabelled ? label : null };
  };
  return { dataset: { size, shape, example }, truthFrom: labels?.from, fromBytes, labelled };
}

async function openAny(
  settings: DataSettings & TruthOptions,
  io: Pick<CliIo, 'stderr'>,
  kind: TruthKind,
): Promise<OpenedTargets> {
  const say = (text: string): void => note(io, text);
  const { data, labels } = settings;
  const { what, names } = TRUTHS[kind];
  if (labels !== undefined) {
    throw new CliError(`--labels is for classes, got ${labels} where ${what} are what is true (take --truth)`);
  }
  const shared = { inputRange: undefined, isWhole: false, allowsUnlabelled: true, usualPart: 'test', say } as const;
  const request: DataRequest & TruthOptions = { ...shared, ...settings, truthNames: names };
  const { images, opened } = await inputsOf(request, kind);
  refuseUnused(request, images.what, [...images.takes, ...(opened?.takes ?? [])]);
  refuseResized(request, kind, opened);
  const found = opened?.found;
  if (found !== undefined && found.size !== images.size) {
    throw new CliError(
      `${found.from}: must hold ${what} for each of the ${images.size} inputs of ${images.what}, got ${found.size}`,
    );
  }
  if (found === undefined && kind !== 'nothing') say(`${data}: it is not known which ${what} are true`);
  const { size, shape, fromBytes } = images;
  const example = async (index: number): Promise<{ x: Float32Array; target: unknown }> => {
    return { x: await images.image(index), target: (await found?.target(index)) ?? null };
  };
  return { dataset: { size, shape, example }, truthFrom: found?.from, fromBytes };
}

/** The inputs, and what is true of them: by `--truth`, else by what comes with them. */
async function inputsOf(
  request: DataRequest & TruthOptions,
  kind: TruthKind,
): Promise<{ readonly images: ImageSource; readonly opened: OpenedTruth | undefined }> {
  const { data, truth, say } = request;
  const inside = truth === undefined ? await truthInside(data, kind) : undefined;
  const folder = inside?.images ?? data;
  const images = isTable(data) ? await openTable(data, request) : await openImages({ ...request, data: folder });
  if (inside) say(`${inside.truth} has what is true of ${inside.images}`);
  const path = truth ?? inside?.truth;
  const opened =
    path === undefined ? truthOfArray(images.truth, kind) : openTruth(path, { images, folder, request, kind });
  return { images, opened: await opened };
}

/** Throws CliError for an option that has no use for these data. */
function refuse(
  settings: DataSettings & TruthOptions,
  names: readonly (keyof TruthOptions | 'target' | 'features')[],
  use: string,
): void {
  for (const name of names) {
    if (settings[name] === undefined) continue;
    const [flag = ''] = { ...truthOptions, ...dataFormOptions }[name].flags.split(' ');
    throw new CliError(`${flag} ${use}, got ${settings.data} (leave ${flag} out)`);
  }
}

/** Throws CliError where what is true would be of another size than the images. */
function refuseResized({ resize, crop }: DataRequest, kind: TruthKind, opened: OpenedTruth | undefined): void {
  if (opened === undefined || (kind !== 'mask' && kind !== 'boxes')) return;
  const flag = resize === undefined ? (crop === undefined ? undefined : '--crop') : '--resize';
  if (flag === undefined) return;
  const { what } = TRUTHS[kind];
  throw new CliError(`${flag} must be left out with ${what}, which are of whole images, got ${opened.found.from}`);
}
