import { CliError } from '../io.ts';
import type { ClassList } from './class-file.ts';
import { someOf } from './folder-listing.ts';
import type { FoundLabels } from './image-source.ts';

/** How labels count classes. @internal */
export interface NumberedLabels {
  /** The label of each image. */
  readonly labels: ArrayLike<number>;
  /** The names of all classes, where they have other names than numbers. */
  readonly classNames?: readonly string[] | undefined;
  /** Names that were numbered without a list of classes. */
  readonly named?: NamedClasses | undefined;
}

/** Names of classes, and what numbered them. @internal */
export interface NamedClasses {
  /** The folder or file that has them. */
  readonly from: string;
  readonly classes: readonly string[];
  readonly what: 'folders' | 'names';
  /** Their own numbers, or the order of letters, which is right only if they are all classes of the model. */
  readonly by: 'numbers' | 'letters';
}

const NUMBER = /^\d+$/;

/**
 * Gives classes their numbers: names that are whole numbers are those numbers; with `--classes` its order counts; else that of letters, as
 * ImageFolder of torchvision has it.
 *
 * Throws CliError for names that `--classes` does not have, and where names that are numbers would get other numbers.
 * @internal
 */
export function numberLabels(
  found: FoundLabels,
  list: ClassList | undefined,
  say: (text: string) => void,
): NumberedLabels {
  if (found.kind === 'numbers') {
    const labels = fromZero(found.numbers, list);
    if (seemFromOne(labels)) {
      say(`${found.from}: no image has label 0, as if the labels counted from 1; they are taken as they are`);
    }
    return { labels, classNames: list?.names };
  }
  const { classes, names, from, what } = found;
  if (list !== undefined) {
    return { labels: numbersOf(names, byList(found, list)), classNames: list.names };
  }
  if (classes.every((name) => NUMBER.test(name))) {
    return { labels: numbersOf(names, byNumber(found, say)), named: { from, classes, what, by: 'numbers' } };
  }
  const misread = classes.find((name, i) => NUMBER.test(name) && Number(name) !== i);
  if (misread !== undefined) {
    const place = classes.indexOf(misread);
    throw new CliError(
      `${from}: must have ${what} that are all numbers, or none of them, got ${someOf(classes)}: in the order of letters ${misread} would be class ${place} (say the order by --classes FILE)`,
    );
  }
  const numbers = new Map(classes.map((name, i) => [name, i]));
  return { labels: numbersOf(names, numbers), classNames: classes, named: { from, classes, what, by: 'letters' } };
}

/** Whether the labels are all numbers from 1 to some number. */
function seemFromOne(labels: ArrayLike<number>): boolean {
  const distinct = new Set(Array.from(labels));
  return distinct.size > 1 && Array.from(distinct.keys()).every((_, i) => distinct.has(i + 1));
}

/** Labels that count from 1 where `--classes` has the names 1, 2, ...: there the class of the name 1 is number 0. */
function fromZero(numbers: ArrayLike<number>, list: ClassList | undefined): ArrayLike<number> {
  const countsFromOne = list?.names.every((name, i) => name === String(i + 1)) ?? false;
  return countsFromOne ? Float64Array.from(numbers, (label) => label - 1) : numbers;
}

function numbersOf(names: readonly string[], numbers: ReadonlyMap<string, number>): Float64Array {
  return Float64Array.from(names, (name) => numbers.get(name) ?? NaN);
}

function byList(
  { from, classes, what }: FoundLabels & { readonly kind: 'names' },
  list: ClassList,
): Map<string, number> {
  const unknown = classes.filter((name) => list.numberOf(name) === undefined);
  if (unknown.length > 0) {
    throw new CliError(
      `${from}: must have ${what} that are classes of ${list.file}, got ${someOf(unknown)}, where its classes are ${someOf(list.names)}`,
    );
  }
  const numbers = new Map(classes.map((name) => [name, list.numberOf(name) ?? NaN]));
  const double = classes.find((name, i) =>
    classes.some((other, k) => k < i && numbers.get(other) === numbers.get(name)),
  );
  if (double === undefined) return numbers;
  throw new CliError(
    `${from}: must have one of the ${what} for each class, got a second one for class ${numbers.get(double)} of ${list.file}: ${double}`,
  );
}

function byNumber(
  { from, classes, what }: FoundLabels & { readonly kind: 'names' },
  say: (text: string) => void,
): Map<string, number> {
  const numbers = new Map(classes.map((name) => [name, Number(name)]));
  const seen = new Map<number, string>();
  for (const [name, number] of numbers) {
    const other = seen.get(number);
    if (other !== undefined) {
      throw new CliError(
        `${from}: must have one of the ${what} for each number, got ${other} and ${name} for class ${number}`,
      );
    }
    seen.set(number, name);
  }
  const moved = classes.find((name, i) => Number(name) !== i);
  const byLetters = classes.some((name, i) => i > 0 && Number(name) < Number(classes[i - 1]));
  if (byLetters && moved !== undefined) {
    say(
      `${from}: the classes are the numbers that name the ${what} (ImageFolder of torchvision goes by letters: there ${moved} is class ${classes.indexOf(moved)})`,
    );
  }
  return numbers;
}
