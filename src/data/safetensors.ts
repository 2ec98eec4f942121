import { DataError, OptionError, refusal } from '../errors.ts';
import type { NpyArray } from './arrays.ts';
import { arrayBytes, decodeElements, type StoredType } from './elements.ts';
import { asBytes, showText } from './file-bytes.ts';
import { ELEMENTS, LENGTH_BYTES, MAX_HEADER_BYTES, METADATA, readSafetensorsHeader } from './safetensors-header.ts';

/** What a safetensors file holds. */
export interface Safetensors {
  /** The tensors by name, in the order of their bytes; here a dimension may be 0. */
  readonly tensors: ReadonlyMap<string, NpyArray>;
  /** The texts of `__metadata__`; empty if there are none. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Decodes a safetensors file, the weights of a model as Hugging Face publishes them.
 *
 * F64, F32, BOOL and integers, with sign (I) or without (U), keep their type; F16 and BF16 are widened to float32, without a change of value; I64
 * and U64 become doubles, and values beyond 2^53 - 1 are refused. The header is held to what the format promises (every tensor as long as its shape says, one
 * behind the other, none left out, no name twice) before anything is allocated. The names are keys of a map, so none can
 * reach a prototype. The result does not share memory with `bytes`.
 *
 * @param bytes - The whole file.
 * @throws DataError if the file is truncated, has bytes left over, is not safetensors, breaks one of these rules, has another element
 * type, or holds an integer that a double cannot hold or a bool that is neither 0 nor 1.
 * @example
 * ```ts
 * const { tensors } = decodeSafetensors(await readFile('model.safetensors'));
 * const kernel = tensors.get('conv1.weight'); // { dtype: 'float32', shape: [16, 3, 3, 3], data: Float32Array }
 * ```
 * @see Format: https://github.com/huggingface/safetensors#format
 */
export function decodeSafetensors(bytes: Uint8Array | ArrayBuffer): Safetensors {
  const call = 'decodeSafetensors';
  const file = asBytes(call, bytes);
  const { entries, metadata } = readSafetensorsHeader(call, file);
  const tensors = new Map<string, NpyArray>();
  for (const { name, element, shape, begin, end } of entries) {
    const layout = { dtype: element, shape, littleEndian: true };
    tensors.set(name, decodeElements(call, file.subarray(begin, end), layout, ` of ${showText(name)}`));
  }
  return { tensors, metadata };
}

const ENCODE_SAFETENSORS = 'encodeSafetensors';

interface Piece {
  readonly name: Uint8Array;
  readonly rank: number;
  readonly info: string;
  readonly bytes: Uint8Array;
}

/** The codes of the element types, narrow ones first. */
const CODES: readonly (readonly [code: string, dtype: StoredType])[] = [...ELEMENTS];

/**
 * Writes tensors as a safetensors file, in the layout of the reference: wide element types first, then by name.
 *
 * {@link decodeSafetensors} gives the same tensors and metadata back. float32 is written as F32, int64 as I64 and uint64 as U64 (integers below 2^53 in
 * size), bool as BOOL (0 and 1). A dimension may be 0. The header is padded with spaces to a multiple of 8 bytes. The order of `tensors` does
 * not matter, that of `metadata` is kept.
 *
 * @param tensors - The arrays by name; `__metadata__` is no name of a tensor.
 * @param metadata - Texts by name, for example the settings of a run.
 * @throws DataError if element type, shape and values of a tensor do not fit together, a name is taken, or the header becomes longer than
 * 100 MB.
 * @throws OptionError if `tensors` or `metadata` is not a map.
 * @example
 * ```ts
 * const bias = { dtype: 'float32', shape: [2], data: Float32Array.of(0.5, -0.5) } as const;
 * const file = encodeSafetensors(new Map([['fc2.bias', bias]]), new Map([['epoch', '3']]));
 * ```
 * @see Format: https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, NpyArray>,
  metadata: ReadonlyMap<string, string> = new Map<string, string>(),
): Uint8Array {
  assertMap('tensors', tensors);
  assertMap('metadata', metadata);
  const pieces = [...tensors].map(([name, array]) => toPiece(name, array)).sort(byReference);
  const texts = [...metadata].map(([name, text]) => `${quoted('metadata', name)}:${quoted('metadata', text)}`);
  const fields = texts.length > 0 ? [`"${METADATA}":{${texts.join(',')}}`] : [];
  let size = 0;
  for (const { info, bytes } of pieces) {
    fields.push(`${info},"data_offsets":[${size},${size + bytes.length}]}`);
    size += bytes.length;
  }
  const header = new TextEncoder().encode(`{${fields.join(',')}}`);
  const begin = LENGTH_BYTES + Math.ceil(header.length / 8) * 8;
  if (begin - LENGTH_BYTES > MAX_HEADER_BYTES) {
    throw wrong('tensors', header.length, `must fit a header of ${MAX_HEADER_BYTES} bytes`);
  }
  const file = new Uint8Array(begin + size);
  new DataView(file.buffer).setUint32(0, begin - LENGTH_BYTES, true);
  file.fill(0x20, LENGTH_BYTES, begin).set(header, LENGTH_BYTES);
  let at = begin;
  for (const { bytes } of pieces) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

function toPiece(name: string, array: NpyArray): Piece {
  if (name === METADATA) throw wrong('tensors', name, `must have another name than ${METADATA}`);
  const quotedName = quoted('tensors', name);
  const bytes = arrayBytes({ call: ENCODE_SAFETENSORS, field: 'tensors', name }, array, 0);
  const rank = CODES.findIndex(([, dtype]) => dtype === array.dtype);
  const info = `${quotedName}:{"dtype":"${CODES[rank]?.[0]}","shape":[${array.shape.join(',')}]`;
  return { name: new TextEncoder().encode(name), rank, info, bytes };
}

/** Wide element types first, so that all lie on multiples of their size; then by the bytes of the name. */
function byReference(a: Piece, b: Piece): number {
  if (a.rank !== b.rank) return b.rank - a.rank;
  const differs = a.name.findIndex((byte, i) => byte !== b.name[i]);
  if (differs < 0) return a.name.length - b.name.length;
  return (a.name[differs] as number) - (b.name[differs] ?? -1);
}

function quoted(field: string, text: unknown): string {
  if (typeof text !== 'string') throw wrong(field, text, 'must have texts as names and metadata');
  if (!/\p{Surrogate}/u.test(text)) return JSON.stringify(text);
  throw wrong(field, text, 'must have texts of whole characters', showText(text));
}

function assertMap(field: string, value: unknown): void {
  if (value instanceof Map) return;
  const way = 'new Map(Object.entries(object)) makes one';
  throw refusal(OptionError, { call: ENCODE_SAFETENSORS, field, value, way }, 'must be a Map');
}

function wrong(field: string, value: unknown, must: string, got?: string): DataError {
  return refusal(DataError, { call: ENCODE_SAFETENSORS, field, value, got }, must);
}
