import { writeFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { useFolder } from '../node/run.ts';
import { type Guest, requireGuest } from '../helpers/guests.ts';
import { tinyOnnx, type TinyModel, type TinyNode } from '../onnx/tiny-onnx.ts';
import { npz } from './data-folder.ts';
import { rowsOf } from './output-tasks.ts';
import { catrs, type CliResult } from './run.ts';
import { doubles } from './targets.ts';

const runtime = vi.hoisted(() => ({ found: undefined as object | undefined }));
vi.mock('../../src/cli/load-package.ts', () => ({
  loadPackage: () => Promise.resolve(runtime.found),
  isInstalled: () => true,
}));

const guest: Guest<object> = requireGuest('onnxruntime-node');
if ('found' in guest) runtime.found = guest.found;

const { path } = useFolder();
const [H, W, C] = [6, 8, 3];
const PIXELS = H * W * C;
const COUNT = 4;

/** The left half of an image is bright in 0 and 2, the right half in 1 and 2, none in 3. */
const isBright = (image: number, side: number): boolean => image === 2 || image === side;
const sideOf = (column: number): number => (column < W / 2 ? 0 : 1);
const CORNERS = [[0, 0, 4, 6], [4, 0, 8, 6]] as const; // prettier-ignore

async function writeData(file: string): Promise<void> {
  const data = Uint8Array.from({ length: COUNT * PIXELS }, (_, i) =>
    isBright(Math.floor(i / PIXELS), sideOf(Math.floor(i / C) % W)) ? 230 : 25,
  );
  const truths = Array.from({ length: COUNT }, (_, i) =>
    [0, 1].flatMap((side) => (isBright(i, side) ? [...CORNERS[side]!, side] : [0, 0, 0, 0, -1])),
  );
  const images = { dtype: 'uint8', shape: [COUNT, H, W, C], data } as const;
  await writeFile(file, npz({ images, boxes: doubles([COUNT, 2, 5], truths.flat()) }));
}

/** Numbers of an answer: constants, or a gain times the mean of a half of the image. */
type Answer = number | { readonly side: number; readonly gain: number };

/** z [B, answers] = flatten(x) · w + b, in the order in which the pixels of a model stand. */
function linear(
  answers: readonly Answer[],
  { input, isChannelsFirst, type }: { input: readonly (number | string)[]; isChannelsFirst: boolean; type?: 'uint8' },
): Pick<TinyModel, 'inputs' | 'nodes'> & { readonly constants: NonNullable<TinyModel['constants']> } {
  const weight = (pixel: number, answer: Answer): number => {
    const column = isChannelsFirst ? pixel % W : Math.floor(pixel / C) % W;
    return typeof answer === 'number' || answer.side !== sideOf(column) ? 0 : (2 * answer.gain) / PIXELS;
  };
  const w = Float32Array.from({ length: PIXELS * answers.length }, (_, i) =>
    weight(Math.floor(i / answers.length), answers[i % answers.length]!),
  );
  const b = Float32Array.from(answers, (answer) => (typeof answer === 'number' ? answer : 0));
  return {
    inputs: [{ name: 'images', shape: input, ...(type && { type }) }],
    nodes: [
      { op: 'Cast', inputs: ['images'], output: 'floats', integers: { to: 1 } },
      { op: 'Flatten', inputs: ['floats'], output: 'flat', integers: { axis: 1 } },
      { op: 'MatMul', inputs: ['flat', 'w'], output: 'mean' },
      { op: 'Add', inputs: ['mean', 'b'], output: 'z' },
    ],
    constants: [
      { name: 'w', shape: [PIXELS, answers.length], values: w },
      { name: 'b', shape: [answers.length], values: b },
    ],
  };
}

const longs = (name: string, ...values: number[]) =>
  ({ name, shape: [values.length], values: BigInt64Array.from(values, BigInt) }) as const;
const reshape = (input: string, shape: string, output: string): TinyNode => ({
  op: 'Reshape',
  inputs: [input, shape],
  output,
});
const slice = (input: string, begin: string, end: string, output: string): TinyNode => ({
  op: 'Slice',
  inputs: [input, begin, end, 'one'],
  output,
});
const score = (side: number, gain = 1): Answer => ({ side, gain });
const places = [longs('zero', 0), longs('one', 1), longs('four', 4), longs('five', 5), longs('six', 6)];

/** One image in each run, its channels first; as many boxes as are found, labels of 64 bits. */
function torchvision(): TinyModel {
  const base = linear([0, 1].flatMap((side) => [...CORNERS[side]!, score(side), side]), {
    input: [1, C, H, W],
    isChannelsFirst: true,
  }); // prettier-ignore
  const compress = (input: string, output: string): TinyNode => ({
    ...{ op: 'Compress', inputs: [input, 'found'], output },
    integers: { axis: 0 },
  });
  return {
    ...base,
    outputs: [
      { name: 'boxes', shape: ['n', 4] },
      { name: 'labels', shape: ['n'], type: 'int64' },
      { name: 'scores', shape: ['n'] },
    ],
    nodes: [
      ...base.nodes,
      reshape('z', 'rows', 'table'),
      slice('table', 'zero', 'four', 'all'),
      slice('table', 'four', 'five', 'column'),
      slice('table', 'five', 'six', 'kinds'),
      reshape('column', 'any', 'sure'),
      reshape('kinds', 'any', 'kind'),
      { op: 'Greater', inputs: ['sure', 'least'], output: 'found' },
      compress('all', 'boxes'),
      compress('sure', 'scores'),
      compress('kind', 'kept'),
      { op: 'Cast', inputs: ['kept'], output: 'labels', integers: { to: 7 } },
    ],
    constants: [
      ...base.constants,
      ...places,
      longs('rows', 2, 6),
      longs('any', -1),
      { name: 'least', shape: [1], values: Float32Array.of(0.05) },
    ],
  };
}

/** One output [1, 4 + 2, 2] of one image: centres and sizes, then a score for each label. */
function yolo(): TinyModel {
  const rows: Answer[][] = [
    [2, 6],
    [3, 3],
    [4, 4],
    [6, 6],
    [score(0), 0],
    [0, score(1)],
  ];
  const base = linear(rows.flat(), { input: [1, C, H, W], isChannelsFirst: true });
  return {
    ...base,
    outputs: [{ name: 'output0', shape: [1, 6, 2] }],
    nodes: [...base.nodes, reshape('z', 'head', 'output0')],
    constants: [...base.constants, longs('head', 1, 6, 2)],
  };
}

/** The TensorFlow object detection API: bytes, any batch, corners from the top as shares, classes and how many there are. */
function objectDetection(): TinyModel {
  const shares = CORNERS.flatMap(([x1, y1, x2, y2]) => [y1 / H, x1 / W, y2 / H, x2 / W]);
  const answers = [...shares, score(0, 1 / 255), score(1, 1 / 255), 0, 1, 2];
  const base = linear(answers, { input: ['N', H, W, C], isChannelsFirst: false, type: 'uint8' });
  return {
    ...base,
    outputs: [
      { name: 'detection_boxes', shape: ['N', 2, 4] },
      { name: 'detection_classes', shape: ['N', 2] },
      { name: 'detection_scores', shape: ['N', 2] },
      { name: 'num_detections', shape: ['N'] },
    ],
    nodes: [
      ...base.nodes,
      slice('z', 'zero', 'eight', 'corners'),
      reshape('corners', 'boxed', 'detection_boxes'),
      slice('z', 'eight', 'ten', 'detection_scores'),
      slice('z', 'ten', 'twelve', 'detection_classes'),
      slice('z', 'twelve', 'last', 'counted'),
      reshape('counted', 'any', 'num_detections'),
    ],
    constants: [
      ...base.constants,
      ...places,
      ...[longs('eight', 8), longs('ten', 10), longs('twelve', 12), longs('last', 13)],
      ...[longs('boxed', -1, 2, 4), longs('any', -1)],
    ],
  };
}

/** SSD before suppression: a logit for the background and for each label, boxes as centres and sizes in shares. */
function ssd(): TinyModel {
  const boxes = [0.25, 0.5, 0.5, 1, 0.75, 0.5, 0.5, 1];
  const logits: Answer[] = [2, score(0, 8), -9, 2, -9, score(1, 8)];
  const base = linear([...boxes, ...logits], { input: ['N', C, H, W], isChannelsFirst: true });
  return {
    ...base,
    outputs: [
      { name: 'out_box', shape: ['N', 2, 4] },
      { name: 'out_conf', shape: ['N', 2, 3] },
    ],
    nodes: [
      ...base.nodes,
      slice('z', 'zero', 'eight', 'corners'),
      reshape('corners', 'boxed', 'out_box'),
      slice('z', 'eight', 'last', 'logits'),
      reshape('logits', 'kinds', 'out_conf'),
    ],
    constants: [
      ...base.constants,
      ...places,
      ...[longs('eight', 8), longs('last', 14), longs('boxed', -1, 2, 4), longs('kinds', -1, 2, 3)],
    ],
  };
}

type Words = readonly (string | number)[];
const MODELS: readonly (readonly [string, TinyModel, Words])[] = [
  ['torchvision', torchvision(), []],
  ['YOLO', yolo(), ['--head', 'yolov8', '--overlap', 0.5]],
  ['the object detection API', objectDetection(), ['--input-range', '0,255']],
  ['SSD', ssd(), ['--activation', 'softmax', '--background', 'first', '--box-units', 'normalized', '--box-format', 'cxcywh']], // prettier-ignore
];

describe.each(MODELS)('catrs certify --task boxes with an ONNX file as of %s', (name, model, words) => {
  if ('reason' in guest) {
    it('runs', ({ skip }) => skip(guest.reason));
    return;
  }
  const SIGMA = words.includes('0,255') ? 25 : 0.1;
  const file = (end: string): string => path(`${name.replaceAll(' ', '-')}${end}`);
  const from = (): Words => ['--data', path('boxes.npz'), '--model', file('.onnx'), '--backend', 'onnxruntime'];
  const certify = (end: string, more: Words): Promise<CliResult> =>
    catrs([
      ...['certify', '--task', 'boxes', ...from(), ...words, '--box-labels', 2, '--score-threshold', 0.5],
      ...['--sigma', SIGMA, '--n', 200, '--alpha', 0.01, '--radius', SIGMA, ...more, '--out', file(end)],
    ]);

  it('certifies what is there and what is not, and draws it again', async () => {
    await writeData(path('boxes.npz'));
    await writeFile(file('.onnx'), tinyOnnx(model));
    const { code, stdout, stderr } = await certify('.jsonl', ['--slots', 2, '--bins', 'label', '--json']);
    expect(stderr).toContain('catrs: running on onnxruntime');
    expect(code).toBe(0);
    const { figures } = JSON.parse(stdout) as { figures: Readonly<Record<string, number>> };
    expect(figures).toMatchObject({
      [`certified recall at IoU 0.75, radius ${SIGMA}`]: 1,
      [`certified precision at IoU 0.75, radius ${SIGMA}`]: 1,
    });
    const again = await catrs(['verify', file('.jsonl'), ...from(), ...words, '--rows', 2]);
    expect(again.stdout).toContain(', 2 drawn again from their keys\n');
    expect(again.code).toBe(0);
  });

  it('puts boxes into the cells of a grid, and says how many there are at most', async () => {
    const cells = ['--slots', 2, '--bins', 'cell', '--cells', '1,2', '--beyond', '--json'];
    const { stdout, code } = await certify('-cells.jsonl', cells);
    expect(code).toBe(0);
    const { figures } = JSON.parse(stdout) as { figures: Readonly<Record<string, number>> };
    expect(figures[`certified recall at IoU 0.75, radius ${SIGMA}`]).toBe(1);
    const [row] = (await rowsOf(file('-cells.jsonl'))) as unknown as [{ certificate: { boxes: object } }];
    expect(row.certificate.boxes).toMatchObject({ bins: 'cell', cells: [1, 2], beyond: true });
    const again = await catrs(['verify', file('-cells.jsonl'), ...from(), ...words, '--rows', 1]);
    expect(again.stdout).toContain(', 1 drawn again from their keys\n');
    expect(again.code).toBe(0);
  });
});

describe('catrs certify --task segmentation with an ONNX file', () => {
  it('reads logits [batch, classes, height, width], as PyTorch has them', async ({ skip }) => {
    if ('reason' in guest) return skip(guest.reason);
    const model: TinyModel = {
      inputs: [{ name: 'input', shape: ['N', C, H, W] }],
      outputs: [{ name: 'out', shape: ['N', 2, H, W] }],
      nodes: [{ op: 'Conv', inputs: ['input', 'w', 'b'], output: 'out' }],
      constants: [
        { name: 'w', shape: [2, C, 1, 1], values: Float32Array.of(-4, -4, -4, 4, 4, 4) },
        { name: 'b', shape: [2], values: Float32Array.of(6, -6) },
      ],
    };
    await writeFile(path('segmenter.onnx'), tinyOnnx(model));
    const pixels = Float32Array.from({ length: COUNT * PIXELS }, (_, i) =>
      isBright(Math.floor(i / PIXELS), sideOf(Math.floor(i / C) % W)) ? 230 / 255 : 25 / 255,
    );
    const masks = Uint8Array.from({ length: COUNT * H * W }, (_, i) => (pixels[i * C]! > 0.5 ? 1 : 0));
    const images = { dtype: 'float32', shape: [COUNT, H, W, C], data: pixels } as const;
    await writeFile(path('masks.npz'), npz({ images, masks: { dtype: 'uint8', shape: [COUNT, H, W], data: masks } }));
    const from = ['--data', path('masks.npz'), '--model', path('segmenter.onnx'), '--backend', 'onnxruntime'];
    const asked = ['--num-classes', 2, '--logits-layout', 'nchw', '--sigma', 0.1, '--n', 60];
    const out = path('masks.jsonl');
    const { code, stdout } = await catrs(['certify', '--task', 'segmentation', ...from, ...asked, '--out', out, '--json']); // prettier-ignore
    expect(JSON.parse(stdout)).toMatchObject({ figures: { 'certified share': 1, 'certified accuracy': 1 } });
    expect(code).toBe(0);
    const again = await catrs(['verify', out, ...from, '--logits-layout', 'nchw', '--rows', 2]);
    expect(again.stdout).toContain(', 2 drawn again from their keys\n');
    expect(again.code).toBe(0);
  });
});

describe('a detector of bytes', () => {
  it('is refused images of another range, and a scale before it', async ({ skip }) => {
    if ('reason' in guest) return skip(guest.reason);
    const args = ['--data', path('boxes.npz'), '--model', path('the-object-detection-API.onnx'), '--slots', 2];
    const asked = ['--backend', 'onnxruntime', '--sigma', 0.1, '--n', 200, '--radius', 0.1, '--out', path('none')];
    const found = async (more: Words): Promise<string> =>
      (await catrs(['certify', '--task', 'boxes', ...args, ...asked, ...more])).stderr.trimEnd().split('\n').at(-1)!;
    expect(await found([])).toBe(
      'catrs: --input-range must be [0, 255], the range of the values that the classifier takes, got [0, 1] (sigma is in units of this range)',
    );
    expect(await found(['--mean', 0.5, '--std', 0.5])).toMatch(/must take values of any size/);
  });
});

describe('what is wrong with bins', () => {
  it.each<readonly [Words, string | RegExp]>([
    [['--slots', 2, '--bins', 'cell'], '--cells must say how many cells there are, got none'],
    [['--slots', 2, '--cells', '1,2'], '--cells must be left out where bins are no cells, got [1, 2]'],
    [['--slots', 2, '--bins', 'cell', '--cells', '2'], /^--cells must be \[rows, columns\] of a grid/],
    [['--slots', 3, '--bins', 'label-and-cell', '--cells', '1,2', '--box-labels', 2], '--slots must be a multiple of the number of bins, 4, got 3'], // prettier-ignore
    [['--slots', 2, '--bins', 'label-and-cell', '--cells', '1,2'], /^--box-labels must say which labels have bins/],
  ])('%j', async (more, must) => {
    if ('reason' in guest) return;
    const args = ['--data', path('boxes.npz'), '--model', path('YOLO.onnx'), '--backend', 'onnxruntime'];
    const asked = ['--sigma', 0.1, '--n', 200, '--radius', 0.1, '--head', 'yolov8', ...more, '--out', path('none')];
    const { code, stderr } = await catrs(['certify', '--task', 'boxes', ...args, ...asked]);
    expect(code).toBe(2);
    const found = stderr.trimEnd().split('\n').at(-1)!.replace('catrs: ', '');
    if (typeof must === 'string') expect(found).toBe(must);
    else expect(found).toMatch(must);
  });
});
