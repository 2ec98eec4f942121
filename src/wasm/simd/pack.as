// Copies a matrix panel by panel, `width` columns (4 or 8) side by side, so that a product reads it from the first float to the last.
// Read in place, with a power of two between its rows, all of them would fall on the same few lines of the cache.
//
// Panels are full: where the matrix has fewer columns, the last panel holds what lies behind its rows, or a column again. Steps are in bytes.

/** A panel of a matrix whose columns are neighbours, from its first row on. */
export function packRows(from: usize, rowStep: usize, rows: i32, width: i32, to: usize): void {
  if (width == 4) {
    for (; rows > 0; rows--) {
      v128.store(to, v128.load(from));
      from += rowStep;
      to += 16;
    }
    return;
  }
  for (; rows > 0; rows--) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    from += rowStep;
    to += 32;
  }
}

/**
 * Four columns of a panel, of a matrix whose rows are neighbours. Columns are `columnStep` apart, the last of the four is column `last`
 * and those beyond it are that one again; rows of the panel are `step` apart.
 */
export function packColumns(from: usize, columnStep: usize, last: usize, rows: i32, step: usize, to: usize): void {
  let c0 = from;
  let c1 = from + columnStep * min<usize>(1, last);
  let c2 = from + columnStep * min<usize>(2, last);
  let c3 = from + columnStep * min<usize>(3, last);
  for (; rows > 3; rows -= 4) {
    const x0 = v128.load(c0), x1 = v128.load(c1), x2 = v128.load(c2), x3 = v128.load(c3);
    const low01 = i32x4.shuffle(x0, x1, 0, 4, 1, 5), high01 = i32x4.shuffle(x0, x1, 2, 6, 3, 7);
    const low23 = i32x4.shuffle(x2, x3, 0, 4, 1, 5), high23 = i32x4.shuffle(x2, x3, 2, 6, 3, 7);
    v128.store(to, i64x2.shuffle(low01, low23, 0, 2));
    to += step;
    v128.store(to, i64x2.shuffle(low01, low23, 1, 3));
    to += step;
    v128.store(to, i64x2.shuffle(high01, high23, 0, 2));
    to += step;
    v128.store(to, i64x2.shuffle(high01, high23, 1, 3));
    to += step;
    c0 += 16;
    c1 += 16;
    c2 += 16;
    c3 += 16;
  }
  for (; rows > 0; rows--) {
    store<f32>(to, load<f32>(c0));
    store<f32>(to, load<f32>(c1), 4);
    store<f32>(to, load<f32>(c2), 8);
    store<f32>(to, load<f32>(c3), 12);
    to += step;
    c0 += 4;
    c1 += 4;
    c2 += 4;
    c3 += 4;
  }
}

/** Copies `count` floats. */
@inline
function copy(from: usize, to: usize, count: i32): void {
  for (; count > 3; count -= 4) {
    v128.store(to, v128.load(from));
    from += 16;
    to += 16;
  }
  for (; count > 0; count--) {
    store<f32>(to, load<f32>(from));
    from += 4;
    to += 4;
  }
}

/** Writes `count` zeros and returns where they end. */
@inline
function zero(to: usize, count: i32): usize {
  for (; count > 3; count -= 4) {
    v128.store(to, f32x4.splat(0));
    to += 16;
  }
  for (; count > 0; count--) {
    store<f32>(to, 0);
    to += 4;
  }
  return to;
}

/**
 * Copies images of `height` rows into larger ones, with zeros around them. Rows have `row` floats, those of the larger images `toRow`;
 * `top` rows and `left` floats lie before the image. What is cut off by the larger image's end is left out.
 */
export function pad(x: usize, images: i32, height: i32, row: i32, to: usize, toHeight: i32, toRow: i32, top: i32, left: i32): void {
  const rows = min(height, toHeight - top), count = min(row, toRow - left);
  for (; images > 0; images--) {
    to = zero(to, top * toRow);
    let from = x;
    for (let y = rows; y > 0; y--) {
      to = zero(to, left);
      copy(from, to, count);
      to = zero(to + (<usize>count << 2), toRow - left - count);
      from += <usize>row << 2;
    }
    to = zero(to, (toHeight - top - rows) * toRow);
    x += <usize>(height * row) << 2;
  }
}
