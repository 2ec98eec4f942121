import type { OutputRecord } from './types.ts';

/** Other engines may round logarithms otherwise in the last places. */
const TOLERANCE = 1e-12;

/** What a stored certificate says otherwise than the one that follows. @internal */
export function differences(stored: OutputRecord, derived: OutputRecord): string[] {
  const [said, follows] = [asJson(stored), asJson(derived)];
  const faults = Object.keys(said)
    .filter((name) => !Object.hasOwn(follows, name))
    .map((name) => `${name} is no field of such a certificate`);
  for (const [name, value] of Object.entries(follows)) {
    if (!isSame(said[name], value)) faults.push(`${name} is ${show(said[name])}, but ${show(value)} follows`);
  }
  return faults;
}

const asJson = (value: object): Readonly<Record<string, unknown>> =>
  JSON.parse(JSON.stringify(value)) as Readonly<Record<string, unknown>>;

const show = (value: unknown): string => (JSON.stringify(value) ?? 'undefined').slice(0, 200);

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === 'number' && typeof b === 'number') {
    return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [one, other] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  const names = Object.keys(other);
  return Object.keys(one).length === names.length && names.every((name) => isSame(one[name], other[name]));
}
