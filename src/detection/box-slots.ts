import { originOf, withOrigin } from '../classifier/origin.ts';
import { outputNoteOf, withOutputNote } from '../classifier/output-note.ts';
import type { TypedBatch, TypedClassifier } from '../classifier/types.ts';
import { ClassifierError, OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { currentEngine } from '../tensors/engine.ts';
import { askDetector, type OwnBoxes } from './ask-detector.ts';
import { cornersOf } from './box-geometry.ts';
import {
  areLabels,
  assertBoxLayout,
  type BoxBins,
  boxBins,
  type BoxLayout,
  type BoxSort,
  boxSort,
  gridCells,
  rowSizeOf,
} from './box-layout.ts';
import { fillSlots } from './fill-slots.ts';
import { share } from './non-max-suppression.ts';
import type { BoxFormat, BoxUnits, Detector, TypedDetector } from './types.ts';

/** Options of {@link boxSlots}. */
export interface BoxSlotsOptions {
  /** Number of slots of all bins together, the same for each bin. */
  readonly slots: number;
  /**
   * Which boxes share the slots of a bin. A box that comes or goes moves the others of its bin only.
   * @defaultValue 'none': all boxes in one bin
   */
  readonly bins?: BoxBins | undefined;
  /**
   * Which box of a bin gets the first slot. Of equal ones it is the one that the detector gave first.
   * @defaultValue 'score'
   */
  readonly sort?: BoxSort | undefined;
  /**
   * The labels that are looked at: a number n for 0 .. n − 1, others being an error, or a list, all others being left out. Bins by label need it.
   * @defaultValue what the detector declares, else all
   */
  readonly labels?: number | readonly number[] | undefined;
  /**
   * Rows and columns of the grid that the image is cut into, for bins by the cell in which the centre of a box lies.
   * @defaultValue none
   */
  readonly cells?: readonly [rows: number, columns: number] | undefined;
  /**
   * Boxes with this score or a lower one are no boxes. A detector that has a threshold of its own keeps it.
   * @defaultValue 0
   */
  readonly threshold?: number | undefined;
  /**
   * For detectors without non-maximum suppression: greatest overlap of two boxes of one label (see {@link nonMaxSuppression}).
   * @defaultValue any: the detector has done it
   */
  readonly overlap?: number | undefined;
  /**
   * Adds a last number to the row: 1 where a box found no slot in its bin, else 0. Where its upper bound is 0, the slots are all boxes that there are.
   * @defaultValue false
   */
  readonly beyond?: boolean | undefined;
  /**
   * What the boxes of the detector are.
   * @defaultValue what the detector declares, else 'xyxy'
   */
  readonly format?: BoxFormat | undefined;
  /**
   * In what they are measured. The slots are in pixels.
   * @defaultValue what the detector declares, else 'pixels'
   */
  readonly units?: BoxUnits | undefined;
  /**
   * Height and width of an image in pixels.
   * @defaultValue the first two sizes of the input
   */
  readonly size?: readonly [height: number, width: number] | undefined;
}

const boxFormat: fields.Field<BoxFormat> = fields.oneOf('xyxy', 'yxyx', 'xywh', 'cxcywh');
const boxUnits: fields.Field<BoxUnits> = fields.oneOf('pixels', 'normalized');

const boxSlotsOptions = optionsOf<BoxSlotsOptions>()({
  slots: fields.positiveInteger,
  bins: fields.withDefault(boxBins, 'none'),
  sort: fields.withDefault(boxSort, 'score'),
  labels: fields.optional(
    fields.field<number | readonly number[]>(
      'must be an integer of at least 1, or a list of different integers of at least 0',
      (v) => fields.isInteger(v, 1, 2 ** 24) || areLabels(v),
    ),
  ),
  cells: fields.optional(gridCells),
  threshold: fields.withDefault(fields.finite, 0),
  overlap: fields.optional(share),
  beyond: fields.withDefault(fields.boolean, false),
  format: fields.optional(boxFormat),
  units: fields.optional(boxUnits),
  size: fields.optional(
    fields.field<readonly [height: number, width: number]>(
      'must be [height, width], two numbers greater than 0',
      (v) => Array.isArray(v) && v.length === 2 && v.every((side) => fields.isFiniteNumber(side) && side > 0),
    ),
  ),
});

/** A detector whose boxes stand in a fixed number of slots: rows of numbers, which a smoothed regressor takes. */
export interface BoxSlots extends TypedClassifier {
  /** What the numbers of a row are. */
  readonly boxes: BoxLayout;
  /** Numbers in a row. */
  readonly outputs: number;
}

const CALL = 'boxSlots';

/** A box whose score crosses a threshold, or that of another one, moves all that come after it. */
const MOST_OTHERS = 0.15; // one of the eight rows that are asked again

/**
 * A detector as rows of 6 · slots numbers, for `SmoothedRegressor`: x1, y1, x2, y2 in pixels, label and score of each slot.
 *
 * Each box goes to its bin; in a bin the boxes stand in order, and those beyond its slots are dropped. A slot without a box holds +∞ in all six numbers, so that
 * "there is a box" is "the number is finite". The map is one fixed function of the boxes: bins are known before, sorts are stable. A row with a number that is
 * not finite comes out as NaN. Boxes that come and go let rows jump, which a smoothed regressor expects of it.
 *
 * @param detector - a function of tensors or a {@link TypedDetector}: `graphDetector`, `onnxDetector` of catrs/onnx
 * @throws OptionError for options that are unknown or wrong, bins that are not known and slots that are no multiple of their number
 * @throws ClassifierError (from certification) if the detector does not answer as it must
 * @example
 * ```ts
 * const detector: Detector = (x) => ({
 *   boxes: tf.tile(tf.tensor3d([[[8, 8, 20, 20]]]), [x.shape[0] ?? 0, 1, 1]),
 *   scores: tf.mean(tf.reshape(x, [x.shape[0] ?? 0, -1, 1]), 1),
 *   labels: tf.zeros([x.shape[0] ?? 0, 1]),
 * });
 * const model = boxSlots(detector, { slots: 4, labels: 2, bins: 'label', threshold: 0.5 });
 * console.log(model.outputs); // 24
 * ```
 */
export function boxSlots(detector: Detector, options: BoxSlotsOptions): BoxSlots {
  const parsed = boxSlotsOptions.parse(CALL, options);
  const declared = declaredBy(detector);
  const { format = declared.format ?? 'xyxy', units = declared.units ?? 'pixels', size } = parsed;
  const given = parsed.labels ?? declared.numLabels;
  const boxes: BoxLayout = {
    slots: parsed.slots,
    bins: parsed.bins,
    sort: parsed.sort,
    labels: typeof given === 'number' ? Array.from({ length: given }, (_, label) => label) : (given ?? null),
    cells: parsed.cells ?? null,
    threshold: parsed.threshold,
    overlap: parsed.overlap ?? null,
    beyond: parsed.beyond,
  };
  assertBoxLayout(CALL, boxes);
  const outputs = rowSizeOf(boxes);
  const numLabels = typeof given === 'number' ? given : Infinity;
  const model: BoxSlots = {
    boxes,
    outputs,
    inputShape: declared.inputShape,
    inputRange: declared.inputRange,
    get engine() {
      return typeof detector === 'function' ? currentEngine() : detector.engine;
    },
    classify: async (inputs, batch) => {
      const needsSize = units === 'normalized' || boxes.cells !== null;
      const [height, width] = needsSize ? sizeOf(batch, size) : [1, 1];
      const scale = units === 'normalized' ? ([width, height] as const) : ([1, 1] as const);
      const rows = new Float32Array(batch.batch * outputs).fill(Infinity);
      const found = await askDetector(CALL, detector, inputs, batch);
      found.forEach((row, i) => {
        assertLabels(row, numLabels);
        const corners = { ...row, boxes: cornersOf(row.boxes, format, scale) };
        fillSlots(rows.subarray(i * outputs, (i + 1) * outputs), corners, boxes, [height, width]);
      });
      return rows;
    },
  };
  const origin = originOf(detector);
  const noted = withOutputNote(model, { size: outputs, mostOthers: MOST_OTHERS });
  return origin ? withOrigin(noted, origin) : noted;
}

/** What the numbers of a row are, where a model is one of {@link boxSlots}. @internal */
export function boxLayoutOf(model: unknown): BoxLayout | undefined {
  return outputNoteOf(model) && typeof model === 'object' ? (model as Partial<BoxSlots>).boxes : undefined;
}

function declaredBy(detector: Detector): Partial<TypedDetector> {
  const isDetector = typeof detector === 'function' || fields.hasMethods(detector, ['detect']);
  if (isDetector) return typeof detector === 'function' ? {} : detector;
  const must = 'must be a function to { boxes, scores, labels } or an object with a method `detect`';
  throw refusal(OptionError, { call: CALL, field: 'detector', value: detector }, must);
}

function sizeOf({ shape }: TypedBatch, size: BoxSlotsOptions['size']): readonly [height: number, width: number] {
  if (size) return size;
  const [height, width] = shape;
  if (height !== undefined && width !== undefined) return [height, width];
  const details = { call: CALL, field: 'size', value: shape, got: `none for inputs of shape [${shape.join(', ')}]` };
  throw refusal(OptionError, details, 'must say the height and width of images');
}

function assertLabels({ labels }: OwnBoxes, numLabels: number): void {
  const wrong = labels.find((label) => !Number.isInteger(label) || label >= numLabels);
  if (wrong === undefined) return;
  const must = `must return labels that are integers${numLabels === Infinity ? '' : ` below \`labels\` = ${numLabels}`}`;
  throw refusal(ClassifierError, { call: CALL, field: 'detector', value: wrong }, must);
}
