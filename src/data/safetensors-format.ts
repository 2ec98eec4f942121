import type { NpyDtype } from './npy-types.ts';

/** An element type of a safetensors file. @internal */
export interface SafetensorsElement {
  /** What it becomes. */
  readonly dtype: NpyDtype;
  readonly bytes: number;
  /** How floats of two bytes divide them. */
  readonly half?: 'float16' | 'bfloat16';
}

/** Bytes before the header: its length. @internal */
export const LENGTH_BYTES = 8;
/** The longest header that the reference reads. @internal */
export const MAX_HEADER_BYTES = 100_000_000;
/** The name of the metadata, which no tensor can have. @internal */
export const METADATA = '__metadata__';

/** Element types by their codes, in the order in which the reference writes tensors, backwards. @internal */
export const ELEMENTS: ReadonlyMap<string, SafetensorsElement> = new Map<string, SafetensorsElement>([
  ['BOOL', { dtype: 'bool', bytes: 1 }],
  ['U8', { dtype: 'uint8', bytes: 1 }],
  ['I8', { dtype: 'int8', bytes: 1 }],
  ['I16', { dtype: 'int16', bytes: 2 }],
  ['F16', { dtype: 'float32', bytes: 2, half: 'float16' }],
  ['BF16', { dtype: 'float32', bytes: 2, half: 'bfloat16' }],
  ['I32', { dtype: 'int32', bytes: 4 }],
  ['F32', { dtype: 'float32', bytes: 4 }],
  ['F64', { dtype: 'float64', bytes: 8 }],
  ['I64', { dtype: 'int64', bytes: 8 }],
]);
