import type { LabelledDataset } from 'catrs/data';

/** The first images of a data set; all of them without a number. */
export function firstImages(dataset: LabelledDataset, count = dataset.size): LabelledDataset {
  return { size: Math.min(count, dataset.size), shape: dataset.shape, example: (index) => dataset.example(index) };
}
