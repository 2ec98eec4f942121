import { encode } from 'fast-png';
import { decodeMask, encodeMask, type MaskLike } from '../../smoothed/segmentation/masks.ts';
import type { SegmentationCertificate } from '../../smoothed/segmentation/certificate.ts';
import { decodeLabels } from '../../smoothed/segmentation/decode-certificate.ts';
import { classesOf } from '../../smoothed/segmentation/class-tree.ts';
import { type RgbImage, segmentationImage } from '../../evaluate/segmentation-image.ts';
import type { OutputRow } from '../../evaluate/output-rows.ts';
import { CliError } from '../io.ts';

/** A log whose masks are shown, under a short name. */
interface MaskLog {
  readonly name: string;
  readonly file: string;
  readonly task: string;
  readonly rows: readonly OutputRow[];
}

/** A picture as PNG, and what is where in it. @internal */
export interface MaskPicture {
  readonly png: Uint8Array;
  readonly legend: string;
}

type MaskRow = OutputRow<SegmentationCertificate, MaskLike>;

/** Inputs that are shown where none are named. */
const MOST_INPUTS = 8;
/** Small masks are enlarged to about this many pixels. */
const LEAST_SIDE = 160;
const GAP = 8;

/** What of the logs is shown. */
interface MaskPictureOptions {
  readonly inputs?: readonly number[] | undefined;
  /** Each log is shown within each of them: pixels whose radius is smaller abstain. */
  readonly radii?: readonly number[] | undefined;
}

/**
 * A picture of certified masks: a line for each input, with what is true where that is known and then the mask of each log. Pixels have the colours of their
 * classes, grey where they abstain, red where they are wrong. Throws CliError for logs of another task, inputs that a log has not, and masks that are no images.
 * @internal
 */
export function maskPicture(
  logs: readonly MaskLog[],
  { inputs: asked, radii = [0] }: MaskPictureOptions = {},
): MaskPicture {
  const other = logs.find(({ task }) => task !== 'segmentation');
  if (other) throw new CliError(`--picture is for logs of segmentation, got ${other.file} of ${other.task}`);
  const below = radii.find((radius) => radius < 0);
  if (below !== undefined) throw new CliError(`--picture-radii must be numbers of at least 0, got ${below}`);
  const inputs = asked ?? sharedInputs(logs);
  const lines = inputs.map((index) => logs.map((log) => rowOf(log, index)));
  const hasTruth = lines.some(([row]) => (row?.target ?? null) !== null);
  const grid = lines.map((line) => [
    ...(hasTruth ? [truthImage(line[0])] : []),
    ...line.flatMap((row) => radii.map((radius) => certifiedImage(row, radius))),
  ]);
  const named = logs.flatMap(({ name }) => radii.map((radius) => (radius === 0 ? name : `${name} within ${radius}`)));
  const columns = [...(hasTruth ? ['truth'] : []), ...named];
  const downwards = `input${inputs.length === 1 ? '' : 's'} ${inputs.join(', ')}`;
  const colours = `grey abstains${hasTruth ? ', red is certified and wrong' : ''}`;
  return { png: encode(arranged(grid)), legend: `${downwards}; from left to right ${columns.join(', ')}; ${colours}` };
}

/** The first inputs that all logs have. */
function sharedInputs(logs: readonly MaskLog[]): readonly number[] {
  const [first, ...others] = logs.map(({ rows }) => rows.map(({ index }) => index));
  const known = others.map((indices) => new Set(indices));
  const shared = (first ?? []).filter((index) => known.every((indices) => indices.has(index)));
  if (shared.length > 0) return shared.slice(0, MOST_INPUTS);
  throw new CliError(`--picture must be of logs that have an input in common, got none`);
}

function rowOf({ file, rows }: MaskLog, index: number): MaskRow {
  const row = rows.find((one) => one.index === index);
  if (row === undefined) throw new CliError(`--picture-inputs must be inputs of every log, got ${index} for ${file}`);
  const { shape } = (row as MaskRow).certificate.labels;
  if (shape.length === 2) return row as MaskRow;
  throw new CliError(`--picture must be of masks [height, width], got [${shape.join(', ')}] in ${file}`);
}

function imageOf({ certificate: { labels } }: MaskRow, shown: MaskLike, truth?: MaskLike): RgbImage {
  const scale = Math.max(1, Math.floor(LEAST_SIDE / Math.max(...labels.shape)));
  return segmentationImage(shown, { truth, scale });
}

/** What is certified within a radius. */
function certifiedImage(row: MaskRow, radius: number): RgbImage {
  const labels = decodeLabels(row.certificate, { radius });
  return imageOf(row, encodeMask(labels, row.certificate.labels.shape), shownTruth(row, labels));
}

/** What is true, in the colours of the classes; grey where it is no class. */
function truthImage(row: MaskRow | undefined): RgbImage | undefined {
  if (row === undefined || row.target === null) return undefined;
  const { labels, numClasses } = row.certificate;
  const classes = decodeMask(row.target).map((value) => (value < numClasses ? Math.max(value, -1) : -1));
  return imageOf(row, encodeMask(classes, labels.shape));
}

/** What the labels are held against: the labels themselves where nothing is known, and where a group holds the true class. */
function shownTruth({ certificate, target }: MaskRow, labels: ArrayLike<number>): MaskLike | undefined {
  if (target === null) return undefined;
  const { numClasses, levels } = certificate;
  const groups = new Map<number, ReadonlySet<number>>();
  const isRight = (label: number, value: number): boolean => {
    if (value < 0 || value >= numClasses) return true;
    if (label < numClasses) return label === value;
    const group = groups.get(label) ?? new Set(classesOf(label, { numClasses, levels: levels ?? undefined }));
    groups.set(label, group);
    return group.has(value);
  };
  const truth = decodeMask(target).map((value, i) => (isRight(labels[i] ?? -1, value) ? (labels[i] ?? -1) : value));
  return encodeMask(truth, certificate.labels.shape);
}

/** Images in lines on white, all places as large as the largest image. */
function arranged(grid: readonly (readonly (RgbImage | undefined)[])[]): RgbImage {
  const images = grid.flat().flatMap((image) => image ?? []);
  const [cellWidth, cellHeight] = [
    Math.max(...images.map(({ width }) => width)),
    Math.max(...images.map(({ height }) => height)),
  ];
  const columns = grid[0]?.length ?? 0;
  const [width, height] = [columns * (cellWidth + GAP) + GAP, grid.length * (cellHeight + GAP) + GAP];
  const data = new Uint8Array(width * height * 3).fill(255);
  grid.forEach((line, row) => {
    line.forEach((image, column) => {
      if (image === undefined) return;
      const [left, top] = [GAP + column * (cellWidth + GAP), GAP + row * (cellHeight + GAP)];
      for (let y = 0; y < image.height; y++) {
        const pixels = image.data.subarray(3 * y * image.width, 3 * (y + 1) * image.width);
        data.set(pixels, 3 * ((top + y) * width + left));
      }
    });
  });
  return { width, height, data, channels: 3 };
}
