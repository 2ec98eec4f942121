import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { useFolder } from '../node/run.ts';
import { bytes, complaintOf, idx, npz, see, writeTree } from './data-folder.ts';

const { path } = useFolder();
const put = async (name: string, content: Uint8Array | string): Promise<string> => {
  await writeFile(path(name), content);
  return path(name);
};

const pixels = bytes([3, 1, 1], [10, 20, 30]);
let images = '';
beforeAll(async () => {
  images = await put('x.npy', encodeNpy(pixels));
});

describe('--labels of images in an array', () => {
  const onehot = Float64Array.of(0, 0, 1, 1, 0, 0, 0, 1, 0);
  it.each<readonly [string, Uint8Array | string]>([
    ['IDX', idx([3], [2, 0, 1])],
    ['packed IDX', gzipSync(idx([3], [2, 0, 1]))],
    ['NPY of 64-bit integers', encodeNpy({ dtype: 'int64', shape: [3], data: Float64Array.of(2, 0, 1) })],
    ['NPY of whole floats', encodeNpy({ dtype: 'float32', shape: [3], data: Float32Array.of(2, 0, 1) })],
    ['an NPY column', encodeNpy(bytes([3, 1], [2, 0, 1]))],
    ['one-hot rows', encodeNpy({ dtype: 'float64', shape: [3, 3], data: onehot })],
    ['an archive of one array', npz({ arr_0: bytes([3], [2, 0, 1]) })],
    ['an archive with labels', npz({ names: bytes([5], [1, 2, 3, 4, 5]), labels: bytes([3], [2, 0, 1]) })],
    ['an archive of two parts', npz({ y_train: bytes([1], [0]), y_test: bytes([3], [2, 0, 1]) })],
    ['a label a line', '2\n0\n1\n'],
    ['a column with a name', 'label\r\n2\r\n0\r\n1\r\n'],
    ['whole floats a line', '2.0\n0.0\n1.0'],
    ['lines of np.savetxt', '2.000000000000000000e+00\n0.000000000000000000e+00\n1.000000000000000000e+00\n'],
    ['a JSON list', '[2, 0, 1]'],
    ['a table that counts the rows', 'ImageId,Label\n1,2\n2,0\n3,1\n'],
    ['a table of pandas', ',label\n0,2\n1,0\n2,1\n'],
  ])('are read: %s', async (kind, content) => {
    const file = await put(`labels of ${kind}`, content);
    const { labels, opened } = await see({ data: images, labels: file });
    expect(labels).toEqual([2, 0, 1]);
    expect(opened.labels?.from.startsWith(file)).toBe(true);
  });

  it('that seem to count from 1 are taken as they are, which is said', async () => {
    const file = await put('ones.txt', '2\n1\n3\n');
    const { labels, notes } = await see({ data: images, labels: file });
    expect([labels, notes]).toEqual([
      [2, 1, 3],
      [`${file}: no image has label 0, as if the labels counted from 1; they are taken as they are`],
    ]);
    const classes = await put('three.txt', '1\n2\n3\n');
    expect((await see({ data: images, labels: file, classes })).labels).toEqual([1, 0, 2]);
  });

  it('may be names, numbered by letters or by --classes', async () => {
    const file = await put('names.txt', 'cat\nant\ncat\n');
    expect((await see({ data: images, labels: file })).labels).toEqual([1, 0, 1]);
    const classes = await put('classes.txt', 'bee\ncat\nant\n');
    const { labels, opened } = await see({ data: images, labels: file, classes });
    expect([labels, opened.classNames]).toEqual([
      [1, 2, 1],
      ['bee', 'cat', 'ant'],
    ]);
  });

  it.each<readonly [string, Uint8Array | string, string]>([
    ['too few', encodeNpy(bytes([2], [0, 1])), 'must hold one label for each of the 3 images of '],
    ['too many lines', '0\n1\n2\n0\n', 'must hold one label for each of the 3 images of '],
    ['two hot', encodeNpy(bytes([3, 2], [1, 1, 0, 1, 1, 0])), 'one-hot rows'],
    ['halves', encodeNpy({ dtype: 'float32', shape: [3], data: Float32Array.of(0, 0.5, 1) }), 'got 0.5 at index 1'],
    ['a text of halves', '0\n0.5\n1', 'labels must be whole numbers of at least 0, got 0.5 for image 1'],
    ['negative numbers', '0\n-1\n1', 'labels must be whole numbers of at least 0, got -1 for image 1'],
    ['an empty line', '0\n\n1', 'must hold a label in each line, got an empty line 2'],
    ['nothing', '', 'must hold labels, got an empty file'],
    ['a table of files', 'a.png,1\nb.png,2\nc.png,0', 'must hold one label a line for the images of '],
    ['other bytes', Uint8Array.of(1, 0, 255, 3), 'labels must be IDX, NPY, NPZ or text'],
    [
      'two arrays of labels',
      npz({ y: bytes([3], [0, 0, 0]), label: bytes([3], [0, 1, 2]) }),
      'got y or label (say which by --y-name)',
    ],
    [
      'no array of labels',
      npz({ a: bytes([3], [0, 0, 0]), b: bytes([3], [0, 1, 2]) }),
      'as y_test or labels, got a, b (add --y-name)',
    ],
  ])('are refused in the name of their file: %s', async (kind, content, text) => {
    const file = await put(`refused ${kind}`, content);
    const said = await complaintOf({ data: images, labels: file });
    expect(said.startsWith(file)).toBe(true);
    expect(said).toContain(text);
  });

  it('win over those of the data, everywhere', async () => {
    const file = await put('winning.npy', encodeNpy(bytes([3], [2, 2, 2])));
    const mnist = await writeTree(path('mnist'), {
      't10k-images-idx3-ubyte': idx([3, 1, 1], [1, 2, 3]),
      't10k-labels-idx1-ubyte': idx([3], [0, 0, 0]),
    });
    const archive = await put('both.npz', npz({ x: pixels, y: bytes([3], [0, 0, 0]) }));
    const record = new Uint8Array(3 * 3073);
    const cifar = await put('test_batch.bin', record);
    for (const data of [mnist, archive, cifar]) {
      const { labels, opened } = await see({ data, labels: file });
      expect(labels, data).toEqual([2, 2, 2]);
      expect(opened.labels?.from).toBe(file);
      expect(await complaintOf({ data, labels: path('nowhere') })).toBe(
        `${path('nowhere')}: there is no such file or folder`,
      );
    }
  });
});

