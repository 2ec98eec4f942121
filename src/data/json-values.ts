import { isPlain } from '../host/own-data.ts';
import type { Json } from '../types.ts';

/** What in a value is not as JSON holds it. @internal */
export interface NoJson {
  /** Where it is in the value: `` for the value itself, `.boxes[3]`. */
  readonly at: string;
  readonly value: unknown;
}

/** Nobody nests so deep but by a circle. */
const MOST_LEVELS = 100;

/**
 * A copy of a value as it comes back from a file of JSON: lists and plain objects of finite numbers, texts, true, false and null. Fields that are undefined
 * are left out.
 *
 * @param refuse - makes the error for the first thing of another kind
 * @internal
 */
export function jsonCopy(value: unknown, refuse: (found: NoJson) => Error): Json {
  return copied({ at: '', value }, refuse, 0);
}

function copied(part: NoJson, refuse: (found: NoJson) => Error, level: number): Json {
  const { at, value } = part;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0; // JSON has no negative zero
  if (typeof value !== 'object' || level > MOST_LEVELS) throw refuse(part);
  const next = (entry: unknown, name: string): Json => copied({ at: `${at}${name}`, value: entry }, refuse, level + 1);
  if (Array.isArray(value)) return Array.from(value, (entry, i) => next(entry, `[${i}]`));
  if (!isPlain(value)) throw refuse(part);
  const copy: Record<string, Json> = {};
  for (const [name, entry] of Object.entries(value)) {
    if (entry === undefined) continue;
    // Not by assignment: JSON may have a field `__proto__`.
    const field = { value: next(entry, `.${name}`), enumerable: true, writable: true, configurable: true };
    Object.defineProperty(copy, name, field);
  }
  return copy;
}
