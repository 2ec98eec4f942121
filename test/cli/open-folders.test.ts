import { symlink } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { checkLabels } from '../../src/cli/data/check-labels.ts';
import { useFolder } from '../node/run.ts';
import { encodeCifar } from '../data/cifar-encoder.ts';
import { bytes, complaintOf, idx, png, see, type Tree, writeTree } from './data-folder.ts';

const { path } = useFolder();
const put = (name: string, tree: Tree): Promise<string> => writeTree(path(name), tree);

/** What is said when the data of a folder meet a model of so many classes. */
async function meeting(data: string, numClasses: number, classes?: string): Promise<string> {
  const { opened } = await see({ data, classes });
  try {
    checkLabels(opened, { numClasses, model: 'the model' });
  } catch (error) {
    return (error as Error).message;
  }
  return 'fits';
}

describe('class folders named by numbers', () => {
  it('are those numbers, in numeric order, with or without zeros in front', async () => {
    const data = await put('numbers', { '2/a.png': 2, '10/a.png': 10, '9/a.png': 9, '007/a.png': 7 });
    const { labels, values, opened, notes } = await see({ data });
    expect(labels).toEqual(values);
    expect(new Set(labels)).toEqual(new Set([2, 7, 9, 10]));
    expect(opened.classNames).toBeUndefined();
    expect(notes).toEqual([
      `${data}: the classes are the numbers that name the folders (ImageFolder of torchvision goes by letters: there 007 is class 0)`,
    ]);
    expect(await meeting(data, 11)).toBe('fits');
    expect(await meeting(data, 10)).toContain(
      `${data}: must have folders named by numbers below 10, the classes of the model, got 4: 007, 10, 2, 9 (--classes FILE, `,
    );
  });

  it('may be missing, or empty, without moving the others', async () => {
    const data = await put('gaps', { '0/a.png': 0, '2/a.png': 2, '1': null, '2/.DS_Store': 'x', '0/._a.png': 'x' });
    const { labels, values, notes } = await see({ data });
    expect([labels, values, notes]).toEqual([[0, 2], [0, 2], []]);
    expect(await meeting(data, 3)).toBe('fits');
  });

  it('must be all numbers, unless letters count them alike, and each number once', async () => {
    const mixed = await put('mixed', { '1/a.png': 1, '10/a.png': 1, 'cat/a.png': 1 });
    expect(await complaintOf({ data: mixed })).toBe(
      `${mixed}: must have folders that are all numbers, or none of them, got 1, 10, cat: in the order of letters 1 would be class 0 (say the order by --classes FILE)`,
    );
    const other = await put('other', { '0/a.png': 0, '1/a.png': 1, 'rest/a.png': 2 });
    expect((await see({ data: other })).labels).toEqual([0, 1, 2]);
    const twice = await put('twice', { '7/a.png': 1, '007/a.png': 1 });
    expect(await complaintOf({ data: twice })).toBe(
      `${twice}: must have one of the folders for each number, got 007 and 7 for class 7`,
    );
  });
});