describe('--labels of images in files', () => {
  const tree = { '001.png': 1, '002.png': 2, '003.png': 3 };

  it.each<readonly [string, string]>([
    ['a list in the order of the names', '2\n0\n1\n'],
    ['names and numbers', '003.png,1\n001.png,2\n002.png,0\n'],
    ['a table with names of columns', 'id,label,file\n9,1,003.png\n8,2,001.png\n7,0,002.png\n'],
    ['names without endings', 'image,class\n003,1\n001,2\n002,0\n'],
    ['a JSON object', '{"003.png": 1, "001.png": 2, "002.png": 0}'],
    ['lines of Caffe', 'val/001.png 2\nval/002.png 0\nval/003.png 1\n'],
    ['more than there are', '003.png;1\n001.png;2\n002.png;0\n004.png;7'],
  ])('are read: %s', async (kind, text) => {
    const data = await writeTree(path('loose'), tree);
    const { labels } = await see({ data, labels: await put(`${kind}.csv`, text) });
    expect(labels).toEqual([2, 0, 1]);
  });

  it('of ILSVRC are synsets, of which --classes says the numbers', async () => {
    const data = await writeTree(path('val'), { 'ILSVRC2012_val_00000001.png': 1, 'ILSVRC2012_val_00000002.png': 2 });
    const classes = await put(
      'LOC_synset_mapping.txt',
      'n01440764 tench, Tinca tinca\nn01443537 goldfish\nn01484850 great white shark\n',
    );
    const labels = await put(
      'LOC_val_solution.csv',
      'ImageId,PredictionString\nILSVRC2012_val_00000002,n01443537 1 2 3 4 n01443537 5 6 7 8 \nILSVRC2012_val_00000001,n01484850 85 1 499 272\n',
    );
    const { labels: found, opened } = await see({ data, labels, classes });
    expect(found).toEqual([2, 1]);
    expect(opened.classNames?.[2]).toBe('n01484850');
  });

  it('of the devkit count in another order, and are refused', async () => {
    const data = await writeTree(path('devkit'), {
      'ILSVRC2012_val_00000001.png': 1,
      'ILSVRC2012_val_00000002.png': 2,
    });
    const labels = await put('ILSVRC2012_validation_ground_truth.txt', '490\n361\n');
    expect(await complaintOf({ data, labels })).toContain(
      `${labels}: must hold class numbers as the model counts them, got ILSVRC ids from 1 on in the order of meta.mat`,
    );
  });

  it('are refused where it is not clear whose they are', async () => {
    const data = await writeTree(path('unclear'), { 'img_2.png': 2, 'img_10.png': 10 });
    expect(await complaintOf({ data, labels: await put('two.txt', '0\n1\n') })).toBe(
      `${path('two.txt')}: must say which label is of which image, got a list of labels for files whose order is not clear: by letters img_10.png comes first, by numbers img_2.png (name the files: lines of "file name, label")`,
    );
    expect(await complaintOf({ data, labels: await put('one.csv', 'img_2.png,0\n') })).toBe(
      `${path('one.csv')}: must have a line for each of the 2 images, got none for img_10.png`,
    );
    expect(await complaintOf({ data, labels: await put('twice.csv', 'img_2.png,0\nimg_10.png,1\nimg_2.png,1') })).toBe(
      `${path('twice.csv')}: must have one label for each file, got two for img_2.png`,
    );
    const classes = await writeTree(path('sorted'), { '0/a.png': 0, '1/b.png': 1 });
    expect(await complaintOf({ data: classes, labels: path('two.txt') })).toContain('got a list of labels for ');
    const named = await see({ data: classes, labels: await put('sorted.csv', 'b.png,5\n0/a.png,4') });
    expect(named.labels).toEqual([4, 5]);
  });
});

