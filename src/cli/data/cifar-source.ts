import type { NpyArray } from '../../data/arrays.ts';
import { type CifarBatch, cifarDataset } from '../../data/cifar.ts';
import type { ChosenBy, DataRequest, ImageSource } from './image-source.ts';

/** Decoded files of CIFAR. @internal */
export interface FoundCifar {
  readonly from: string;
  readonly batches: readonly CifarBatch[];
  readonly takes?: readonly ChosenBy[];
}

/** Images of files of CIFAR, which bring their labels. @internal */
export function cifarSource({ from, batches, takes = [] }: FoundCifar, { inputRange }: DataRequest): ImageSource {
  const dataset = cifarDataset({ batches, inputRange });
  const image = async (index: number): Promise<Float32Array> => (await dataset.example(index)).x;
  const numbers = Float64Array.from(batches.flatMap(({ labels }: { readonly labels: NpyArray }) => [...labels.data]));
  const labels = { kind: 'numbers', from, numbers } as const;
  return {
    what: `${from}, binary files of CIFAR`,
    takes,
    size: dataset.size,
    shape: dataset.shape,
    image,
    fromBytes: true,
    labels,
  };
}
