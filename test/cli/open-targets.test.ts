import { encode } from 'fast-png';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { encodeMask } from '../../src/smoothed/segmentation/masks.ts';
import { useFolder } from '../node/run.ts';
import { bytes, npz, png, writeTree } from './data-folder.ts';
import { doubles, seeTargets } from './targets.ts';

const { path } = useFolder();
const put = async (name: string, content: string | Uint8Array): Promise<string> => {
  await writeTree(path('.'), { [name]: content });
  return path(name);
};

describe('a table', () => {
  const table = 'name,age,"height, m",price\r\n"a ""b""",0.5,1,120.5\nc,1,0.25,-3e2\n';

  it('gives rows of numbers as they are, with columns of names left out, and the target apart', async () => {
    const data = await put('houses.csv', table);
    const { inputs, targets, notes, opened } = await seeTargets({ data, target: 'price' }, 'numbers');
    expect(opened.dataset.shape).toEqual([2]);
    expect(inputs).toEqual([
      [0.5, 1],
      [1, 0.25],
    ]);
    expect(targets).toEqual([[120.5], [-300]]);
    expect(notes).toEqual([`${data}: no input is taken from name, where there are no numbers`]);
    expect(opened.truthFrom).toBe(`${data}, column price`);
  });

  it('takes columns in the order in which they are named, several as the target too, and a range', async () => {
    const data = await put('tab.tsv.gz', gzipSync('a\tb\tc\n1\t20\t3\n4\t5\t-6\n\n'));
    const settings = { data, target: 'c,a', features: '"b"', inputRange: [-50, 50] as const };
    const { inputs, targets } = await seeTargets(settings, 'numbers');
    expect(inputs).toEqual([[20], [5]]);
    expect(targets).toEqual([
      [3, 1],
      [-6, 4],
    ]);
  });

  it('may be apart by semicolons, and its target a class', async () => {
    const data = await put('classes.csv', 'x;y\n0.5;1\n0.25;0\n');
    expect((await seeTargets({ data, target: 'y' }, 'class')).targets).toEqual([1, 0]);
    const { targets, inputs, notes } = await seeTargets({ data, inputRange: [0, 1] }, 'nothing');
    expect([targets, inputs.length, notes]).toEqual([[null, null], 2, []]);
  });
});

describe('arrays', () => {
  const x = bytes([2, 2], [0, 255, 51, 102]);

  it('are taken from an archive as they are, by usual names or given ones', async () => {
    const y = doubles([2, 2], [0.5, -1, 2, 7]);
    const rows = [
      [0.5, -1],
      [2, 7],
    ];
    const data = await put('xy.npz', npz({ X: x, y }));
    expect((await seeTargets({ data }, 'numbers')).targets).toEqual(rows);
    const other = await put('other.npz', npz({ images: x, labels: bytes([2], [1, 0]), depth: y }));
    expect((await seeTargets({ data: other, yName: 'depth' }, 'numbers')).targets).toEqual(rows);
    const left = await put('left.npz', npz({ images: x, depth: y }));
    const seen = await seeTargets({ data: left }, 'numbers');
    expect(seen.targets).toEqual(rows);
    expect(seen.notes).toEqual([`${left}, array depth is taken for the truth`]);
  });

  it('may lie in a file of their own', async () => {
    const data = await put('x.npy', encodeNpy(x));
    const truth = await put('y.npy', encodeNpy(doubles([2], [1.5, 2.5])));
    const { inputs, targets } = await seeTargets({ data, truth }, 'numbers');
    expect(targets).toEqual([[1.5], [2.5]]);
    expect(inputs[0]).toEqual([0, 1]);
    const archive = await put('y.npz', npz({ values: doubles([2], [3, 4]) }));
    expect((await seeTargets({ data, truth: archive }, 'numbers')).targets).toEqual([[3], [4]]);
  });

  it('say nothing where nothing is known', async () => {
    const data = await put('alone.npy', encodeNpy(x));
    const { targets, notes } = await seeTargets({ data }, 'numbers');
    expect(targets).toEqual([null, null]);
    expect(notes).toEqual([`${data}: it is not known which numbers are true`]);
  });

  it('hold masks before labels, boxes with their classes, and labels of 0 and 1', async () => {
    const images = bytes([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]);
    const data = await put(
      'all.npz',
      npz({
        images,
        labels: bytes([1], [3]),
        masks: bytes([1, 1, 2], [4, 255]),
        boxes: doubles([1, 3, 5], [0, 1, 2, 3, 7, NaN, NaN, NaN, NaN, NaN, 1, 1, 1, 1, -1]),
        tags: bytes([1, 4], [0, 1, 0, 1]),
      }),
    );
    expect((await seeTargets({ data }, 'mask')).targets).toEqual([{ shape: [1, 2], runs: [4, 1, 255, 1] }]);
    expect((await seeTargets({ data }, 'boxes')).targets).toEqual([[{ box: [0, 1, 2, 3], label: 7 }]]);
    expect((await seeTargets({ data }, 'labels')).targets).toEqual([[1, 3]]);
    expect((await seeTargets({ data }, 'class')).targets).toEqual([3]);
  });

  it('may be lists of labels in JSON', async () => {
    const data = await put('two.npy', encodeNpy(x));
    const truth = await put('lists.json', '[[2,0],[]]');
    expect((await seeTargets({ data, truth }, 'labels')).targets).toEqual([[2, 0], []]);
  });
});

