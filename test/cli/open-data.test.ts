import { mkdir, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import type { DataOptions } from '../../src/cli/common-options.ts';
import { openData } from '../../src/cli/open-data.ts';
import type { OpenedData } from '../../src/cli/opened-data.ts';
import { encodeNpy } from '../../src/data/npy.ts';
import { useFolder } from '../node/run.ts';
import { zipArchive } from '../data/zip-encoder.ts';

const { path } = useFolder();
const open = (change: Partial<DataOptions>, unlabelled = false): Promise<OpenedData> =>
  openData({ data: '', format: 'auto', ...change }, { stderr: () => undefined }, { allowsUnlabelled: unlabelled });
const put = async (name: string, bytes: Uint8Array | string): Promise<string> => {
  await mkdir(path(`${name}/..`), { recursive: true });
  await writeFile(path(name), bytes);
  return path(name);
};
const idx = (shape: readonly number[], values: readonly number[]): Uint8Array =>
  Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((size) => [0, 0, 0, size]), ...values]);
const labelsOf = async ({ dataset }: OpenedData): Promise<number[]> =>
  Promise.all(Array.from({ length: dataset.size }, async (_, i) => (await dataset.example(i)).label));

const images = idx([2, 1, 2], [0, 255, 51, 102]);
const labels = idx([2], [3, 1]);

