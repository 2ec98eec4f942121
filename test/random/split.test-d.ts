import { createKey, type Key, split } from 'catrs';

/** Types that tsc must accept (`npm run check`): a literal number of keys gives a tuple. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** The value is of the second type, exactly. */
function same<B>() {
  return <A>(value: A, ...holds: Same<A, B> extends true ? [] : ['these types differ']): void => void [value, holds];
}

const key = createKey(0);
const count = Number('3');
const few = count as 2 | 3;

same<[Key, Key]>()(split(key));
same<[Key, Key, Key, Key, Key]>()(split(key, 5));
same<Key[]>()(split(key, count));
same<Key[]>()(split(key, 4096));
same<[Key, Key] | [Key, Key, Key]>()(split(key, few));
same<Key[]>()(split(key, -1));

const five = split(key, 5);
// @ts-expect-error: there is no sixth key
five[5] satisfies Key;
