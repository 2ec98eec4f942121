import type { DatasetArrays } from './make-dataset.ts';
import { wrongField } from './make-dataset.ts';
import type { NpyArray } from './npy-types.ts';

/** Two decoded files. @internal */
export interface ImagesAndLabels {
  readonly images: NpyArray;
  readonly labels: NpyArray;
}

/** The arrays of a data set of two decoded files; `[height, width]` gets the channel that convolutions need. @internal */
export function imagesAndLabels(call: string, { images, labels }: ImagesAndLabels): DatasetArrays {
  if (images.shape.length < 2 || (images.dtype !== 'uint8' && images.dtype !== 'float32')) {
    throw wrongField(call, 'images', 'must be uint8 or float32 of shape [size, ...]', images, describeArray(images));
  }
  if (labels.shape.length !== 1 || labels.dtype.startsWith('float') || labels.dtype === 'bool') {
    throw wrongField(call, 'labels', 'must be integers of shape [size]', labels, describeArray(labels));
  }
  const [size = 0, ...shape] = images.shape;
  if (labels.data.length !== size) {
    throw wrongField(call, 'labels', `must hold one label for each of the ${size} images`, labels.data.length);
  }
  return { values: images.data, shape: shape.length === 2 ? [...shape, 1] : shape, labels: labels.data };
}

function describeArray({ dtype, shape }: NpyArray): string {
  return `${dtype} of shape [${shape.join(', ')}]`;
}
