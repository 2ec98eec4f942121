import { decodeElements } from './decode-elements.ts';
import { asBytes, showText } from './file-bytes.ts';
import type { NpyArray } from './npy-types.ts';
import { readSafetensorsHeader } from './safetensors-header.ts';
import { widenHalves } from './widen-halves.ts';

const CALL = 'decodeSafetensors';

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
 * F64, F32, I32, I16, I8, U8 and BOOL keep their type; F16 and BF16 are widened to float32, without a change of value; I64 becomes doubles,
 * and values beyond 2^53 - 1 are refused. The header is held to what the format promises (every tensor as long as its shape says, one
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
  const file = asBytes(CALL, bytes);
  const { entries, metadata } = readSafetensorsHeader(CALL, file);
  const tensors = new Map<string, NpyArray>();
  for (const { name, element, shape, begin, end } of entries) {
    const { dtype, half } = element;
    const elements = file.subarray(begin, end);
    const layout = { dtype, shape, littleEndian: true };
    tensors.set(
      name,
      half === undefined
        ? decodeElements(CALL, elements, layout, ` of ${showText(name)}`)
        : { dtype: 'float32', shape, data: widenHalves(elements, half) },
    );
  }
  return { tensors, metadata };
}
