import type { NpyArray } from '../../data/arrays.ts';
import { elementCount, showArrayType } from '../../data/arrays.ts';
import { labelsOf } from '../../data/labels.ts';
import { encodeMask, type Mask } from '../../smoothed/segmentation/masks.ts';
import { CliError } from '../io.ts';
import { inFile } from '../read-data-file.ts';
import type { FoundArray } from './image-source.ts';

/** What is true of each input, as the rows of a task hold it. @internal */
export interface FoundTruth {
  /** The file or folder, and the array in it where it has several. */
  readonly from: string;
  /** Number of inputs that it knows. */
  readonly size: number;
  /** What is true of the input at `index`. */
  readonly target: (index: number) => unknown;
}

/** A box of what is true: corners in pixels of the detector, and its class. @internal */
export interface TrueBox {
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
  readonly label: number;
}

/** Numbers of each input: an array [size] or [size, ...]. @internal */
export function numbersTruth({ from, array }: FoundArray): FoundTruth {
  return rowsTruth(from, array, (row, index) => {
    const other = row.find((value) => !Number.isFinite(value));
    if (other === undefined) return row;
    throw new CliError(`${from}: must hold finite numbers, got ${other} for input ${index}`);
  });
}

/** What a mask can hold: class ids, and numbers that stand for nothing, as 255 or -1. */
const MOST_ID = 2 ** 15 - 1;

/** Class ids of the pixels of each input: an array [size, height, width], or [size, height, width, 1], of whole numbers. @internal */
export function masksTruth({ from, array }: FoundArray): FoundTruth {
  const [, ...shape] = array.shape;
  const pixels = shape.length === 3 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape;
  if (pixels.length !== 1 && pixels.length !== 2) {
    const must = 'must be masks of shape [size, height, width], with the class id of each pixel';
    throw new CliError(`${from}: ${must}, got ${showArrayType(array)}`);
  }
  return rowsTruth(from, array, (row, index) => maskOf(from, row, { shape: pixels, where: `input ${index}` }));
}

/** A mask as rows hold it. Throws CliError for what is no class id. @internal */
export function maskOf(
  from: string,
  ids: readonly number[],
  { shape, where }: { readonly shape: readonly number[]; readonly where: string },
): Mask {
  const other = ids.find((id) => !Number.isInteger(id) || id < -1 || id > MOST_ID);
  if (other === undefined) return encodeMask(ids, shape);
  throw new CliError(`${from}: must hold class ids, whole numbers from -1 to ${MOST_ID}, got ${other} for ${where}`);
}

/** Boxes of each input: an array [size, boxes, 4 or 5] of corners and classes; a row of NaN, or of class -1, is no box. @internal */
export function boxesTruth({ from, array }: FoundArray): FoundTruth {
  const { shape } = array;
  const width = shape[2] ?? 0;
  if (shape.length !== 3 || (width !== 4 && width !== 5)) {
    const must = 'must be boxes of shape [size, boxes, 5], x1, y1, x2, y2 and class (or [size, boxes, 4] of one class)';
    throw new CliError(`${from}: ${must}, got ${showArrayType(array)}`);
  }
  return rowsTruth(from, array, (row, index) => {
    const boxes: TrueBox[] = [];
    for (let at = 0; at < row.length; at += width) {
      const [x1 = NaN, y1 = NaN, x2 = NaN, y2 = NaN, label = NaN] = [
        ...row.slice(at, at + width),
        ...(width === 4 ? [0] : []),
      ];
      if (label === -1 || [x1, y1, x2, y2].every(Number.isNaN)) continue;
      boxes.push(checkedBox(from, { box: [x1, y1, x2, y2], label }, `input ${index}`));
    }
    return boxes;
  });
}

/** The box, if it is one. Throws CliError that names the file. @internal */
export function checkedBox(from: string, found: TrueBox, where: string): TrueBox {
  const { box, label } = found;
  const [x1, y1, x2, y2] = box;
  const isBox = box.every(Number.isFinite) && x1 <= x2 && y1 <= y2;
  if (isBox && Number.isSafeInteger(label) && label >= 0) return found;
  const got = `[${box.join(', ')}] of class ${label} for ${where}`;
  throw new CliError(`${from}: must have boxes with x1 <= x2, y1 <= y2 and a class from 0, got ${got}`);
}

/** Labels that each input has: an array [size, labels] of 0 and 1. @internal */
export function labelSetsTruth({ from, array }: FoundArray): FoundTruth {
  if (array.shape.length !== 2) {
    const must = 'must be labels of shape [size, labels], 1 for each that an input has and else 0';
    throw new CliError(`${from}: ${must}, got ${showArrayType(array)}`);
  }
  return rowsTruth(from, array, (row, index) => {
    const other = row.find((value) => value !== 0 && value !== 1);
    if (other !== undefined) throw new CliError(`${from}: must hold 0 and 1, got ${other} for input ${index}`);
    return row.flatMap((value, label) => (value === 1 ? [label] : []));
  });
}

/** Lists of labels in JSON, one for each input. Throws CliError that names the file. @internal */
export function labelLists(from: string, text: string): FoundTruth {
  const lists = jsonOf(from, text);
  const isList = (one: unknown): boolean =>
    Array.isArray(one) &&
    one.every((label) => Number.isSafeInteger(label) && label >= 0) &&
    new Set(one).size === one.length;
  const other = Array.isArray(lists) ? lists.findIndex((one) => !isList(one)) : 0;
  if (!Array.isArray(lists) || other >= 0) {
    const got = JSON.stringify(Array.isArray(lists) ? lists[other] : lists)?.slice(0, 60);
    const must = 'must hold a list for each input, of its labels: different whole numbers of at least 0';
    throw new CliError(`${from}: ${must}, got ${got}${Array.isArray(lists) ? ` for input ${other}` : ''}`);
  }
  return { from, size: lists.length, target: (index) => [...(lists[index] as number[])] };
}

/** The value of a text in JSON. Throws CliError that names the file. @internal */
export function jsonOf(from: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new CliError(`${from}: must be JSON, got "${(error as Error).message}"`);
  }
}

/** Class numbers: an array [size], a column, or one-hot rows. @internal */
export async function classesTruth({ from, array }: FoundArray): Promise<FoundTruth> {
  const { data, shape } = array;
  const isNone = (value: number | bigint): boolean => typeof value === 'number' && !Number.isInteger(value);
  const other = data.length === shape[0] ? Array.prototype.findIndex.call(data, isNone) : -1;
  if (other >= 0) {
    const got = `${String(data[other])} for input ${other}`;
    const way = 'numbers need --task regression, or --score residual for --task conformal';
    throw new CliError(`${from}: must hold classes, whole numbers from 0, got ${got} (${way})`);
  }
  const labels = await inFile(from, () => labelsOf('catrs', array));
  return { from, size: labels.length, target: (index) => labels[index] };
}

/** What is made of the numbers of each row. */
function rowsTruth(
  from: string,
  { shape, data }: NpyArray,
  targetOf: (row: number[], index: number) => unknown,
): FoundTruth {
  const [size = 0, ...rest] = shape;
  const width = elementCount(rest);
  const row = (index: number): number[] => Array.from(data.subarray(index * width, (index + 1) * width), Number);
  return { from, size, target: (index) => targetOf(row(index), index) };
}
