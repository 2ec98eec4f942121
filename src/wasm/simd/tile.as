// What the products share: where their sums go.

/** Bytes of a tile's part of the table: two i32 for each of 4 rows. */
export const TILE_ENTRIES: usize = 32;

/** Adds four sums to their place. */
@inline
export function addFour(at: usize, sums: v128): void {
  v128.store(at, f32x4.add(v128.load(at), sums));
}

/** All bits of the columns, from `first` on, that count: those below `used`. */
@inline
export function counting(first: i32, used: i32): v128 {
  return i32x4.lt_s(i32x4.add(i32x4(0, 1, 2, 3), i32x4.splat(first)), i32x4.splat(used));
}