describe('openData', () => {
  it('reads IDX files, plain or packed, whatever their names are', async () => {
    for (const [i, pack] of [(x: Uint8Array) => x, gzipSync].entries()) {
      const data = await open({ data: await put(`i${i}`, pack(images)), labels: await put(`l${i}`, pack(labels)) });
      expect(data.dataset.shape).toEqual([1, 2, 1]);
      expect(await labelsOf(data)).toEqual([3, 1]);
      expect([...(await data.dataset.example(0)).x]).toEqual([0, 1]);
    }
  });

  it('reads the split of a folder of IDX files', async () => {
    await put('mnist/train-images-idx3-ubyte', images);
    await put('mnist/train-labels-idx1-ubyte', labels);
    await put('mnist/t10k-images-idx3-ubyte.gz', gzipSync(idx([1, 1, 2], [255, 0])));
    await put('mnist/t10k-labels-idx1-ubyte.gz', gzipSync(idx([1], [7])));
    expect(await labelsOf(await open({ data: path('mnist') }))).toEqual([7]);
    expect(await labelsOf(await open({ data: path('mnist'), split: 'train' }))).toEqual([3, 1]);
  });

  it('reads NPY files, and labels that are a column', async () => {
    const x = encodeNpy({ dtype: 'float32', shape: [2, 3], data: Float32Array.of(0, 0.5, 1, 1, 0.5, 0) });
    const y = encodeNpy({ dtype: 'int32', shape: [2, 1], data: Int32Array.of(4, 2) });
    const data = await open({ data: await put('x.npy', x), labels: await put('y.npy', y) });
    expect(data.dataset.shape).toEqual([3]);
    expect(await labelsOf(data)).toEqual([4, 2]);
  });

  it('reads NPZ files by usual names, those of the split first, or by given ones', async () => {
    const array = (values: readonly number[]): Uint8Array =>
      encodeNpy({ dtype: 'uint8', shape: [values.length], data: Uint8Array.from(values) });
    const pixels = encodeNpy({ dtype: 'uint8', shape: [2, 2], data: Uint8Array.of(0, 255, 255, 0) });
    const zip = zipArchive([
      { name: 'x_train.npy', data: pixels },
      { name: 'y_train.npy', data: array([0, 1]) },
      { name: 'x_test.npy', data: pixels },
      { name: 'y_test.npy', data: array([1, 0]) },
      { name: 'other.npy', data: array([5, 6]) },
    ]);
    const data = await put('all.npz', zip);
    expect(await labelsOf(await open({ data }))).toEqual([1, 0]);
    expect(await labelsOf(await open({ data, split: 'train' }))).toEqual([0, 1]);
    expect(await labelsOf(await open({ data, xName: 'x_test', yName: 'other' }))).toEqual([5, 6]);
    await expect(open({ data, yName: 'none' })).rejects.toThrow(
      `${data}: must have an array none, got x_train, y_train, x_test, y_test, other (add --x-name and --y-name)`,
    );
  });

  it('reads CIFAR files, told by their size, and a folder of them', async () => {
    const record = (...head: number[]): number[] => [...head, ...Array<number>(3072).fill(0)];
    const ten = Uint8Array.from([...record(3), ...record(9)]);
    expect(await labelsOf(await open({ data: await put('c/test_batch.bin', ten) }))).toEqual([3, 9]);
    expect(await labelsOf(await open({ data: path('c') }))).toEqual([3, 9]);
    const hundred = await put('c100/test.bin', Uint8Array.from(record(19, 99)));
    expect(await labelsOf(await open({ data: hundred }))).toEqual([99]);
    expect((await open({ data: path('c100') })).dataset.shape).toEqual([32, 32, 3]);
  });

  it('reads folders of PNG files as ImageFolder does: gray, RGB and opaque RGBA, 8 and 16 bits', async () => {
    const gray = encode({ width: 2, height: 1, channels: 1, depth: 16, data: Uint16Array.of(65_535, 0) });
    await put('png/zebra/a.png', gray);
    await put('png/ant/b.png', encode({ width: 2, height: 1, channels: 1, data: Uint8Array.of(51, 255) }));
    await put('png/ant/a.png', encode({ width: 2, height: 1, channels: 2, data: Uint8Array.of(0, 255, 102, 255) }));
    const data = await open({ data: path('png') });
    expect(data).toMatchObject({ isLabelled: true, classNames: ['ant', 'zebra'] });
    expect(data.names).toEqual([path('png/ant/a.png'), path('png/ant/b.png'), path('png/zebra/a.png')]);
    expect(await labelsOf(data)).toEqual([0, 0, 1]);
    expect(data.dataset.shape).toEqual([1, 2, 1]);
    const values = [await data.dataset.example(0), await data.dataset.example(1), await data.dataset.example(2)];
    expect(values.map(({ x }) => [...x])).toEqual([
      [0, Math.fround(0.4)],
      [Math.fround(0.2), 1],
      [1, 0],
    ]);

    await put('rgb/a.png', encode({ width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 0, 51) }));
    const flat = await open({ data: path('rgb') }, true);
    expect(flat).toMatchObject({ isLabelled: false, dataset: { size: 1, shape: [1, 1, 3] } });
    expect([...(await flat.dataset.example(0)).x]).toEqual([1, 0, Math.fround(0.2)]);
    await expect(open({ data: path('rgb') })).rejects.toThrow(
      `${path('rgb')}: must come with labels, got images only (put the images of each class into a folder of its own, or add --labels with a text of lines "file name, label")`,
    );
  });

  it.each<readonly [string, string, Uint8Array | string, Partial<DataOptions>, string]>([
    [
      'a JPEG',
      'a.idx',
      Uint8Array.of(0xff, 0xd8, 0xff, 0xe0),
      {},
      'must be a folder of images, got one JPEG file (name its folder)',
    ],
    [
      'a text',
      'a.text',
      'label;x',
      {},
      'must be IDX, CIFAR binary, NPY, NPZ or a folder of images, got a file of 7 bytes that begins with 6c6162656c3b78',
    ],
    ['an empty file', 'empty.npy', '', {}, 'got an empty file'],
    [
      'half a CIFAR file',
      'half.bin',
      new Uint8Array(1000),
      {},
      'got a file of 1000 bytes that begins with 0000000000000000',
    ],
    ['another format than asked for', 'i', images, { format: 'npy' }, 'must be npy as --format says, got idx'],
    ['a truncated IDX file', 'cut', images.subarray(0, 18), {}, 'bytes'],
    [
      'a truncated gzip file',
      'cut.gz',
      gzipSync(images).subarray(0, 12),
      {},
      'must be a whole gzip file of at most 1 GiB unpacked, got "unexpected end of file"',
    ],
    [
      'images without labels',
      'alone',
      images,
      {},
      'must come with labels, got images only (add --labels with their file)',
    ],
    [
      'one PNG file',
      'one.png',
      encode({ width: 1, height: 1, channels: 1, data: Uint8Array.of(1) }),
      {},
      'must be a folder of images, got one PNG file (name its folder)',
    ],
  ])('refuses %s and names it', async (_, name, bytes, change, text) => {
    const data = await put(`bad/${name}`, bytes);
    const error: unknown = await open({ data, ...change }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'CliError', exitCode: 2 });
    const { message } = error as Error;
    expect(message.startsWith(`${data}: `)).toBe(true);
    expect(message).toContain(text);
    expect(message).not.toContain('\n');
  });

  it.each<readonly [string, readonly (readonly [string, Uint8Array])[], string]>([
    [
      'sizes that differ',
      [
        ['a.png', encode({ width: 1, height: 1, channels: 1, data: Uint8Array.of(1) })],
        ['b.png', encode({ width: 1, height: 2, channels: 1, data: Uint8Array.of(1, 2) })],
      ],
      'a.png, got [2, 1, 1] (--resize 1 --crop 1 brings all to one size)',
    ],
    [
      'transparency',
      [['a.png', encode({ width: 1, height: 1, channels: 4, data: Uint8Array.of(1, 2, 3, 4) })]],
      'a.png: must be opaque, got a transparent pixel (0, 0)',
    ],
    [
      'a damaged file',
      [['a.png', encode({ width: 1, height: 1, channels: 1, data: Uint8Array.of(1) }).subarray(0, 40)]],
      'a.png: must be a whole PNG file, got "',
    ],
  ])('refuses PNG files with %s', async (kind, files, text) => {
    for (const [name, bytes] of files) await put(`${kind}/${name}`, bytes);
    const read = async (): Promise<unknown> => {
      const { dataset } = await open({ data: path(kind) }, true);
      return dataset.example(dataset.size - 1);
    };
    await expect(read()).rejects.toThrow(text);
  });

  it('refuses a file that is not there, an empty folder and a folder with both', async () => {
    await expect(open({ data: path('nothing') })).rejects.toThrow(
      `${path('nothing')}: there is no such file or folder`,
    );
    await put('text/readme.txt', 'x');
    await expect(open({ data: path('text') })).rejects.toThrow('got readme.txt');
    await put('both/a.png', encode({ width: 1, height: 1, channels: 1, data: Uint8Array.of(1) }));
    await put('both/cats/a.png', encode({ width: 1, height: 1, channels: 1, data: Uint8Array.of(1) }));
    await expect(open({ data: path('both') })).rejects.toThrow(
      'must hold images or one folder for each class, got both (cats and a.png)',
    );
  });
});
