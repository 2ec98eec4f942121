import { cifarBatch, encodeCifar } from '../data/cifar-encoder.ts';
import { encodeIdx, gzip } from '../data/idx-encoder.ts';
import { encodeNpy } from '../data/npy-encoder.ts';

const pixels = Uint8Array.from({ length: 10 * 16 }, (_, i) => (i * 37) & 255);
const classes = Uint8Array.from({ length: 10 }, (_, i) => i % 2);

/** Small files of the layouts that the pages name. */
const files: Readonly<Record<string, Uint8Array>> = {
  't10k-images-idx3-ubyte.gz': gzip(encodeIdx({ dtype: 'uint8', shape: [10, 4, 4], data: pixels })),
  't10k-labels-idx1-ubyte.gz': gzip(encodeIdx({ dtype: 'uint8', shape: [10], data: classes })),
  'cifar-10-batches-bin/test_batch.bin': encodeCifar(cifarBatch(2, 10)),
  'mnist_c/fog/test_images.npy': encodeNpy({ dtype: 'uint8', shape: [10, 4, 4, 1], data: pixels }),
  'mnist_c/fog/test_labels.npy': encodeNpy({ dtype: 'int64', shape: [10], data: Float64Array.from(classes) }),
  'CIFAR-10-C/gaussian_noise.npy': encodeNpy({ dtype: 'uint8', shape: [10, 4, 4, 1], data: pixels }),
  'CIFAR-10-C/labels.npy': encodeNpy({ dtype: 'uint8', shape: [10], data: classes }),
};

/** Stands for `node:fs/promises` in snippets: they may write, but nothing is written. */
export async function writeFile(_path: string, data: string): Promise<void> {
  if (data.length === 0) throw new Error('a snippet writes an empty file');
}

/** Stands for files that snippets read. */
export async function readFile(path: string): Promise<Uint8Array> {
  const file = files[path];
  if (file === undefined) throw new Error(`test/docs has no file ${path}`);
  return file;
}
