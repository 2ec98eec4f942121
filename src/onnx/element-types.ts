/** Types of numbers that a model may take, as the runtime names them. @internal */
export type InputType = 'float32' | 'float16' | 'float64' | 'uint8';
/** Types of numbers that are read from a model. @internal */
export type OutputType = 'float32' | 'float16' | 'float64';

/** What the data of a tensor are handed over as. @internal */
export type TensorData = Float32Array | Float64Array | Uint16Array | Uint8Array;

/** Values as a type that a model takes, each rounded to the nearest one. @internal */
export const encodings: Readonly<Record<InputType, (values: Float32Array) => TensorData>> = {
  float32: (values) => values,
  float64: (values) => Float64Array.from(values),
  float16: (values) => Uint16Array.from(values, toHalf),
  uint8: (values) => new Uint8Array(Uint8ClampedArray.from(values).buffer),
};

/** The data of a tensor in a new array of float32. @internal */
export const decodings: Readonly<Record<OutputType, (data: unknown) => Float32Array<ArrayBuffer>>> = {
  float32: (data) => new Float32Array(data as Float32Array),
  float64: (data) => new Float32Array(data as Float64Array),
  // A runtime gives the bits, or numbers where JavaScript has an array for them.
  float16: (data) => (isWords(data) ? Float32Array.from(data, fromHalf) : new Float32Array(data as Float32Array)),
};

/** Whether an array holds bits of halves. Not `instanceof`: a runtime may live in another realm. @internal */
export function isWords(data: unknown): data is Uint16Array {
  return Object.prototype.toString.call(data) === '[object Uint16Array]';
}

/** The bits of the float16 that is nearest to a number, of two such the even one; infinite from 65520 on. */
function toHalf(value: number): number {
  const size = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  // Numbers from 2^e on are 2^(e − 10) apart, and those below 2^-14 as far as at 2^-14. A carry into the exponent is right as it is.
  const e = Math.max(-14, 31 - Math.clz32(size * 2 ** 14) - 14);
  return sign | (((e + 14) << 10) + toEven(size * 2 ** (10 - e)));
}

/** The nearest integer, of two such the even one. */
function toEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** The value of the bits of a float16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The numbers of a tensor of floats or integers in a new array of float32; undefined for what holds none. @internal */
export function numbersOf(type: string | undefined, data: unknown): Float32Array<ArrayBuffer> | undefined {
  if (type !== undefined && Object.hasOwn(decodings, type)) return decodings[type as OutputType](data);
  const kind = Object.prototype.toString.call(data).slice(8, -1);
  if (kind === 'BigInt64Array' || kind === 'BigUint64Array') {
    return Float32Array.from(data as BigInt64Array as unknown as ArrayLike<number>, Number);
  }
  return ArrayBuffer.isView(data) && kind.endsWith('Array') ? Float32Array.from(data as Int32Array) : undefined;
}