describe('class folders of other names', () => {
  it('count by letters, without hidden folders and those of tools', async () => {
    const data = await put('names', {
      'zebra/a.png': 1,
      'ant/deep/a.png': 0,
      '.ipynb_checkpoints/a.png': 9,
      '.git/a.png': 9,
      '__MACOSX/ant/._a.png': 9,
      'Thumbs.db': 'x',
      'ant/Thumbs.db': 'x',
      'ant/notes.txt': 'x',
    });
    const { labels, values, opened } = await see({ data });
    expect([labels, values, opened.classNames]).toEqual([
      [0, 1],
      [0, 1],
      ['ant', 'zebra'],
    ]);
    expect(await meeting(data, 2)).toBe('fits');
    expect(await meeting(data, 3)).toBe(
      `${data}: must have folders for the 3 classes of the model, got 2: ant, zebra (--classes FILE, a text of the names of all classes of the model, says which folders stand for which)`,
    );
  });

  it('keep the place of an empty one, and may be links', async () => {
    const data = await put('links', { 'a/1.png': 0, b: null });
    const target = await put('target', { '1.png': 2 });
    await symlink(target, `${data}/c`);
    const { labels, values, opened } = await see({ data });
    expect([labels, values, opened.classNames]).toEqual([
      [0, 2],
      [0, 2],
      ['a', 'b', 'c'],
    ]);
    await symlink(path('nowhere'), `${data}/a/2.png`);
    expect(await complaintOf({ data })).toBe(`${data}/a/2.png: is a link to something that is not there`);
  });

  it('refuse a circle of links, images of other formats, and no image at all', async () => {
    const circle = await put('circle', { 'a/1.png': 0 });
    await symlink(circle, `${circle}/a/up`);
    expect(await complaintOf({ data: circle })).toContain('must have images at most 12 folders deep, got ');
    const webp = await put('webp', { 'a/1.png': 0, 'b/1.webp': 'x' });
    expect(await complaintOf({ data: webp })).toBe(
      `${webp}/b/1.webp: must be PNG or JPEG as all images of a folder, got WEBP (convert it to PNG, which loses nothing)`,
    );
    const none = await put('none', { a: null, b: null });
    expect(await complaintOf({ data: none })).toBe(
      `${none}: must hold PNG or JPEG files, or folders with some, got none`,
    );
  });

  it.each<readonly [string, string]>([
    ['lines', 'zebra\r\nunicorn\r\nant\r\n'],
    ['numbered lines', '1 unicorn\n0 zebra\n2 ant'],
    ['a JSON list', '["zebra", "unicorn", "ant"]'],
    ['a JSON object of names', '{"0": "zebra", "1": "unicorn", "2": "ant"}'],
    ['a JSON object of numbers', '{"ant": 2, "zebra": 0, "unicorn": 1}'],
    ['the configuration of a model', '{"id2label": {"0": "zebra", "1": "unicorn", "2": "ant"}, "size": 3}'],
    ['the list of Keras', '{"0": ["n1", "zebra"], "1": ["n2", "unicorn"], "2": ["n3", "ant"]}'],
  ])('get the numbers of --classes: %s', async (_, text) => {
    const data = await put('listed', { 'ant/a.png': 2, 'zebra/a.png': 0 });
    await writeTree(path('.'), { 'classes.txt': text });
    const { labels, opened } = await see({ data, classes: path('classes.txt') });
    expect(labels).toEqual([2, 0]);
    expect(opened.classNames).toHaveLength(3);
    expect(await meeting(data, 3, path('classes.txt'))).toBe('fits');
    expect(await meeting(data, 4, path('classes.txt'))).toBe(
      `${path('classes.txt')}: must name the 4 classes of the model, got 3 names`,
    );
  });

  it('get the numbers of a list of synsets', async () => {
    const data = await put('synsets', { 'n01443537/a.png': 1, 'n01440764/a.png': 0 });
    await writeTree(path('.'), { 'LOC_synset_mapping.txt': 'n01440764 tench, Tinca tinca\nn01443537 goldfish\n' });
    const { labels, opened } = await see({ data, classes: path('LOC_synset_mapping.txt') });
    expect([labels, opened.classNames]).toEqual([
      [0, 1],
      ['n01440764', 'n01443537'],
    ]);
  });

  it('must all be in --classes', async () => {
    const data = await put('strange', { 'ant/a.png': 2, 'wolf/a.png': 0 });
    const lists = { 'few.txt': 'ant\nzebra', 'double.txt': 'ant\nant', 'gap.json': '{"0": "ant", "2": "b"}' };
    await writeTree(path('.'), { ...lists, 'empty.txt': '', 'broken.json': '{"0"' });
    const said = (name: string): Promise<string> => complaintOf({ data, classes: path(name) });
    expect(await said('few.txt')).toBe(
      `${data}: must have folders that are classes of ${path('few.txt')}, got wolf, where its classes are ant, zebra`,
    );
    expect(await said('double.txt')).toContain('must name each class once, got ant for the classes 0 and 1');
    expect(await said('gap.json')).toContain('gap.json: must have the classes 0 to 1, got none for 1');
    expect(await said('empty.txt')).toContain('empty.txt: must hold names of classes, got an empty file');
    expect(await said('broken.json')).toContain('broken.json: must be JSON');
    expect(await said('nowhere.txt')).toContain('nowhere.txt: there is no such file or folder');
  });
});

