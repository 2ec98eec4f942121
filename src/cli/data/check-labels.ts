import { CliError } from '../io.ts';
import type { OpenedData, OpenedLabels } from '../opened-data.ts';
import type { NamedClasses } from './class-numbers.ts';
import { someOf } from './folder-listing.ts';

/** The model that labels are held against. @internal */
export interface ClassesOfModel {
  readonly numClasses: number;
  /** What says the number of classes, for errors: the model. */
  readonly model: string;
}

/**
 * Holds all labels against the classes of the model, before the first image is certified.
 *
 * Throws CliError that names the file of the labels, for a label that is no class, and for names of classes that are not those of the model.
 * @internal
 */
export function checkLabels({ labels, classNames, named, classesFrom }: OpenedData, model: ClassesOfModel): void {
  if (named !== undefined) checkNames(named, model);
  else if (classNames !== undefined && classNames.length !== model.numClasses) {
    throw new CliError(
      `${classesFrom}: must name the ${model.numClasses} classes of ${model.model}, got ${classNames.length} names`,
    );
  }
  if (labels !== undefined) checkNumbers(labels, model);
}

function checkNames({ from, classes, what, by }: NamedClasses, { numClasses, model }: ClassesOfModel): void {
  const fits = by === 'letters' ? classes.length === numClasses : classes.every((name) => Number(name) < numClasses);
  if (fits) return;
  const [must, way] =
    by === 'letters'
      ? [`${what} for the ${numClasses} classes of ${model}`, `which ${what} stand for which`]
      : [
          `${what} named by numbers below ${numClasses}, the classes of ${model}`,
          `in its order where they count otherwise`,
        ];
  throw new CliError(
    `${from}: must have ${must}, got ${classes.length}: ${someOf(classes, 12)} (--classes FILE, a text of the names of all classes of the model, says ${way})`,
  );
}

function checkNumbers({ numbers, from, nameOf }: OpenedLabels, { numClasses, model }: ClassesOfModel): void {
  for (let i = 0; i < numbers.length; i++) {
    const label = numbers[i] as number;
    if (label >= 0 && label < numClasses) continue;
    const got = `${label} for image ${i}${nameOf ? `, ${nameOf(i)}` : ''}`;
    const must = `labels from 0 to ${numClasses - 1} for the ${numClasses} classes of ${model}`;
    throw new CliError(`${from}: must have ${must}, got ${got} (${wayOut(numbers, numClasses)})`);
  }
}

function wayOut(numbers: ArrayLike<number>, numClasses: number): string {
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < numbers.length; i++) {
    least = Math.min(least, numbers[i] as number);
    most = Math.max(most, numbers[i] as number);
  }
  if (least >= 1 && most === numClasses)
    return 'these labels count from 1: take 1 off each, or say so by --classes FILE with a line for each of the numbers';
  return 'labels count from 0; take the model for these classes, or other labels';
}
