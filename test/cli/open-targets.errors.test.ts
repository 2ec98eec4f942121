import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import type { NpyArray } from '../../src/data/arrays.ts';
import { encodeNpy } from '../../src/data/npy.ts';
import type { TruthKind } from '../../src/cli/data/open-truth.ts';
import { useFolder } from '../node/run.ts';
import { bytes, npz, png, writeTree } from './data-folder.ts';
import { doubles, targetComplaint } from './targets.ts';

const { path } = useFolder();
const put = async (name: string, content: string | Uint8Array): Promise<string> => {
  await writeTree(path('.'), { [name]: content });
  return path(name);
};

describe('a table that is none', () => {
  it.each<readonly [string, string, string]>([
    ['no row', 'a,b\n', 'must have a line of column names and a row at least, got 1 lines'],
    ['no names', '1,2\n3,4\n', 'must begin with a line of column names, got the numbers 1, 2'],
    ['a name twice', 'a,a\n1,2\n', 'must name each column in its first line, and each once, got "a"'],
    ['an empty name', 'a,\n1,2\n', 'must name each column in its first line, and each once, got ""'],
    ['a short line', 'a,b\n0,1\n1\n', 'must have 2 cells in each line, as the first, got 1 in line 3'],
    ['an empty line', 'a,b\n\n0,1\n', 'must have 2 cells in each line, as the first, got 1 in line 2'],
    ['quotes inside', 'a,b\n0"1",1\n', 'must have quotes around a whole cell, in line 2'],
    ['text after quotes', 'a,b\n"0"1,1\n', 'must have quotes around a whole cell, in line 2'],
    ['open quotes', 'a,b\n0,"1\n', 'must close the quotes of a cell in its line, in line 2'],
    ['only names', 'a,y\nb,1\n', 'must have columns of numbers as input, got a'],
    [
      'an empty cell',
      'a,y\n0.5,1\n,1\n',
      'must have a number in column a of line 3, got "" (fill it, take the line out, or name other columns by --features and --target)',
    ],
    [
      'a hexadecimal number, which is none',
      'a,y\n0.5,1\n0x1,1\n',
      'must have a number in column a of line 3, got "0x1" (fill it, take the line out, or name other columns by --features and --target)',
    ],
    [
      'a value out of range',
      'a,b,y\n0.5,1,1\n0,-12,1\n',
      'must have values within --input-range 0,1, got -12 in column b, line 3 (all are from -12 to 1, and are taken as they are: declare their range, with --sigma in its units)',
    ],
  ])('with %s is refused', async (_, text, must) => {
    const data = await put('wrong.csv', text);
    const target = text.includes('y') ? 'y' : undefined;
    expect(await targetComplaint({ data, target }, 'numbers')).toBe(`${data}: ${must}`);
  });

  it('is no file of bytes', async () => {
    const data = await put('bytes.csv', Uint8Array.of(255, 254, 0));
    expect(await targetComplaint({ data }, 'numbers')).toBe(
      `${data}: must be a table in text (UTF-8), got a file of another kind`,
    );
  });

  it('has other columns than those that are named', async () => {
    const data = await put('abc.csv', 'a,b,c\n0,1,0\n');
    const complain = (target: string, features?: string): Promise<string> =>
      targetComplaint({ data, target, features }, 'numbers');
    expect(await complain('d')).toBe(`--target must name columns of ${data}, each once, got "d" (it has a, b, c)`);
    expect(await complain('a', 'b,b')).toBe(
      `--features must name columns of ${data}, each once, got "b" twice (it has a, b, c)`,
    );
    expect(await complain('a', 'b,a')).toBe('--features must name other columns than --target, got a in both');
  });
});

