import { ClassifierError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import type { FieldsOf } from '../options/parse.ts';
import { countOf } from './row-parts.ts';
import type { BoxFormat, BoxUnits, FoundBoxes } from './types.ts';

/**
 * What the outputs of a model hold:
 * - `'boxes'`: boxes, scores and labels apart, also with a number of boxes, or with scores [B, N, C] for C labels;
 * - `'yolov8'`: one output [B, 4 + C, N], boxes and then a score for each label;
 * - `'yolov5'`: one output [B, N, 5 + C], a box, the score that there is one, and a score for each label;
 * - `'rows'`: one output [B, N, 6], a box, its score and its label.
 */
export type DetectorHead = 'boxes' | 'yolov8' | 'yolov5' | 'rows';

/** What a model is told of its outputs. */
export interface DetectorHeadOptions {
  /**
   * What the outputs hold.
   * @defaultValue 'boxes' for several outputs; of one [B, a, b] `'yolov8'` if a is less than b, else `'yolov5'`; must be given for b = 6
   */
  readonly head?: DetectorHead | undefined;
  /**
   * What is applied to scores [B, N, C] of the head `'boxes'`: nothing, or what makes probabilities of logits.
   * @defaultValue 'none'
   */
  readonly activation?: 'none' | 'sigmoid' | 'softmax' | undefined;
  /**
   * Which of the C scores says that there is no box; the labels are then numbered without it.
   * @defaultValue 'none'
   */
  readonly background?: 'none' | 'first' | 'last' | undefined;
  /**
   * What the boxes are.
   * @defaultValue 'cxcywh' for YOLO, 'yxyx' for an output `detection_boxes`, else 'xyxy'
   */
  readonly format?: BoxFormat | undefined;
  /**
   * In what they are measured.
   * @defaultValue 'normalized' for an output `detection_boxes`, else 'pixels'
   */
  readonly units?: BoxUnits | undefined;
  /**
   * Number of labels, 0 .. numLabels − 1.
   * @defaultValue not said
   */
  readonly numLabels?: number | undefined;
}

/** The checks of {@link DetectorHeadOptions}. @internal */
export const headFields: FieldsOf<DetectorHeadOptions, 'activation' | 'background'> = {
  head: fields.optional(fields.oneOf('boxes', 'yolov8', 'yolov5', 'rows')),
  activation: fields.withDefault(fields.oneOf('none', 'sigmoid', 'softmax'), 'none'),
  background: fields.withDefault(fields.oneOf('none', 'first', 'last'), 'none'),
  format: fields.optional(fields.oneOf('xyxy', 'yxyx', 'xywh', 'cxcywh')),
  units: fields.optional(fields.oneOf('pixels', 'normalized')),
  numLabels: fields.optional(fields.positiveInteger),
};

/** Numbers of an output with their sizes. @internal */
export interface HeadOutput {
  readonly values: Float32Array;
  readonly dims: readonly number[];
}

/** The outputs of a model by what they hold; `boxes` is the only one of a head with one output. @internal */
export interface HeadOutputs {
  readonly boxes: HeadOutput;
  readonly scores?: HeadOutput | undefined;
  readonly labels?: HeadOutput | undefined;
  readonly counts?: HeadOutput | undefined;
}

/** The options that reading needs. @internal */
export type ReadHeadOptions = Required<Pick<DetectorHeadOptions, 'activation' | 'background'>> &
  Pick<DetectorHeadOptions, 'head'>;

/**
 * The boxes of so many rows, as the head of a model gives them.
 *
 * @throws ClassifierError for outputs of other sizes
 * @internal
 */
export function readHead(call: string, outputs: HeadOutputs, options: ReadHeadOptions, rows: number): FoundBoxes[] {
  const head = options.head ?? guessed(call, outputs);
  if (head === 'boxes') return separate(call, outputs, options, rows);
  const { values, dims } = outputs.boxes;
  const [batch, first = 0, second = 0] = dims.length === 2 && rows === 1 ? [1, ...dims] : dims;
  const [count, size] = head === 'yolov8' ? [second, first] : [first, second];
  const least = { yolov8: 5, yolov5: 6, rows: 6 }[head];
  if (batch !== rows || values.length !== rows * first * second || size < least || (head === 'rows' && size !== 6)) {
    const shape = { yolov8: '4 + C, N', yolov5: 'N, 5 + C', rows: 'N, 6' }[head];
    throw otherSizes(call, outputs.boxes, `one output [${rows}, ${shape}] for the head '${head}'`);
  }
  return Array.from({ length: rows }, (_, row) => {
    const own = values.subarray(row * first * second, (row + 1) * first * second);
    const at = (i: number, k: number): number => own[head === 'yolov8' ? k * count + i : i * size + k] as number;
    return boxesOf(count, (i) => ({ ...ofColumns(head, size, (k) => at(i, k)), box: (k) => at(i, k) }));
  });
}

interface ReadBox {
  readonly box: (k: number) => number;
  readonly score: number;
  readonly label: number;
}

function boxesOf(count: number, read: (i: number) => ReadBox): FoundBoxes {
  const [boxes, scores, labels] = [new Float32Array(4 * count), new Float32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i++) {
    const { box, score, label } = read(i);
    for (let k = 0; k < 4; k++) boxes[4 * i + k] = box(k);
    scores[i] = score;
    labels[i] = label;
  }
  return { boxes, scores, labels };
}

function ofColumns(
  head: Exclude<DetectorHead, 'boxes'>,
  size: number,
  at: (k: number) => number,
): Omit<ReadBox, 'box'> {
  if (head === 'rows') return { score: at(4), label: at(5) };
  const first = head === 'yolov8' ? 4 : 5;
  const { score, label } = best(size - first, (label) => at(first + label));
  return { score: head === 'yolov8' ? score : Math.fround(score * at(4)), label };
}

/** The highest of some scores, of equal ones the first; NaN where one is. */
function best(count: number, at: (label: number) => number): { readonly score: number; readonly label: number } {
  let label = 0;
  for (let other = 1; other < count; other++) if (!(at(other) <= at(label))) label = other;
  for (let other = 0; other < count; other++) if (Number.isNaN(at(other))) return { score: NaN, label };
  return { score: at(label), label };
}

function separate(
  call: string,
  { boxes, scores, labels, counts }: HeadOutputs,
  { activation, background }: ReadHeadOptions,
  rows: number,
): FoundBoxes[] {
  const most = boxes.values.length / (4 * rows);
  if (!Number.isInteger(most) || boxes.dims.at(-1) !== 4 || !hasRows(boxes, rows)) {
    throw otherSizes(call, boxes, `boxes [${rows}, N, 4]`);
  }
  const columns = scores === undefined ? 1 : most === 0 ? 1 : scores.values.length / (most * rows);
  if (scores === undefined || !Number.isInteger(columns) || columns === 0 || !hasRows(scores, rows)) {
    throw otherSizes(call, scores, `scores [${rows}, ${most}] or [${rows}, ${most}, C]`);
  }
  if (labels !== undefined && (columns !== 1 || labels.values.length !== most * rows || !hasRows(labels, rows))) {
    throw otherSizes(call, labels, `labels [${rows}, ${most}] beside scores [${rows}, ${most}]`);
  }
  if (counts !== undefined && counts.values.length !== rows) throw otherSizes(call, counts, `counts [${rows}]`);
  const read = scorer({ scores: scores.values, columns, activation, background });
  return Array.from({ length: rows }, (_, row) => {
    const count = counts === undefined ? most : countOf(call, counts.values[row], most);
    return boxesOf(count, (place) => {
      const i = row * most + place;
      const { score, label } = read(i);
      return { box: (k) => boxes.values[4 * i + k] as number, score, label: labels?.values[i] ?? label };
    });
  });
}

/** A single row may come without its axis. */
function hasRows({ dims }: HeadOutput, rows: number): boolean {
  return rows === 1 || dims[0] === rows;
}

function scorer({
  scores,
  columns,
  activation,
  background,
}: Required<Pick<DetectorHeadOptions, 'activation' | 'background'>> & {
  readonly scores: Float32Array;
  readonly columns: number;
}): (i: number) => Omit<ReadBox, 'box'> {
  const [skipped, count] = [
    background === 'first' ? 1 : 0,
    background === 'none' || columns === 1 ? columns : columns - 1,
  ];
  return (i) => {
    const at = (label: number): number => scores[i * columns + label] as number;
    const { score, label } = best(count, (one) => at((columns === 1 ? 0 : skipped) + one));
    if (activation === 'none') return { score, label };
    if (activation === 'sigmoid') return { score: Math.fround(1 / (1 + Math.exp(-score))), label };
    let sum = 0;
    for (let one = 0; one < columns; one++) sum += Math.exp(at(one) - score);
    return { score: Math.fround(1 / sum), label };
  };
}

function guessed(call: string, { boxes: { dims }, scores }: HeadOutputs): DetectorHead {
  if (scores !== undefined) return 'boxes';
  const [first = 0, second = 0] = dims.slice(-2);
  if (second !== 6 && dims.length >= 2) return first < second ? 'yolov8' : 'yolov5';
  const details = { call, field: 'head', value: undefined, got: `none for one output [${dims.join(', ')}]` };
  throw refusal(ClassifierError, details, "must say what the output holds ('rows', 'yolov5' or 'yolov8')");
}

function otherSizes(call: string, output: HeadOutput | undefined, wanted: string): ClassifierError {
  const got = output === undefined ? 'none' : `[${output.dims.join(', ')}]`;
  const way = 'a model that takes one image at a time needs fixedBatch: 1';
  return refusal(ClassifierError, { call, field: 'detector', value: output?.dims, got, way }, `must return ${wanted}`);
}
