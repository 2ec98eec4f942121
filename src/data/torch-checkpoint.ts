import type { DataError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { NpyArray } from './arrays.ts';
import { asBytes, hex, wrongBytes } from './file-bytes.ts';
import { readContent, type TorchValue } from './torch-content.ts';
import type { TorchPickle, TorchView } from './torch-globals.ts';
import { readTorchArchive } from './torch-archive.ts';
import { readTorchStream } from './torch-stream.ts';
import { checkTotal, fillView } from './torch-views.ts';

/** Options of {@link decodeTorchCheckpoint}. */
export interface DecodeTorchCheckpointOptions {
  /**
   * Most bytes that all tensors together may take when decoded. It stops a small hostile file from filling the memory.
   *
   * @defaultValue 2^30 (1 GiB)
   */
  readonly maxBytes?: number | undefined;
}

const decodeTorchCheckpointOptions = optionsOf<DecodeTorchCheckpointOptions>()({
  maxBytes: fields.withDefault(fields.positiveInteger, 2 ** 30),
});

/** What a checkpoint of PyTorch holds. */
export interface TorchCheckpoint {
  /**
   * The state dicts, dictionaries of tensors by their dotted names, by the keys that lead to them, joined by dots: `'state_dict'`, or `''` where
   * the file is one itself.
   *
   * A dictionary counts where it holds nothing but tensors under texts, and where texts and places in lists lead to it; if there is none, the
   * tensors of each dictionary that holds some.
   */
  readonly stateDicts: ReadonlyMap<string, ReadonlyMap<string, NpyArray>>;
  /** Everything in the file, plain values too. */
  readonly content: TorchValue;
}

/**
 * Decodes a checkpoint of PyTorch (`.pt`, `.pth`, `.pth.tar`), as `torch.save` writes it: a ZIP archive since 1.6, a stream before.
 *
 * A restricted reader: tensors, containers and plain values only. Every other name of Python in the file is refused by its name, nothing is
 * imported and nothing of the file is run. float64, float32, int32, int16, int8, uint8 and bool keep their type; float16 and bfloat16 are widened
 * to float32, without a change of value; int64 becomes doubles, and values beyond 2^53 - 1 are refused. Views (transposed, sliced, expanded
 * tensors, storages that are shared) come out row major and are held to their storage; all tensors together may take 64 times the bytes of the
 * file. Attributes such as the `_metadata` of a state dict are left out. The result does not share memory with `bytes`, and `loadTorchWeights` of
 * `catrs/models` takes it as it is.
 *
 * @param bytes - The whole file.
 * @throws DataError if the file is truncated, damaged, neither of the two forms, refers to another name of Python (a class, complex, quantized or
 * sparse tensors), or is larger or deeper than the bounds.
 * @throws OptionError if an option is unknown or outside its domain.
 * @example
 * ```ts
 * const { stateDicts, content } = decodeTorchCheckpoint(await readFile('checkpoint.pth.tar'));
 * const kernel = stateDicts.get('state_dict')?.get('conv1.weight'); // { dtype: 'float32', shape: [16, 3, 3, 3], data: Float32Array }
 * ```
 * @see `torch/serialization.py` and `torch/_utils.py` of https://github.com/pytorch/pytorch, `Lib/pickletools.py` of https://github.com/python/cpython
 */
export function decodeTorchCheckpoint(
  bytes: Uint8Array | ArrayBuffer,
  options: DecodeTorchCheckpointOptions = {},
): TorchCheckpoint {
  const call = 'decodeTorchCheckpoint';
  const { maxBytes } = decodeTorchCheckpointOptions.parse(call, options);
  const file = asBytes(call, bytes);
  const { value, views, littleEndian } = readForm(call, file);
  const limits = { call, littleEndian, maxBytes, fileBytes: file.length };
  const tensors = new Map<unknown, TorchView>(views.map((view) => [view.array, view]));
  const { content, stateDicts, names } = readContent(call, value, (item) => tensors.has(item));
  const used = [...names].map(([array, name]) => [tensors.get(array)!, name] as const);
  checkTotal(
    used.map(([view]) => view),
    limits,
  );
  for (const [view, name] of used) fillView(view, name, limits);
  return { content, stateDicts };
}

function readForm(call: string, file: Uint8Array): TorchPickle {
  if (beginsWith(file, [0x50, 0x4b, 0x03, 0x04])) return readTorchArchive(call, file);
  if (beginsWith(file, [0x80])) return readTorchStream(call, file);
  throw otherFile(call, file);
}

/** Where the mark of a tar archive stands. */
const TAR_MARK = 257;

function otherFile(call: string, file: Uint8Array): DataError {
  const must = 'must be a file of torch.save';
  if (beginsWith(file.subarray(TAR_MARK), [...new TextEncoder().encode('ustar')])) {
    const way = 'load it with a PyTorch that reads it and save it again';
    return wrongBytes(call, `${must}, got a tar archive as PyTorch wrote before 0.1.10 (${way})`, file);
  }
  const begin = file.length === 0 ? 'no bytes' : `bytes that begin with ${[...file.subarray(0, 4)].map(hex).join(' ')}`;
  return wrongBytes(call, `${must}, which begins with 50 4b 03 04 or 80, got ${begin}`, file);
}

function beginsWith(file: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, i) => file[i] === byte);
}