describe('arrays of an NPZ archive', () => {
  const y = bytes([3], [2, 0, 1]);
  const other = bytes([3], [0, 0, 0]);
  it.each<readonly [string, Parameters<typeof npz>[0]]>([
    ['x, y', { x: pixels, y }],
    ['X, y', { X: pixels, y }],
    ['data, label', { data: pixels, label: y }],
    ['data, target', { data: pixels, target: y, feature_names: other }],
    ['images, targets', { targets: y, images: pixels }],
    ['x_test, y_test', { x_train: other, y_train: other, x_test: pixels, y_test: y }],
    [
      'test_images, test_labels',
      {
        train_images: other,
        train_labels: other,
        val_images: other,
        val_labels: other,
        test_images: pixels,
        test_labels: y,
      },
    ],
    ['Xtest, ytest', { Xtest: pixels, ytest: y, Xtrain: other, ytrain: other }],
    ['arr_0, arr_1', { arr_0: pixels, arr_1: y }],
    ['one that is left over', { x: pixels, classes: y }],
    ['one that is left over, packed on a Mac', { x: pixels, classes: y, '__MACOSX/._classes': other }],
  ])('are found: %s', async (names, arrays) => {
    const { labels, values } = await see({ data: await put(`${names}.npz`, npz(arrays)) });
    expect([labels, values]).toEqual([
      [2, 0, 1],
      [10, 20, 30],
    ]);
  });

  it('are those of the part, val where there is no test part', async () => {
    const data = await put('parts.npz', npz({ x_train: other, y_train: other, x_val: pixels, y_val: y }));
    const { labels, notes } = await see({ data });
    expect([labels, notes]).toEqual([[2, 0, 1], [`${data}: has no test part, so x_val is taken`]]);
    expect((await see({ data, split: 'val' })).notes).toEqual([]);
    const train = await put('train.npz', npz({ x_train: pixels, y_train: y }));
    expect(await complaintOf({ data: train })).toBe(
      `${train}: must have the images of --split test, got x_train (add another --split, or --x-name and --y-name)`,
    );
  });

  it('of KMNIST are in two archives', async () => {
    const data = await put('kmnist-test-imgs.npz', npz({ arr_0: pixels }));
    const labels = await put('kmnist-test-labels.npz', npz({ arr_0: y }));
    expect((await see({ data, labels })).labels).toEqual([2, 0, 1]);
    expect((await see({ data, labels, xName: 'arr_0', yName: 'arr_0' })).labels).toEqual([2, 0, 1]);
  });

  it('are named by the error where several may be meant', async () => {
    const said = async (name: string, arrays: Parameters<typeof npz>[0]): Promise<string> =>
      complaintOf({ data: await put(name, npz(arrays)) });
    expect(await said('two.npz', { x: pixels, images: pixels, y })).toContain(
      'got x or images (say which by --x-name)',
    );
    expect(await said('fine.npz', { x: pixels, y, labels: y })).toContain('got y or labels (say which by --y-name)');
    expect(await said('none.npz', { digits: pixels, truth: y })).toContain(
      'got digits, truth (add --x-name and --y-name)',
    );
    expect(await said('left.npz', { x: pixels, a: y, b: y })).toContain(
      'got images only (of a, b any may be the labels (--y-name says which))',
    );
    expect(await said('short.npz', { x: pixels, mean: bytes([1], [3]) })).toContain(
      '(the array mean has shape [1] for 3 images)',
    );
  });

  it('that are no labels are said to be none where none are needed', async () => {
    const data = await put('mean.npz', npz({ x: pixels, mean: bytes([1], [3]) }));
    const { opened, notes } = await see({ data }, { allowsUnlabelled: true });
    expect(opened.isLabelled).toBe(false);
    expect(notes).toEqual([`${data}: no labels are taken, the array mean has shape [1] for 3 images`]);
  });
});

