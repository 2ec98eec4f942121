import type { LogCell } from './log-cell.ts';

/** More classes than any data set has; it keeps a damaged log from asking for memory. */
const MAX_CLASSES = 2 ** 16;

const isIndex = (value: number, end: number): boolean => Number.isInteger(value) && value >= 0 && value < end;

/**
 * Votes per class without the zeros: the number of classes, then `class:count` for each class that has votes, ascending, separated by
 * blanks. `10 3:95 5:5` is 95 votes for class 3 and 5 for class 5 of 10 classes; no text is no class.
 * @internal
 */
export const countsCell: LogCell<readonly number[]> = {
  must: 'must be the number of classes and class:count for each class with votes, ascending',
  write: (counts) => {
    if (counts.length === 0) return '';
    const votes = counts.flatMap((count, label) => (count === 0 ? [] : [`${label}:${count}`]));
    return [counts.length, ...votes].join(' ');
  },
  read: (text) => {
    if (text === '') return [];
    const [classes = '', ...votes] = text.split(' ');
    if (!isIndex(Number(classes), MAX_CLASSES + 1)) return undefined;
    const counts = new Array<number>(Number(classes)).fill(0);
    for (const vote of votes) {
      const [label = '', count = ''] = vote.split(':');
      if (!isIndex(Number(label), counts.length) || !Number.isSafeInteger(Number(count))) return undefined;
      counts[Number(label)] = Number(count);
    }
    return counts.every((count) => count >= 0) ? counts : undefined;
  },
};
