import type { NpyArray } from '../../data/arrays.ts';
import type { InputRange } from '../../types.ts';
import type { DataOptions } from '../common-options.ts';
import { CliError } from '../io.ts';

/** Parts of a data set. @internal */
export type Part = 'train' | 'val' | 'test';

/** What is asked of the data. @internal */
export interface DataRequest extends DataOptions {
  /** What bytes fill. */
  readonly inputRange: InputRange | undefined;
  /** Whether the numbers of arrays are taken as they are: ids or bits. */
  readonly isWhole: boolean | undefined;
  /** The part that is taken where `--split` does not say it. */
  readonly usualPart: Part;
  /** Whether images without labels will do. */
  readonly allowsUnlabelled: boolean;
  /** Usual names of arrays that say what is true where that is no class: then arrays beside the images are taken as they are. */
  readonly truthNames?: readonly string[] | undefined;
  /** Tells the person what was taken, in a line. */
  readonly say: (text: string) => void;
}

/** The part that is wanted. @internal */
export function wantedPart({ split, usualPart }: DataRequest): Part {
  return split ?? usualPart;
}

/** Labels as they were found: numbers, or names that are to be numbered. @internal */
export type FoundLabels = { readonly from: string } & (
  | { readonly kind: 'numbers'; readonly numbers: ArrayLike<number> }
  | {
      readonly kind: 'names';
      /** The name of the class of each image. */
      readonly names: readonly string[];
      /** All classes that are known, those without an image too. */
      readonly classes: readonly string[];
      /** What the classes are, in plural: folders, or names in a file. */
      readonly what: 'folders' | 'names';
    }
);

/** An array of a file that says what is true of each image. @internal */
export interface FoundArray {
  /** The file, and the array in it where it has several, for errors. */
  readonly from: string;
  readonly array: NpyArray;
}

/** Images that were found. @internal */
export interface ImageSource {
  /** What they were found in, its path and what it is, for errors. */
  readonly what: string;
  /** The options that it went by, of those that not everything has a use for. */
  readonly takes: readonly ChosenBy[];
  readonly size: number;
  readonly shape: readonly number[];
  /** The image at `index`, in input units. */
  readonly image: (index: number) => Float32Array | Promise<Float32Array>;
  readonly fromBytes: boolean;
  /** The labels that came with them. */
  readonly labels?: FoundLabels | undefined;
  /** What is true of them, where that was asked for as an array. */
  readonly truth?: FoundArray | undefined;
  /** Where labels were missed, for the error. */
  readonly missing?: string | undefined;
  /** The files of the images, in their order. */
  readonly files?: readonly string[] | undefined;
}

/** Options that some data have no use for, and what they are for. */
const CHOOSERS = {
  xName: ['--x-name', 'names an array of an NPZ archive'],
  yName: ['--y-name', 'names an array of an NPZ archive'],
  split: ['--split', 'chooses among the parts of a folder or an archive'],
  resize: ['--resize', 'resizes the images of a folder'],
  crop: ['--crop', 'crops the images of a folder'],
} as const;

/** An option that some data have no use for. @internal */
export type ChosenBy = keyof typeof CHOOSERS;

/** Throws CliError for an option that was given, and that nothing went by. @internal */
export function refuseUnused(request: DataRequest, what: string, taken: readonly ChosenBy[]): void {
  for (const [name, [flag, use]] of Object.entries(CHOOSERS) as [ChosenBy, readonly [string, string]][]) {
    if (request[name] === undefined || taken.includes(name)) continue;
    throw new CliError(`${flag} ${use}, got ${what} (leave ${flag} out)`);
  }
}