describe('what is true', () => {
  const x = bytes([2, 2], [0, 255, 51, 102]);
  const of = async (kind: TruthKind, array: NpyArray): Promise<string> => {
    const data = await put('data.npz', npz({ x, y: array }));
    const from = `${data}, array y: `;
    const text = await targetComplaint({ data }, kind);
    expect(text.slice(0, from.length)).toBe(from);
    return text.slice(from.length);
  };

  it('must have the form of its task', async () => {
    expect(await of('numbers', doubles([2], [1, NaN]))).toBe('must hold finite numbers, got NaN for input 1');
    expect(await of('mask', doubles([2, 1, 1], [1, 0.5]))).toBe(
      'must hold class ids, whole numbers from -1 to 32767, got 0.5 for input 1',
    );
    expect(await of('mask', bytes([2], [1, 2]))).toBe(
      'must be masks of shape [size, height, width], with the class id of each pixel, got uint8 of shape [2]',
    );
    expect(await of('boxes', bytes([2, 5], [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]))).toBe(
      'must be boxes of shape [size, boxes, 5], x1, y1, x2, y2 and class (or [size, boxes, 4] of one class), got uint8 of shape [2, 5]',
    );
    expect(await of('boxes', doubles([2, 1, 4], [0, 0, 1, 1, 3, 0, 2, 1]))).toBe(
      'must have boxes with x1 <= x2, y1 <= y2 and a class from 0, got [3, 0, 2, 1] of class 0 for input 1',
    );
    expect(await of('boxes', doubles([2, 1, 5], [0, 0, 1, 1, 0.5, 0, 0, 1, 1, 0]))).toContain(
      'of class 0.5 for input 0',
    );
    expect(await of('labels', bytes([2], [1, 0]))).toBe(
      'must be labels of shape [size, labels], 1 for each that an input has and else 0, got uint8 of shape [2]',
    );
    expect(await of('labels', bytes([2, 2], [1, 0, 0, 2]))).toBe('must hold 0 and 1, got 2 for input 1');
  });

  it('must be there for each input', async () => {
    const data = await put('x.npy', encodeNpy(x));
    const truth = await put('three.npy', encodeNpy(doubles([3], [1, 2, 3])));
    expect(await targetComplaint({ data, truth }, 'numbers')).toBe(
      `${truth}: must hold numbers for each of the 2 inputs of ${data}, an NPY file, got 3`,
    );
  });

  it('must be a file of a kind that is read', async () => {
    const data = await put('x.npy', encodeNpy(x));
    const text = await put('y.txt', '1\n2\n');
    expect(await targetComplaint({ data, truth: text }, 'numbers')).toBe(
      `${text}: must be numbers in IDX, NPY, NPZ, got a file of another kind`,
    );
    expect(await targetComplaint({ data, truth: text }, 'labels')).toBe(
      `${text}: must be sets of labels in IDX, NPY, NPZ or a .json file, got a file of another kind`,
    );
    expect(await targetComplaint({ data, truth: path('.') }, 'numbers')).toBe(
      `${path('.')}: must be a file with numbers, got a folder`,
    );
    expect(await targetComplaint({ data, truth: path('.') }, 'mask')).toBe(
      `${path('.')}: must be an array for ${data}, an NPY file, got a folder`,
    );
    expect(await targetComplaint({ data, truth: text }, 'nothing')).toBe(
      `--truth must be left out for this task, which needs none, got ${text}`,
    );
  });

  it('must be lists of labels where it is JSON', async () => {
    const data = await put('x.npy', encodeNpy(x));
    const complain = async (text: string): Promise<string> => {
      const truth = await put('lists.json', text);
      return (await targetComplaint({ data, truth }, 'labels')).slice(`${truth}: `.length);
    };
    const must = 'must hold a list for each input, of its labels: different whole numbers of at least 0';
    expect(await complain('[[1],[2,2]]')).toBe(`${must}, got [2,2] for input 1`);
    expect(await complain('[[1],["a"]]')).toBe(`${must}, got ["a"] for input 1`);
    expect(await complain('{"a":1}')).toBe(`${must}, got {"a":1}`);
    expect(await complain('[[1],')).toMatch(/^must be JSON, got "/);
  });

  it('has options of its own', async () => {
    const data = await put('x.npy', encodeNpy(x));
    const complain = (settings: object, kind: TruthKind): Promise<string> =>
      targetComplaint({ data, ...settings }, kind);
    expect(await complain({ target: 'a' }, 'numbers')).toBe(
      `--target is for a table (.csv, .tsv), got ${data} (leave --target out)`,
    );
    expect(await complain({ features: 'a' }, 'class')).toBe(
      `--features is for a table (.csv, .tsv), got ${data} (leave --features out)`,
    );
    expect(await complain({ categories: 'ids' }, 'mask')).toBe(
      `--categories is for annotations of boxes, got ${data} (leave --categories out)`,
    );
    expect(await complain({ truth: 'a' }, 'class')).toBe(
      `--truth is for what is no class: classes are given by --labels, got ${data} (leave --truth out)`,
    );
    expect(await complain({ labels: 'a.npy' }, 'numbers')).toBe(
      '--labels is for classes, got a.npy where numbers are what is true (take --truth)',
    );
  });
});

describe('masks in files', () => {
  const complain = async (masks: Readonly<Record<string, Uint8Array>>, settings: object = {}): Promise<string> => {
    const name = `masks-${Object.keys(masks).join('-').replaceAll('/', '-')}-${Object.values(masks)[0]?.length}`;
    const top = await writeTree(path(name), { 'images/1.png': 1, ...masks });
    return (await targetComplaint({ data: top, ...settings }, 'mask')).replaceAll(top, 'top');
  };

  it('must be there, whole, and have one channel', async () => {
    expect(await complain({ 'masks/2.png': png(1) })).toBe(
      'top/masks: must have a mask for each of the 1 images, got none for 1 (name each mask as its image, with the ending .png)',
    );
    expect(await complain({ 'masks/1.png': png(1, 2, 2, 3) })).toBe(
      'top/masks/1.png: must have one channel of class ids, got 3 channels of colours (save class ids: an image of mode L or P of Pillow)',
    );
    expect(await complain({ 'masks/1.png': png(1).slice(0, 40) })).toMatch(
      /^top\/masks\/1\.png: must be a whole PNG file, got "/,
    );
    expect(await complain({ 'masks/1.jpg': Uint8Array.of(255, 216, 255, 0) })).toBe(
      'top/masks/1.jpg: must be a PNG file whose levels or colours of a palette are class ids, got a JPEG file, whose levels are not those that were saved',
    );
    expect(await complain({ 'masks/1.png': Uint8Array.of(1, 2, 3) })).toContain('got a file of another kind');
  });

  it('are not resized', async () => {
    const mask = encode({ width: 2, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4) });
    expect(await complain({ 'masks/1.png': mask }, { resize: 4 })).toBe(
      '--resize must be left out with masks, which are of whole images, got top/masks',
    );
    expect(await complain({ 'masks/1.png': mask }, { crop: 1 })).toBe(
      '--crop must be left out with masks, which are of whole images, got top/masks',
    );
  });
});

