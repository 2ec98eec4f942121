/**
 * Decoders of the files that data come in, from bytes to arrays: IDX, CIFAR, NPY, NPZ, safetensors, corrupted test sets.
 *
 * Nothing here reads a file: that is the host's.
 *
 * @module catrs/data
 */
export { arrayDataset } from './array-dataset.ts';
export type { ArrayDatasetSource } from './array-dataset.ts';
export { cifarDataset } from './cifar-dataset.ts';
export type { CifarDatasetSource } from './cifar-dataset.ts';
export { corruptedDataset } from './corrupted-dataset.ts';
export type { CorruptedDatasetSource } from './corrupted-dataset.ts';
export { decodeCifar } from './decode-cifar.ts';
export type { CifarBatch, DecodeCifarOptions } from './decode-cifar.ts';
export { decodeIdx } from './decode-idx.ts';
export type { DecodeIdxOptions } from './decode-idx.ts';
export { decodeNpy } from './decode-npy.ts';
export type { DecodeNpyOptions } from './decode-npy.ts';
export { decodeNpz } from './decode-npz.ts';
export type { DecodeNpzOptions } from './decode-npz.ts';
export { decodeSafetensors } from './decode-safetensors.ts';
export type { Safetensors } from './decode-safetensors.ts';
export { encodeNpy } from './encode-npy.ts';
export { encodeSafetensors } from './encode-safetensors.ts';
export { idxDataset } from './idx-dataset.ts';
export type { IdxDatasetSource } from './idx-dataset.ts';
export type { IdxArray, IdxArrayOf, IdxDtype } from './idx-types.ts';
export type { LabelledDataset, LabelledExample } from './labelled-dataset.ts';
export type { NpyArray, NpyDtype } from './npy-types.ts';
