import type { BitChanges } from './bit-flip-radius.ts';

/** So many mixtures of changes are looked at, which takes about a second. */
const MOST_MIXTURES = 5000;

/**
 * Whether a property holds for every way to spread r changes over groups of bits and over additions and deletions; false where these are too many to
 * be looked at.
 *
 * @param sizes - how many bits the groups have: no group is given more changes
 * @internal
 */
export function allMixtures(
  r: number,
  sizes: readonly number[],
  holds: (changes: readonly BitChanges[]) => boolean,
): boolean {
  let mixtures = 1;
  for (let i = 1; i < 2 * sizes.length; i++) mixtures *= (r + i) / i;
  return mixtures <= MOST_MIXTURES && holdsFrom(r, [], sizes, holds);
}

/** The same, of the groups behind those that have their changes already. */
function holdsFrom(
  left: number,
  given: readonly BitChanges[],
  sizes: readonly number[],
  holds: (changes: readonly BitChanges[]) => boolean,
): boolean {
  if (given.length === sizes.length) return left > 0 || holds(given);
  const most = Math.min(left, sizes[given.length]!);
  for (let changed = 0; changed <= most; changed++) {
    for (let added = 0; added <= changed; added++) {
      const next = [...given, { added, deleted: changed - added }];
      if (!holdsFrom(left - changed, next, sizes, holds)) return false;
    }
  }
  return true;
}
