import { describe, expect, it } from 'vitest';
import { cifarDataset, decodeCifar } from '../../src/data/cifar.ts';
import { corruptedDataset } from '../../src/data/corrupted-dataset.ts';
import { decodeIdx, idxDataset } from '../../src/data/idx.ts';
import { decodeNpy } from '../../src/data/npy.ts';
import { decodeNpz } from '../../src/data/decode-npz.ts';
import { decodeSafetensors } from '../../src/data/safetensors.ts';
import { decodeTorchCheckpoint } from '../../src/data/torch-checkpoint.ts';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { DataError } from '../../src/errors.ts';
import { thrownBy } from '../helpers/errors.ts';
import { cifarBatch, encodeCifar } from './cifar-encoder.ts';
import { gzip } from './idx-encoder.ts';
import { npyFile } from './npy-encoder.ts';
import { safetensorsFile } from './safetensors-encoder.ts';
import { tensor as torchTensor, torchArchive, torchStream } from './torch-encoder.ts';
import { zipArchive } from './zip-encoder.ts';

const DECLARED = 400_000_000;
const npy = (order: string): Uint8Array =>
  npyFile(`{'descr': '<f4', 'fortran_order': ${order}, 'shape': (${DECLARED / 8}, 2), }`, [1, 2, 3, 4]);
const idx = Uint8Array.of(0, 0, 8, 2, 0x17, 0xd7, 0x84, 0, 0, 0, 0, 1, 7); // [DECLARED, 1]
const archive = (size: number, deflate: boolean): Uint8Array =>
  zipArchive([{ name: 'a.npy', data: npy('False'), deflate, directory: { size }, local: { size } }]);
const tensor = { dtype: 'F32', shape: [DECLARED / 4], data_offsets: [0, DECLARED] };

const one = new Uint8Array(4);
const huge = torchTensor({ length: DECLARED / 4, shape: [DECLARED / 4], strides: [1] });
const expanded = torchTensor({ length: 1, shape: [DECLARED / 4], strides: [0] });

/** Small files that declare 400 MB: far less than a machine has, so a decoder that believed them would allocate it. */
const liars: [string, () => unknown][] = [
  ['IDX', () => decodeIdx(idx)],
  ['IDX in gzip', () => decodeIdx(gzip(idx))],
  ['NPY', () => decodeNpy(npy('False'))],
  ['NPY in Fortran order', () => decodeNpy(npy('True'))],
  ['NPY in gzip', () => decodeNpy(gzip(npy('False')))],
  ['NPZ: an array', () => decodeNpz(archive(npy('False').length, false))],
  ['NPZ: a stored member', () => decodeNpz(archive(DECLARED, false))],
  ['NPZ: a deflated member', () => decodeNpz(archive(DECLARED, true))],
  ['NPZ: a deflated member of a size that its bytes could have', () => decodeNpz(archive(100_000, true))],
  ['safetensors', () => decodeSafetensors(safetensorsFile(JSON.stringify({ a: tensor }), [1, 2, 3, 4]))],
  ['safetensors: the header', () => decodeSafetensors(Uint8Array.of(0, 0xe1, 0xf5, 5, 0, 0, 0, 0, 0x7b))],
  ['PyTorch: a storage of an archive', () => decodeTorchCheckpoint(torchArchive([huge], { '0': one }))],
  ['PyTorch: a storage of a stream', () => decodeTorchCheckpoint(torchStream([huge], { '0': [DECLARED / 4, one] }))],
  ['PyTorch: one element again and again', () => decodeTorchCheckpoint(torchArchive([expanded], { '0': one }))],
  ['PyTorch: a text', () => decodeTorchCheckpoint(torchArchive([0x80, 2, 0x58, 0, 0x84, 0xd7, 0x17]))],
  ['CIFAR, which declares nothing', () => decodeCifar(new Uint8Array(5), { classes: 10 })],
];

describe('a declared size is checked against the bytes at hand before anything is allocated', () => {
  it.each(liars)('%s', async (_name, decode) => {
    const before = process.memoryUsage().arrayBuffers;
    const error = await thrownBy(decode);
    const grown = process.memoryUsage().arrayBuffers - before;
    expect(error).toBeInstanceOf(DataError);
    expect(grown).toBeLessThan(5_000_000);
  });
});

describe('data sets of bytes stay bytes', () => {
  const size = 4000;
  const images = { dtype: 'uint8', shape: [size, 32, 32, 3], data: new Uint8Array(size * 3072) } as const; // 12 MB, 49 as float32
  const labels = { dtype: 'uint8', shape: [size], data: new Uint8Array(size) } as const;
  const few = cifarBatch(2, 10);

  it.each<[string, () => LabelledDataset, number]>([
    ['idxDataset', () => idxDataset({ images, labels }), 14e6],
    ['corruptedDataset', () => corruptedDataset({ images, labels, severity: 2 }), 3e6],
    ['cifarDataset of one file', () => cifarDataset({ batches: [{ images, labels }] }), 14e6],
    [
      'cifarDataset of two files, which are joined first',
      () => cifarDataset({ batches: [{ images, labels }, few] }),
      26e6,
    ],
  ])('%s', async (_name, make, most) => {
    const before = process.memoryUsage().arrayBuffers;
    const dataset = make();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(most);
    expect((await dataset.example(0)).x).toBeInstanceOf(Float32Array);
  });

  it('decoders give bytes for bytes', async () => {
    expect((await decodeCifar(encodeCifar(few), { classes: 10 })).images.data).toBeInstanceOf(Uint8Array);
    expect((await decodeIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7))).data).toBeInstanceOf(Uint8Array);
    const { data } = await decodeNpy(npyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", [7]));
    expect(data).toBeInstanceOf(Uint8Array);
  });
});
