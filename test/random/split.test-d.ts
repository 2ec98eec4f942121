import { createKey, type Key, split } from 'catrs';

/** Types that tsc must accept (`npm run check`): a literal number of keys gives a tuple. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function same<A, B>(...holds: Same<A, B> extends true ? [] : ['these types differ']): void {
  void holds;
}

const key = createKey(0);
const count = Number('3');
const few = count as 2 | 3;

const two = split(key);
const five = split(key, 5);
const some = split(key, count);
const many = split(key, 4096);
const either = split(key, few);
const below = split(key, -1);

same<typeof two, [Key, Key]>();
same<typeof five, [Key, Key, Key, Key, Key]>();
same<typeof some, Key[]>();
same<typeof many, Key[]>();
same<typeof either, [Key, Key] | [Key, Key, Key]>();
same<typeof below, Key[]>();

// @ts-expect-error: there is no third key
five[5] satisfies Key;
