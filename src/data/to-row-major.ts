/** Elements of `width` bytes from column-major (Fortran) to row-major (C) order. @internal */
export function toRowMajor(elements: Uint8Array, shape: readonly number[], width: number): Uint8Array {
  const reordered = new Uint8Array(elements.length);
  const strides = columnMajorStrides(shape, width);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < reordered.length; to += width) {
    for (let b = 0; b < width; b++) reordered[to + b] = elements[from + b] as number;
    from = nextInRowMajor(index, from, shape, strides);
  }
  return reordered;
}

/** Bytes between neighbours along each axis, the first axis varying fastest. */
function columnMajorStrides(shape: readonly number[], width: number): number[] {
  let stride = width;
  return shape.map((size) => {
    const own = stride;
    stride *= size;
    return own;
  });
}

/** Advances `index` by one in row-major order, the last axis first, and gives the place of that element. */
function nextInRowMajor(index: number[], from: number, shape: readonly number[], strides: readonly number[]): number {
  let place = from;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const [size, stride, i] = [shape[axis] as number, strides[axis] as number, (index[axis] as number) + 1];
    place += stride;
    index[axis] = i % size;
    if (i < size) return place;
    place -= stride * size;
  }
  return place;
}
