/** How floats of two bytes divide them: 5 or 8 bits of exponent. @internal */
export type HalfFloat = 'float16' | 'bfloat16';

/** Floats of two bytes as float32, which holds all their values; a NaN stays a NaN. @internal */
export function widenHalves(elements: Uint8Array, half: HalfFloat, littleEndian: boolean): Float32Array {
  const view = new DataView(elements.buffer, elements.byteOffset, elements.byteLength);
  const bits = Int32Array.from({ length: elements.length / 2 }, (_, i) => {
    const word = view.getUint16(2 * i, littleEndian);
    return half === 'bfloat16' ? word << 16 : widened(word);
  });
  return new Float32Array(bits.buffer);
}

/** Bits of the float32 with the value of a float16: 1 sign, 5 exponent and 10 fraction bits become 1, 8 and 23. */
function widened(word: number): number {
  const sign = (word & 0x8000) << 16;
  const exponent = (word >> 10) & 0x1f;
  const fraction = word & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13); // infinite or NaN
  if (exponent > 0) return sign | ((exponent + 127 - 15) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // Below 2^-14 a float16 is a multiple of 2^-24; float32 writes it with a leading 1.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((127 - 14 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
