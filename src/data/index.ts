export { arrayDataset, idxDataset } from './array-dataset.ts';
export type { ArrayDatasetSource, IdxDatasetSource } from './array-dataset.ts';
export { decodeIdx } from './decode-idx.ts';
export type { DecodeIdxOptions } from './decode-idx.ts';
export type { IdxArray, IdxArrayOf, IdxDtype } from './idx-types.ts';
export type { LabelledDataset, LabelledExample } from './labelled-dataset.ts';