describe('annotations of COCO', () => {
  const good = {
    images: [{ id: 1, file_name: '1.png' }],
    annotations: [{ image_id: 1, category_id: 5, bbox: [0, 0, 1, 1] }],
    categories: [{ id: 5 }],
  };
  let count = 0;
  const complain = async (change: object, settings: object = { categories: 'order' }): Promise<string> => {
    const coco = JSON.stringify({ ...good, ...change });
    const top = await writeTree(path(`coco-${count++}`), { 'images/1.png': 1, 'a.json': coco });
    return (await targetComplaint({ data: top, ...settings }, 'boxes')).replaceAll(`${top}/`, '');
  };
  const must = 'a.json: must be annotations in the form of COCO, with a list';

  it('must have the lists of COCO, with the images', async () => {
    expect(await complain({ images: undefined })).toBe(
      `${must} \`images\`, each with \`id\` and \`file_name\`, got a file without it`,
    );
    expect(await complain({ annotations: [{ image_id: 1, category_id: 5, bbox: [0, 0, 1] }] })).toBe(
      `${must} \`annotations\`, each with \`image_id\`, \`category_id\` and \`bbox\` of 4 numbers, got a file without it`,
    );
    expect(await complain({ categories: [{ name: 'cat' }] })).toBe(
      `${must} \`categories\`, each with \`id\`, if it has such a list, got a file without it`,
    );
    expect(await complain({ images: [{ id: 1, file_name: '2.png' }] })).toBe(
      'a.json: must have each of the 1 images in its list `images`, got none for 1.png',
    );
    expect(await complain({ annotations: [{ image_id: 1, category_id: 5, bbox: [0, 0, -1, 1] }] })).toBe(
      'a.json: must have boxes with x1 <= x2, y1 <= y2 and a class from 0, got [0, 0, -1, 1] of class 0 for image_id 1',
    );
  });

  it('must say which class a category is', async () => {
    const way = '--categories order counts them from 0 in the order of their ids, --categories ids takes the ids';
    expect(await complain({}, {})).toBe(
      `a.json: must say which class of the model a category is, got categories with ids 5 (${way})`,
    );
    expect(await complain({ categories: undefined }, {})).toBe(
      `a.json: must say which class of the model a category is, got no list of categories (${way})`,
    );
    expect(await complain({ categories: undefined })).toBe(
      'a.json: must have a list `categories` for --categories order, got none',
    );
    expect(await complain({ categories: [{ id: 4 }] })).toBe(
      'a.json: must have each category in its list `categories`, got category_id 5',
    );
  });

  it('are of images in files, and one of a folder', async () => {
    const data = await put('x.npy', encodeNpy(bytes([1, 2], [0, 1])));
    const truth = await put('a.json', JSON.stringify(good));
    expect(await targetComplaint({ data, truth }, 'boxes')).toBe(
      `${truth}: annotations of COCO name files, got ${data}, an NPY file (take a folder of images, or boxes in NPZ)`,
    );
    const top = await writeTree(path('two'), { '1.png': 1, 'a.json': '{}', 'b.json': '{}' });
    expect(await targetComplaint({ data: top }, 'boxes')).toBe(
      `${top}: must hold one file of annotations, got a.json, b.json (name one by --truth)`,
    );
  });
});
