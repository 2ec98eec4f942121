import { ClassifierError, refusal } from '../errors.ts';

/** Rows of a batch that are asked together: `size` rows, of which the first `count` count and the others fill up. @internal */
export interface RowPart {
  readonly values: Float32Array<ArrayBuffer>;
  readonly count: number;
}

/**
 * A batch in parts of one size, for models that take no other: the last one is filled up with copies of its first row. Each part is an array of its own.
 *
 * @internal
 */
export function partsOf(inputs: Float32Array, batch: number, size: number): RowPart[] {
  const length = inputs.length / batch;
  const parts: RowPart[] = [];
  for (let begin = 0; begin < batch; begin += size) {
    const count = Math.min(size, batch - begin);
    const values = new Float32Array(size * length);
    values.set(inputs.subarray(begin * length, (begin + count) * length));
    for (let row = count; row < size; row++) values.copyWithin(row * length, 0, length);
    parts.push({ values, count });
  }
  return parts;
}

/** A number of boxes as a model gives it. @internal */
export function countOf(call: string, count: number | undefined, most: number): number {
  if (Number.isInteger(count) && (count as number) >= 0 && (count as number) <= most) return count as number;
  const must = `must return counts from 0 to ${most}`;
  throw refusal(ClassifierError, { call, field: 'detector', value: count }, must);
}