describe('trees of parts', () => {
  const tree = { 'train/a/1.png': 1, 'train/b/1.png': 2, 'train/c/1.png': 3, 'val/a/1.png': 4, 'val/c/1.png': 5 };

  it('go by --split; val stands for a test part that is missing, and that is said', async () => {
    const data = await put('imagenet', tree);
    const test = await see({ data });
    expect([test.values, test.notes]).toEqual([[4, 5], [`${data}: has no test part, so its val is taken`]]);
    const val = await see({ data, split: 'val' });
    expect([val.values, val.notes]).toEqual([[4, 5], []]);
    expect((await see({ data }, { usualPart: 'train' })).values).toEqual([1, 2, 3]);
    const whole = await put('whole', { ...tree, 'test/a/1.png': 6 });
    expect((await see({ data: whole })).values).toEqual([6]);
    expect(await complaintOf({ data: await put('half', { 'train/a/1.png': 1 }) })).toBe(
      `${path('half')}: must have a folder for --split test, got train (take another --split)`,
    );
  });

  it('count the classes of a part as the training part does', async () => {
    const data = await put('counted', tree);
    const { labels, opened } = await see({ data });
    expect([labels, opened.classNames]).toEqual([
      [0, 2],
      ['a', 'b', 'c'],
    ]);
  });

  it('take val where the test part has no labels, as in the ImageNet of Kaggle', async () => {
    const data = await put('kaggle', { ...tree, 'test/1.png': 7, 'test/2.png': 8 });
    const { values, notes } = await see({ data });
    expect([values, notes]).toEqual([[4, 5], [`${data}/test: has no labels, so ${data}/val is taken`]]);
    expect((await see({ data }, { allowsUnlabelled: true })).values).toEqual([7, 8]);
    expect(await complaintOf({ data, split: 'test' })).toContain('must come with labels, got images only');
  });

  it('may be named twice, as some archives unpack', async () => {
    const data = await put('twofold', {
      'training_set/training_set/cats/1.png': 1,
      'training_set/training_set/dogs/1.png': 2,
      'test_set/test_set/dogs/1.png': 3,
    });
    const { labels, opened } = await see({ data });
    expect([labels, opened.classNames]).toEqual([[1], ['cats', 'dogs']]);
  });

  it('below a folder beside other images are not taken for them', async () => {
    const data = await put('beside', { 'a/1.png': 1, 'b/test/1.png': 2 });
    expect(await complaintOf({ data })).toBe(
      `${data}: must hold one data set, got ${data}/b, ${data}/a (name one of them by --data)`,
    );
  });

  it('of Tiny ImageNet have their labels in val_annotations.txt', async () => {
    const data = await put('tiny', {
      'train/n01/images/n01_0.png': 1,
      'train/n02/images/n02_0.png': 2,
      'train/n03/images/n03_0.png': 3,
      'val/images/val_0.png': 30,
      'val/images/val_1.png': 10,
      'val/val_annotations.txt': 'val_0.png\tn03\t0\t0\t62\t57\nval_1.png\tn01\t3\t3\t9\t9\n',
      'test/images/test_0.png': 9,
      'wnids.txt': 'n02\nn01\nn03\n',
    });
    const { labels, values, opened } = await see({ data });
    expect([values, labels, opened.classNames]).toEqual([
      [30, 10],
      [2, 0],
      ['n01', 'n02', 'n03'],
    ]);
    expect((await see({ data }, { usualPart: 'train' })).labels).toEqual([0, 1, 2]);
    const byList = await see({ data, split: 'val', classes: `${data}/wnids.txt` });
    expect(byList.labels).toEqual([2, 1]);
  });
});

