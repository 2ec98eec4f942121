import type { LabelledDataset } from '../data/labelled-dataset.ts';
import type { NamedClasses } from './data/class-numbers.ts';

/** Data of the command line. @internal */
export interface OpenedData {
  /** The images; all labels are 0 where there are none. */
  readonly dataset: LabelledDataset;
  /** Whether there are labels. */
  readonly isLabelled: boolean;
  /** Whether the images came as bytes (or 16 bits) that fill the input range, and not as numbers in its units. */
  readonly fromBytes: boolean;
  /** All labels, where there are any. */
  readonly labels?: OpenedLabels | undefined;
  /** Names of the classes, where they have names that are no numbers. */
  readonly classNames?: readonly string[] | undefined;
  /** The file of `--classes`. */
  readonly classesFrom?: string | undefined;
  /** Names that were numbered without `--classes`. */
  readonly named?: NamedClasses | undefined;
  /** Names of the images, where they are files. */
  readonly names?: readonly string[] | undefined;
}

/** Labels, and where they are from. @internal */
export interface OpenedLabels {
  /** The file or folder, and the array in it where it has several. */
  readonly from: string;
  /** The label of each image, a whole number of at least 0. */
  readonly numbers: ArrayLike<number>;
  /** The file of an image. */
  readonly nameOf?: ((index: number) => string) | undefined;
}
