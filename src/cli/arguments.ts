import { InvalidArgumentError } from 'commander';
import type { Shard } from '../data/dataset-selection.ts';

/** A number, as an argument of an option. Its domain is checked by the library. @internal */
export function toNumber(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number.');
}

/** A whole number from 0 (so large that it stays exact). @internal */
export function toCount(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('It must be a whole number of at least 0.');
}

/** A whole number from 1. @internal */
export function toPositiveCount(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number of at least 1.');
}

/** Numbers, separated by commas. @internal */
export function toNumbers(text: string): number[] {
  return text.split(',').map(toNumber);
}

/** Two ascending numbers, separated by a comma. @internal */
export function toRange(text: string): readonly [number, number] {
  const [low, high, ...rest] = toNumbers(text);
  if (low !== undefined && high !== undefined && rest.length === 0 && low < high) return [low, high];
  throw new InvalidArgumentError('It must be two numbers in ascending order, for example 0,1.');
}

/** A part of a run, `i/m` with 0 ≤ i < m. @internal */
export function toShard(text: string): Shard {
  const [, index = NaN, count = NaN] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index < count) return { index, count };
  const range = count > 0 ? `: of ${count} shards the first is 0/${count} and the last ${count - 1}/${count}` : '';
  throw new InvalidArgumentError(`It must be i/m with 0 <= i < m${range || ', for example 0/4'}.`);
}
