import { imagesAndLabels, makeDataset } from '../data/array-dataset.ts';
import type { NpyArray } from '../data/arrays.ts';
import type { OpenedData } from './open-data.ts';

const CALL = 'catrs';

/** Data of an array of images [size, ...] and one of labels, [size] or [size, 1]; bytes are divided by 255. @internal */
export function joinArrays(images: NpyArray, labels: NpyArray | undefined): OpenedData {
  const [size = 0] = images.shape;
  const none: NpyArray = { dtype: 'uint8', shape: [size], data: new Uint8Array(size) };
  const arrays = imagesAndLabels(CALL, { images, labels: labels ? asRow(labels) : none });
  return { dataset: makeDataset(CALL, arrays), isLabelled: labels !== undefined };
}

/** Some archives hold the labels as a column. */
function asRow(labels: NpyArray): NpyArray {
  const [size = 0, ...rest] = labels.shape;
  return rest.length > 0 && rest.every((length) => length === 1) ? { ...labels, shape: [size] } : labels;
}
