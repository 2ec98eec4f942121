import { readFile as readRealFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { createKey } from 'catrs';
import { encodeSafetensors } from 'catrs/data';
import { cifarResnet, torchWeights } from 'catrs/models';
import { cifarBatch, encodeCifar } from '../data/cifar-encoder.ts';
import { encodeIdx, gzip } from '../data/idx-encoder.ts';
import { encodeNpy } from '../data/npy-encoder.ts';
import { writeSafetensors } from '../data/safetensors-encoder.ts';
import { zipArchive } from '../data/zip-encoder.ts';
import { folder } from './stand-ins.ts';

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
  'medmnist.npz': zipArchive([
    {
      name: 'test_images.npy',
      data: encodeNpy({ dtype: 'uint8', shape: [2, 28, 28], data: new Uint8Array(2 * 28 * 28) }),
      deflate: true,
    },
    { name: 'test_labels.npy', data: encodeNpy({ dtype: 'uint8', shape: [2, 1], data: Uint8Array.of(0, 1) }) },
  ]),
  'model.safetensors': writeSafetensors([{ name: 'fc.bias', code: 'F16', shape: [2], values: [0x3c00, 0] }]),
  'CIFAR-10-C/labels.npy': encodeNpy({ dtype: 'uint8', shape: [10], data: classes }),
};

/** Stands for `node:fs/promises` in snippets: they may write, but nothing is written. */
export async function writeFile(_path: string, data: string | Uint8Array): Promise<void> {
  if (data.length === 0) throw new Error('a snippet writes an empty file');
}

/** Stands for files that snippets read; what `catrs/node` has written to the folder of the stand-ins is really there. */
export async function readFile(path: string, encoding?: BufferEncoding): Promise<Uint8Array | string> {
  if (path.startsWith(folder)) return readRealFile(path, encoding);
  const made: Readonly<Record<string, () => Promise<Uint8Array>>> = {
    'resnet20.safetensors': officialStateDict,
    'checkpoint.pth.tar': torchCheckpoint,
  };
  const file = (await made[path]?.()) ?? files[path];
  if (file === undefined) throw new Error(`test/docs has no file ${path}`);
  return file;
}

/** Weights under the names of the official code: a ResNet-20 behind a normalisation layer. */
async function officialStateDict(): Promise<Uint8Array> {
  const model = cifarResnet({ key: createKey(5), depth: 20 });
  const weights = [...(await torchWeights(model))].map(([name, weight]) => [`1.${name}`, weight] as const);
  model.dispose();
  return encodeSafetensors(new Map(weights));
}

/** A checkpoint that PyTorch wrote. */
async function torchCheckpoint(): Promise<Uint8Array> {
  const packed = await readRealFile(new URL('../fixtures/torch/resnet20.pth.tar.gz', import.meta.url));
  return new Uint8Array(gunzipSync(packed));
}
