import { BYTES_PER_ELEMENT, elementCount, type NpyArray } from './arrays.ts';
import { decodeElements, storedBytes } from './elements.ts';
import { showText, wrongBytes } from './file-bytes.ts';
import type { TorchView } from './torch-globals.ts';

/** How the elements of a checkpoint are read, and how many of them. @internal */
export interface ViewLimits {
  readonly call: string;
  readonly littleEndian: boolean;
  readonly maxBytes: number;
  /** Length of the file. */
  readonly fileBytes: number;
}

/** Views may repeat elements (a stride of 0, storages that are shared), so tensors can be larger than their file; this much and no more. */
const MOST_PER_BYTE = 64;

/** Throws unless all tensors together are of a size that the file may ask for; nothing is allocated before. @internal */
export function checkTotal(views: readonly TorchView[], { call, maxBytes, fileBytes }: ViewLimits): void {
  const total = views.reduce((sum, { array }) => sum + elementCount(array.shape) * BYTES_PER_ELEMENT[array.dtype], 0);
  if (total > MOST_PER_BYTE * fileBytes) {
    const must = `must have tensors of at most ${MOST_PER_BYTE} times the bytes of the file`;
    const way = 'save tensor.clone() of tensors that repeat their elements';
    throw wrongBytes(call, `${must}, got ${total} bytes in a file of ${fileBytes} (${way})`, total);
  }
  if (total > maxBytes) {
    const way = '(raise `maxBytes` if the file is trusted)';
    throw wrongBytes(call, `must have tensors of at most ${maxBytes} bytes, got ${total} ${way}`, total);
  }
}

/** Reads the values of a view into its array. @internal */
export function fillView({ storage, stored, array, ...view }: TorchView, name: string, limits: ViewLimits): void {
  const { call, littleEndian } = limits;
  const elements = rowMajor(storage.bytes!, view, storedBytes(stored));
  const layout = { dtype: stored, shape: array.shape, littleEndian };
  const { data } = decodeElements(call, elements, layout, ` of ${showText(name)}`);
  (array as { data: NpyArray['data'] }).data = data;
}

/** The bytes of the elements of a view in row-major order; those of the storage itself where they lie so. */
function rowMajor(
  bytes: Uint8Array,
  { offset, shape, strides }: Pick<TorchView, 'offset' | 'shape' | 'strides'>,
  width: number,
): Uint8Array {
  const count = elementCount(shape);
  if (count === 0) return new Uint8Array();
  if (isContiguous(shape, strides)) return bytes.subarray(offset * width, (offset + count) * width);
  const ordered = new Uint8Array(count * width);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < ordered.length; to += width) {
    for (let b = 0; b < width; b++) ordered[to + b] = bytes[from * width + b]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return ordered;
}

/** Whether neighbours along each axis are as far apart as in a packed array; an axis of one element has no neighbours. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let packed = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== packed) return false;
    packed *= shape[axis]!;
  }
  return true;
}
