import { BYTES_PER_ELEMENT, toTypedArray } from './element-bytes.ts';
import { wrongBytes } from './file-bytes.ts';
import type { NpyArray, NpyDtype } from './npy-types.ts';

/** How the elements of an array lie in its bytes. @internal */
export interface NpyElementLayout {
  readonly dtype: NpyDtype;
  readonly shape: readonly number[];
  readonly littleEndian: boolean;
}

/** Bytes that one element takes in a file. @internal */
export function bytesPerElement(dtype: NpyDtype): number {
  return dtype === 'int64' ? 8 : dtype === 'bool' ? 1 : BYTES_PER_ELEMENT[dtype];
}

/** Copies row-major elements out of a file; `where` ends the text of an error about one of them. @internal */
export function decodeElements(
  call: string,
  elements: Uint8Array,
  { dtype, shape, littleEndian }: NpyElementLayout,
  where = '',
): NpyArray {
  if (dtype === 'int64') return { dtype, shape, data: safeIntegers(call, elements, littleEndian, where) };
  if (dtype === 'bool') return { dtype, shape, data: truthValues(call, elements, where) };
  return toTypedArray(elements, { dtype, shape, littleEndian });
}

function safeIntegers(call: string, elements: Uint8Array, littleEndian: boolean, where: string): Float64Array {
  const view = new DataView(elements.buffer, elements.byteOffset, elements.byteLength);
  const [low, high] = littleEndian ? [0, 4] : [4, 0];
  return Float64Array.from({ length: elements.length / 8 }, (_, i) => {
    // Exact below 2^53 in size; beyond it the sum may round, but never to below.
    const value = view.getInt32(8 * i + high, littleEndian) * 2 ** 32 + view.getUint32(8 * i + low, littleEndian);
    if (Number.isSafeInteger(value)) return value;
    throw wrongBytes(call, `must hold integers below 2^53 in size, got about ${value} at element ${i}${where}`, value);
  });
}

function truthValues(call: string, elements: Uint8Array, where: string): Uint8Array {
  const wrong = elements.findIndex((byte) => byte > 1);
  if (wrong < 0) return new Uint8Array(elements);
  const must = `must hold 0 or 1 for each bool, got ${elements[wrong]} at element ${wrong}${where}`;
  throw wrongBytes(call, must, elements[wrong]);
}