describe('roots of torchvision and other folders around the data', () => {
  const images = idx([2, 1, 1], [7, 9]);
  const labels = idx([2], [1, 0]);
  const raw = { 't10k-images-idx3-ubyte': images, 't10k-labels-idx1-ubyte': labels };
  const below = (folder: string): Tree =>
    Object.fromEntries(Object.entries(raw).map(([name, file]) => [`${folder}/${name}`, file]));
  const cifar = encodeCifar({ images: bytes([1, 32, 32, 3], Array(3072).fill(5)), labels: bytes([1], [4]) } as never);

  it.each<readonly [string, Tree, string]>([
    ['root', below('MNIST/raw'), 'MNIST/raw'],
    ['data-MNIST', below('raw'), 'raw'],
    ['fashion', { ...below('FashionMNIST/raw'), 'readme.txt': 'x', 'empty/notes.txt': 'x' }, 'FashionMNIST/raw'],
  ])('%s holds the data of a folder below, which is said', async (name, tree, inner) => {
    const data = await put(name, tree);
    const { values, notes } = await see({ data, split: 'test' });
    expect(values).toEqual([7, 9]);
    expect(notes).toEqual([`${data}: its data are taken from ${data}/${inner}`]);
  });

  it('QMNIST has its classes in the first column of its labels', async () => {
    const columns = [4, 0, 0, 0, 0, 0, 0, 0, 6, 1, 1, 1, 1, 1, 1, 1].flatMap((value) => [0, 0, 0, value]);
    const data = await put('qmnist', {
      'qmnist-test-images-idx3-ubyte': images,
      'qmnist-test-labels-idx2-int': Uint8Array.of(0, 0, 12, 2, 0, 0, 0, 2, 0, 0, 0, 8, ...columns),
    });
    expect((await see({ data })).labels).toEqual([4, 6]);
  });

  it('several data sets are named', async () => {
    const data = await put('several', { ...below('MNIST/raw'), 'cifar-10-batches-bin/test_batch.bin': cifar });
    expect(await complaintOf({ data })).toBe(
      `${data}: must hold one data set, got ${data}/MNIST/raw, ${data}/cifar-10-batches-bin (name one of them by --data)`,
    );
    const emnist = await put('emnist', {
      'emnist-letters-test-images-idx3-ubyte': images,
      'emnist-letters-test-labels-idx1-ubyte': labels,
      'emnist-digits-test-images-idx3-ubyte.gz': images,
      'emnist-digits-test-labels-idx1-ubyte.gz': labels,
    });
    expect(await complaintOf({ data: emnist })).toMatch(
      /must hold one data set, got emnist-.*, emnist-.* \(name the files: --data .* --labels /,
    );
  });

  it('a tree and CIFAR are found below, and the pickles of CIFAR are named', async () => {
    const tree = await put('outer', { 'imagenette/train/a/1.png': 1, 'imagenette/val/a/1.png': 2 });
    expect((await see({ data: tree })).values).toEqual([2]);
    const root = await put('cifar-root', { 'cifar-10-batches-bin/test_batch.bin': cifar });
    expect((await see({ data: root })).labels).toEqual([4]);
    const pickles = await put('pickles', {
      'cifar-10-batches-py/batches.meta': 'x',
      'cifar-10-batches-py/test_batch': 'x',
    });
    expect(await complaintOf({ data: pickles })).toBe(
      `${pickles}/cifar-10-batches-py: must be the binary version of CIFAR, got the one for Python, whose pickles are not read (take cifar-10-binary.tar.gz or cifar-100-binary.tar.gz)`,
    );
  });

  it('only files count, whatever folders are named like them', async () => {
    const data = await put('likewise', {
      't10k-images.idx3-ubyte': images,
      't10k-labels.idx1-ubyte': labels,
      't10k-images-idx3-ubyte/t10k-images-idx3-ubyte': images,
      't10k-labels-idx1-ubyte/t10k-labels-idx1-ubyte': labels,
    });
    expect((await see({ data })).labels).toEqual([1, 0]);
  });

  it('a part or labels that are not there are named', async () => {
    const data = await put('part', raw);
    expect(await complaintOf({ data, split: 'train' })).toBe(
      `${data}: must hold the data files of --split train, got t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (take another --split, or name the files)`,
    );
    const alone = await put('alone', { 't10k-images-idx3-ubyte': images });
    expect(await complaintOf({ data: alone })).toBe(
      `${alone}: must come with labels, got images only (there is no t10k-labels-idx1-ubyte beside t10k-images-idx3-ubyte)`,
    );
    const arrays = await put('arrays', { 'x.npy': 'x' });
    expect(await complaintOf({ data: arrays })).toContain(
      'got x.npy (name the file: --data images.npz, or --data x.npy',
    );
  });
});

describe('images of several sizes', () => {
  it('need --resize and --crop, which the error names', async () => {
    const data = await put('sizes', { '0/a.png': png(10, 8, 6), '0/b.png': png(20, 4, 10), '1/c.png': png(30, 6, 6) });
    expect(await complaintOf({ data })).toBe(
      `${data}/0/b.png: must have the shape of the other images, [6, 8, 1] as ${data}/0/a.png, got [10, 4, 1] (--resize 6 --crop 6 brings all to one size)`,
    );
    expect(await complaintOf({ data, resize: 4 })).toContain('got [10, 4, 1] (add --crop 4)');
    const { opened, values } = await see({ data, resize: 4, crop: 4 });
    expect([opened.dataset.shape, values]).toEqual([
      [4, 4, 1],
      [10, 20, 30],
    ]);
    expect(await complaintOf({ data, crop: 5 })).toContain(
      'b.png: must have at least 5 x 5 pixels for --crop 5, got 4 x 10 (add --resize 5)',
    );
  });

  it('are refused by name where one is no image', async () => {
    const data = await put('junk', { '0/a.png': png(1), '0/b.png': 'no image' });
    expect(await complaintOf({ data })).toBe(
      `${data}/0/b.png: must be a PNG or JPEG file, got a file that begins with 6e6f20696d616765`,
    );
  });
});