/** A PNG file of class ids. */
function ids(width: number, values: readonly number[], depth: 1 | 2 | 4 | 8 | 16 = 8): Uint8Array {
  const data = depth === 16 ? Uint16Array.from(values) : Uint8Array.from(values);
  return encode({ width, height: values.length / width, channels: 1, depth, data });
}

describe('a folder', () => {
  it('of images/ and masks/ has the class ids of pixels, by the names of the files', async () => {
    const top = await writeTree(path('street'), {
      'images/b/1.png': 10,
      'images/a/2.png': 20,
      'masks/a/2.png': ids(2, [0, 1, 2, 255]),
      'masks/b/1.png': ids(2, [7, 300, 0, 0], 16),
    });
    const { targets, inputs, notes } = await seeTargets({ data: top, inputRange: [0, 255] }, 'mask');
    expect(inputs.map(([first]) => first)).toEqual([20, 10]);
    expect(targets).toEqual([
      { shape: [2, 2], runs: [0, 1, 1, 1, 2, 1, 255, 1] },
      { shape: [2, 2], runs: [7, 1, 300, 1, 0, 2] },
    ]);
    expect(notes[0]).toBe(`${top}/masks has what is true of ${top}/images`);
    const settings = { data: `${top}/images`, truth: `${top}/masks` };
    expect((await seeTargets(settings, 'mask')).targets).toEqual(targets);
  });

  it('of images has boxes in annotations of COCO beside it', async () => {
    const coco = {
      images: [
        { id: 70, file_name: 'b.png' },
        { id: 3, file_name: 'a.png' },
        { id: 4, file_name: 'other.png' },
      ],
      annotations: [
        { image_id: 70, category_id: 9, bbox: [1, 2, 3, 4], iscrowd: 0 },
        { image_id: 70, category_id: 2, bbox: [0, 0, 1, 1] },
        { image_id: 70, category_id: 2, bbox: [0, 0, 9, 9], iscrowd: 1 },
      ],
      categories: [
        { id: 9, name: 'cat' },
        { id: 2, name: 'dog' },
      ],
    };
    const top = await writeTree(path('coco'), {
      'images/a.png': 1,
      'images/b.png': 2,
      'annotations.json': JSON.stringify(coco),
    });
    const boxes = (first: number, second: number): unknown[] => [
      [],
      [
        { box: [1, 2, 4, 6], label: first },
        { box: [0, 0, 1, 1], label: second },
      ],
    ];
    const { targets, notes } = await seeTargets({ data: top, categories: 'order' }, 'boxes');
    expect(targets).toEqual(boxes(1, 0));
    expect(notes).toContain(
      `${top}/annotations.json: its 2 categories are the classes 0 to 1 in the order of their ids`,
    );
    expect(notes).toContain(`${top}/annotations.json: 1 regions of crowds (iscrowd) are no boxes, and are left out`);
    const settings = { data: `${top}/images`, truth: `${top}/annotations.json`, categories: 'ids' } as const;
    expect((await seeTargets(settings, 'boxes')).targets).toEqual(boxes(9, 2));
  });
});

it('masks of few colours are unpacked from their bits', async () => {
  // fast-png writes no such files: a palette of 2 bits, 5 x 2 pixels.
  const file = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAUAAAACAgMAAADtBP7OAAAADFBMVEUAAAD/AAAA/wAAAP+bwBPcAAAADklEQVR4nGOQZmB4cgAAAxUBwFDtWBgAAAAASUVORK5CYII=',
    'base64',
  );
  const top = await writeTree(path('bits'), { 'images/1.png': png(1, 5, 2), 'masks/1.png': file });
  expect((await seeTargets({ data: top }, 'mask')).targets).toEqual([
    encodeMask([0, 1, 2, 3, 0, 3, 2, 1, 0, 3], [2, 5]),
  ]);
});
