import * as tf from '@tensorflow/tfjs';
import type { LogitsFn } from '../../src/classifier/types.ts';

/** Logits [batch, 2] of inputs [batch, 2], computed row by row from values: a plain function of each row. */
type Rows = (rows: readonly (readonly number[])[], call: number) => number[][];

const honest = (row: readonly number[]): number[] => [0, row[0]! - row[1]! + 0.4];
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
/** The other class. */
const turned = (row: readonly number[]): number[] => honest(row).toReversed();

/** Classifiers whose rows depend on more than themselves, each in another way. */
const WAYS: Readonly<Record<string, Rows>> = {
  'batch statistics': (rows) => {
    const centre = mean(rows.map((row) => honest(row)[1]!));
    return rows.map((row) => [0, honest(row)[1]! - centre]);
  },
  'the place in the batch': (rows) => rows.map((row, i) => [0, honest(row)[1]! + 0.1 * i]),
  'the first place': (rows) => rows.map((row, i) => (i === 0 ? honest(row) : turned(row))),
  'the first half': (rows) => rows.map((row, i) => (2 * i < rows.length ? honest(row) : turned(row))),
  'even and odd places': (rows) => rows.map((row, i) => (i % 2 === 0 ? honest(row) : turned(row))),
  'a batch of more than one row': (rows) => rows.map((row) => (rows.length > 1 ? turned(row) : honest(row))),
  'a batch of more than 4 rows': (rows) => rows.map((row) => (rows.length > 4 ? turned(row) : honest(row))),
  'a batch of more than 10 rows': (rows) => rows.map((row) => (rows.length > 10 ? turned(row) : honest(row))),
  'an even number of rows': (rows) => rows.map((row) => (rows.length % 2 === 0 ? turned(row) : honest(row))),
  'the first row': (rows) => rows.map((row) => [0, honest(row)[1]! + rows[0]![0]!]),
  'the last row': (rows) => rows.map((row) => [0, honest(row)[1]! + rows.at(-1)![0]!]),
  'the row before': (rows) => rows.map((row, i) => [0, honest(row)[1]! + (rows[i - 1]?.[0] ?? 0)]),
  'the row after': (rows) => rows.map((row, i) => [0, honest(row)[1]! + (rows[i + 1]?.[0] ?? 0)]),
  'rows that are sorted': (rows) => [...rows].sort((a, b) => a[0]! - b[0]!).map(honest),
  'the largest row': (rows) => rows.map((row) => [0, honest(row)[1]! - Math.max(...rows.map(([a]) => a!))]),
  'the second call': (rows, call) => rows.map((row) => (call === 0 ? honest(row) : turned(row))),
  'a call in two': (rows, call) => rows.map((row) => (call % 2 === 0 ? honest(row) : turned(row))),
  chance: (rows, call) => rows.map((row, i) => [0, honest(row)[1]! + Math.sin(1 + call + i)]),
};

const functionOf = (rowsOf: Rows): LogitsFn => {
  let call = 0;
  return (x) => {
    const values = Array.from(x.dataSync());
    const rows = Array.from({ length: x.shape[0]! }, (_, i) => values.slice(2 * i, 2 * i + 2));
    return tf.tensor2d(rowsOf(rows, call++), [rows.length, 2]);
  };
};

/** Makes each of the classifiers anew. */
export const batchDependent: readonly (readonly [name: string, make: () => LogitsFn])[] = Object.entries(WAYS).map(
  ([name, rows]) => [name, () => functionOf(rows)] as const,
);

/** What they would be. */
export const honestClassifier: LogitsFn = functionOf((rows) => rows.map(honest));
