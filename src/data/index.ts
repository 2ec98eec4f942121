/**
 * Decoders of the files that data come in, from bytes to arrays: IDX, CIFAR, NPY, NPZ, safetensors, checkpoints of PyTorch, corrupted
 * test sets.
 *
 * Nothing here reads a file: that is the host's.
 *
 * @module catrs/data
 */
export type { IdxArray, IdxArrayOf, IdxDtype, NpyArray, NpyDtype } from './arrays.ts';
export { arrayDataset } from './array-dataset.ts';
export type { ArrayDatasetSource, LabelArray } from './array-dataset.ts';
export { cifarDataset, decodeCifar } from './cifar.ts';
export type { CifarBatch, CifarDatasetSource, DecodeCifarOptions } from './cifar.ts';
export { corruptedDataset } from './corrupted-dataset.ts';
export type { CorruptedDatasetSource } from './corrupted-dataset.ts';
export { datasetOf } from './dataset-of.ts';
export type {
  DatasetOfOptions,
  ExampleValues,
  GivenExample,
  NestedNumbers,
  TfDataset,
  ValuesOfShape,
} from './dataset-of.ts';
export { decodeIdx, idxDataset } from './idx.ts';
export type { DecodeIdxOptions, IdxDatasetSource } from './idx.ts';
export type { LabelledDataset, LabelledExample } from './labelled-dataset.ts';
export type { InputArray } from './input-values.ts';
export { decodeNpy, encodeNpy } from './npy.ts';
export type { DecodeNpyOptions } from './npy.ts';
export { decodeNpz } from './decode-npz.ts';
export type { DecodeNpzOptions } from './decode-npz.ts';
export { resizeAndCrop } from './resize-and-crop.ts';
export type { ImagePixels, ResizeAndCropOptions } from './resize-and-crop.ts';
export { decodeSafetensors, encodeSafetensors } from './safetensors.ts';
export type { Safetensors } from './safetensors.ts';
export { decodeTorchCheckpoint } from './torch-checkpoint.ts';
export type { DecodeTorchCheckpointOptions, TorchCheckpoint } from './torch-checkpoint.ts';
export type { TorchKey, TorchValue } from './torch-content.ts';
