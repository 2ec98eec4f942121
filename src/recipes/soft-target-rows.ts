import { DataError, OptionError, showValue } from '../errors.ts';
import type { NpyArray } from '../data/npy-types.ts';
import type { SoftTargetRows } from './training-batches.ts';

/** How far the sum of a row may be from 1: float32 sums of a thousand classes stay well within. */
const TOLERANCE = 1e-3;

/** Soft targets of a whole data set, one row for each example. @internal */
export interface SoftTargetTable {
  readonly numClasses: number;
  /** Copies the row of example `index` to `out`. */
  copyRow(index: number, out: Float32Array): void;
}

/** Checks that soft targets have a row for each example; each row is checked when it is used. @internal */
export function softTargetTable(call: string, rows: SoftTargetRows, size: number): SoftTargetTable {
  const given: NpyArray['data'] = 'dtype' in rows ? rows.data : rows;
  const data = given.slice(); // the table is the host's, and is read batch by batch
  const shape = 'dtype' in rows ? rows.shape : [size, data.length / size];
  const [, numClasses = 0] = shape;
  const isTable = shape.length === 2 && shape[0] === size && data.length === size * numClasses;
  if (!isTable || !Number.isInteger(numClasses) || numClasses < 2) {
    const got = 'dtype' in rows ? `shape [${shape.join(', ')}]` : `${data.length} numbers`;
    const text = `\`softTargets\` must be a table [${size}, numClasses], a row for each example, got ${got}`;
    throw new OptionError(text, { call, field: 'softTargets', value: shape });
  }
  const copyRow = (index: number, out: Float32Array): void => {
    const row = Float64Array.from(data.subarray(index * numClasses, (index + 1) * numClasses));
    const sum = row.reduce((total, value) => total + value, 0);
    if (!row.every((value) => value >= 0) || !(Math.abs(sum - 1) <= TOLERANCE)) {
      const text = `\`softTargets\` must have rows of probabilities, got ${showValue([...row])} for example ${index}`;
      throw new DataError(text, { call, field: 'softTargets', value: row });
    }
    out.set(row);
  };
  return { numClasses, copyRow };
}
