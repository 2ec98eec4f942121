import { elapsedCell } from './elapsed-cell.ts';
import { formatRadius } from './format-radius.ts';
import { exactNumber } from './log-cell.ts';
import type { LogCell } from './log-cell.ts';

const INTEGER = /^(-1|0|[1-9]\d*)(?:\.0+)?$/;
const DECIMAL = /^(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d{1,3})?$/;

/** Integers of the published logs: some are written as floats, `3.0`. */
function classCell(least: number): LogCell<number> {
  return {
    must: `must be an integer of at least ${least}`,
    write: String,
    read: (text) => {
      const value = Number(INTEGER.exec(text)?.[1]);
      return Number.isSafeInteger(value) && value >= least ? value : undefined;
    },
  };
}

/** The six columns of the official logs, in their order. @internal */
export const outcomeColumns: {
  readonly idx: LogCell<number>;
  readonly label: LogCell<number>;
  readonly predict: LogCell<number>;
  readonly radius: LogCell<number>;
  readonly correct: LogCell<boolean>;
  readonly time: LogCell<number>;
} = {
  idx: classCell(0),
  label: classCell(0),
  predict: classCell(-1),
  radius: {
    must: 'must be a number of at least 0 that a double can hold, or inf',
    write: formatRadius,
    read: (text) => {
      if (text === 'inf') return Infinity;
      const value = DECIMAL.test(text) ? Number(text) : NaN;
      const isLost = value === 0 && /^[^e]*[1-9]/.test(text);
      return Number.isFinite(value) && !isLost ? value : undefined;
    },
  },
  correct: {
    must: 'must be 0 or 1',
    write: (correct) => (correct ? '1' : '0'),
    read: (text) => ({ '0': false, '1': true })[text.replace(/\.0+$/, '')],
  },
  time: elapsedCell,
};

/** The radius in full. @internal */
export const fullRadiusCell: LogCell<number> = exactNumber('must be a number of at least 0', (value) => value >= 0);
