import type * as tf from '@tensorflow/tfjs';
import type { TypedBatch } from '../classifier/types.ts';
import type { InputRange } from '../types.ts';

/**
 * What the four numbers of a box are: corners (`'xyxy'`, or `'yxyx'` as TensorFlow has them), a corner with width and height (`'xywh'`), or the centre with
 * width and height (`'cxcywh'`).
 */
export type BoxFormat = 'xyxy' | 'yxyx' | 'xywh' | 'cxcywh';

/** Whether boxes are measured in pixels of the input or in shares of its width and height. */
export type BoxUnits = 'pixels' | 'normalized';

/** The boxes that a detector found in one input, as many as there are. */
export interface FoundBoxes {
  /** Four numbers for each box, one box after the other. */
  readonly boxes: ArrayLike<number>;
  /** A number for each box: the higher, the surer. */
  readonly scores: ArrayLike<number>;
  /** A whole number of at least 0 for each box; a negative one marks padding. */
  readonly labels: ArrayLike<number>;
}

/** The boxes of a batch as tensors, the same number for each input: those that are too many are padding. */
export interface BoxTensors {
  /** Of shape [B, N, 4]. */
  readonly boxes: tf.Tensor;
  /** Of shape [B, N]. */
  readonly scores: tf.Tensor;
  /** Of shape [B, N], whole numbers; a negative one marks padding. */
  readonly labels: tf.Tensor;
  /** Of shape [B], how many of the N there are, the first ones; absent: all but the padding. */
  readonly counts?: tf.Tensor | undefined;
}

/**
 * A detector on tensors: x [B, ...inputShape] → its boxes.
 *
 * It must not dispose `x`; it runs in a tidy, which frees what it returns once that has been read. Its rows must not depend on each other.
 */
export type TensorDetector = (x: tf.Tensor) => BoxTensors;

/** A detector without tensors, or one that answers later: float32 values in, lists of boxes out. It must be one fixed function of each row. */
export interface TypedDetector {
  /**
   * The boxes of each row of a batch, in the order of the rows.
   *
   * @param inputs - batch · Πshape values, row after row; the detector's to keep, change or transfer
   */
  detect(inputs: Float32Array<ArrayBuffer>, batch: TypedBatch): readonly FoundBoxes[] | Promise<readonly FoundBoxes[]>;
  /**
   * What its boxes are.
   * @defaultValue 'xyxy'
   */
  readonly format?: BoxFormat | undefined;
  /**
   * In what its boxes are measured.
   * @defaultValue 'pixels'
   */
  readonly units?: BoxUnits | undefined;
  /** Number of its labels, which are then 0 .. numLabels − 1, where it is known. */
  readonly numLabels?: number | undefined;
  /** Shape of one input, `null` for a free size, where it is fixed: other examples are then refused. */
  readonly inputShape?: readonly (number | null)[] | undefined;
  /** Smallest and largest input, where the detector clips what is outside: `inputRange` of the smoothed model must be the same. */
  readonly inputRange?: InputRange | undefined;
  /** What runs it, with its version, for logs. */
  readonly engine?: string | undefined;
}

/** What finds labelled boxes in images. */
export type Detector = TensorDetector | TypedDetector;
