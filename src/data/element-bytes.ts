import type { IdxArray, IdxDtype } from './idx-types.ts';

const IS_LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** How the elements of a file lie in its bytes. @internal */
export interface ElementLayout {
  readonly dtype: IdxDtype;
  readonly shape: readonly number[];
  readonly littleEndian: boolean;
}

/** Bytes that one element takes. @internal */
export const BYTES_PER_ELEMENT: Readonly<Record<IdxDtype, number>> = {
  uint8: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  float32: 4,
  float64: 8,
};

/** Copies elements out of a file, bit for bit: NaN payloads stay as they are. @internal */
export function toTypedArray(elements: Uint8Array, { dtype, shape, littleEndian }: ElementLayout): IdxArray {
  const copy = new Uint8Array(elements);
  const width = BYTES_PER_ELEMENT[dtype];
  if (width > 1 && littleEndian !== IS_LITTLE_ENDIAN) reverseElements(copy, width);
  const { buffer } = copy;
  switch (dtype) {
    case 'uint8':
      return { dtype, shape, data: copy };
    case 'int8':
      return { dtype, shape, data: new Int8Array(buffer) };
    case 'int16':
      return { dtype, shape, data: new Int16Array(buffer) };
    case 'int32':
      return { dtype, shape, data: new Int32Array(buffer) };
    case 'float32':
      return { dtype, shape, data: new Float32Array(buffer) };
    case 'float64':
      return { dtype, shape, data: new Float64Array(buffer) };
  }
}

/** Copies the elements of an array into little-endian bytes. @internal */
export function toLittleEndian(data: IdxArray['data'] | BigInt64Array): Uint8Array {
  const copy = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  if (!IS_LITTLE_ENDIAN) reverseElements(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

/** Number of elements; a product that double arithmetic rounds is far above the size of any file. @internal */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function reverseElements(bytes: Uint8Array, width: number): void {
  for (let begin = 0; begin + width <= bytes.length; begin += width) {
    for (let i = begin, j = begin + width - 1; i < j; i++, j--) {
      const byte = bytes[i] as number;
      bytes[i] = bytes[j] as number;
      bytes[j] = byte;
    }
  }
}
