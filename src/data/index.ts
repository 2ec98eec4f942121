/**
 * Decoders of the files that data come in, from bytes to arrays: IDX, CIFAR, NPY, NPZ, safetensors, corrupted test sets.
 *
 * Nothing here reads a file: that is the host's.
 *
 * @module catrs/data
 */
export { arrayDataset } from './array-dataset.ts';
export type { ArrayDatasetSource } from './array-dataset.ts';
export { cifarDataset } from './cifar.ts';
export type { CifarDatasetSource } from './cifar.ts';
export { corruptedDataset } from './corrupted-dataset.ts';
export type { CorruptedDatasetSource } from './corrupted-dataset.ts';
export { decodeCifar } from './cifar.ts';
export type { CifarBatch, DecodeCifarOptions } from './cifar.ts';
export { decodeIdx } from './idx.ts';
export type { DecodeIdxOptions } from './idx.ts';
export { decodeNpy } from './npy.ts';
export type { DecodeNpyOptions } from './npy.ts';
export { decodeNpz } from './decode-npz.ts';
export type { DecodeNpzOptions } from './decode-npz.ts';
export { decodeSafetensors } from './safetensors.ts';
export type { Safetensors } from './safetensors.ts';
export { encodeNpy } from './npy.ts';
export { encodeSafetensors } from './safetensors.ts';
export { idxDataset } from './idx.ts';
export type { IdxDatasetSource } from './idx.ts';
export type { IdxArray, IdxArrayOf, IdxDtype } from './idx.ts';
export type { LabelledDataset, LabelledExample } from './labelled-dataset.ts';
export type { NpyArray, NpyDtype } from './npy-header.ts';