describe('an option that is given', () => {
  it('counts or is refused', async () => {
    const archive = await put('plain.npz', npz({ x: pixels, y: bytes([3], [0, 0, 0]) }));
    const folder = await writeTree(path('classes'), { '0/a.png': 1 });
    const labels = await put('zeros three.txt', '0\n0\n0\n');
    const said = (change: object): Promise<string> => complaintOf({ data: images, labels, ...change });
    expect(await said({ xName: 'x' })).toBe(
      `--x-name names an array of an NPZ archive, got ${images}, an NPY file (leave --x-name out)`,
    );
    expect(await said({ yName: 'y' })).toContain('--y-name names an array of an NPZ archive, got ');
    expect(await said({ split: 'test' })).toContain('--split chooses among the parts of a folder or an archive, got ');
    expect(await said({ resize: 4 })).toContain('--resize resizes the images of a folder, got ');
    expect(await said({ crop: 4 })).toContain('--crop crops the images of a folder, got ');
    expect(await said({ data: archive, split: 'train' })).toContain('--split chooses among the parts');
    expect(await said({ data: archive, yName: 'y' })).toContain('--y-name names an array of an NPZ archive, got ');
    expect(await complaintOf({ data: folder, split: 'test' })).toBe(
      `--split chooses among the parts of a folder or an archive, got ${folder}, a folder of classes (leave --split out)`,
    );
    expect(await complaintOf({ data: folder, xName: 'x' })).toContain('--x-name names an array');
    expect(await complaintOf({ data: folder, format: 'idx' })).toContain(
      'must hold data of --format idx for --split test, got 0',
    );
  });
});

describe('floats', () => {
  it('are held to the range, and told where they fill next to nothing of it', async () => {
    const floats = (...values: number[]): Uint8Array =>
      encodeNpy({ dtype: 'float64', shape: [3, 1, 1], data: Float64Array.from(values) });
    const labels = await put('zeros.txt', '0\n0\n0\n');
    const data = await put('floats.npy', floats(0, 0.1, 1));
    const { notes, opened } = await see({ data, labels, inputRange: [0, 255] });
    expect(opened.fromBytes).toBe(false);
    expect(notes).toEqual([
      `${data}: the float64 images are rounded to float32`,
      `${data}: the floats are from 0 to 1, next to nothing of --input-range 0,255; only bytes are scaled to it`,
    ]);
    const wide = await put('wide.npy', floats(0, 0.1, 200));
    expect(await complaintOf({ data: wide, labels })).toBe(
      `${wide}: must have values within --input-range 0,1, got 200 in image 2 (floats are taken as they are: declare their range, with --sigma in its units, or save bytes)`,
    );
  });
});
