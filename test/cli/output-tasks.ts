import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { loadBoxesGraph } from '../helpers/detector-graph.ts';
import { npz } from './data-folder.ts';
import { doubles } from './targets.ts';

/** Inputs of the small data. */
export const INPUTS = 8;

type Words = readonly (string | number)[];

/** A task with small data and a small model, and what its certificates are asked. */
export interface SmallTask {
  readonly task: string;
  /** Files of the data, the model and what they need. */
  readonly from: (path: (name: string) => string) => Words;
  /** Options of a short run. */
  readonly asked: Words;
  /** A figure that the summary names. */
  readonly figure: string;
  /** The first input that is certified, and what says so. */
  readonly start: number;
  /** Whether a run without a seed comes to the same rows. */
  readonly isRepeatable: boolean;
}

/** A folder with points, images and linear models of them. */
export function useSmallTasks(): (name: string) => string {
  let folder = '';
  const path = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catrs-outputs-'));
    await writePoints(path);
    await writeDetector(path);
    await writeTags(path);
    await writePixels(path);
    await writeLinear(path('one'), [2], [[1], [0.5]]);
    await writeLinear(
      path('rows'),
      [2],
      [
        [1, -1],
        [0.5, 2],
      ],
    );
    await writeLinear(
      path('classes'),
      [2],
      [
        [8, -8, 0],
        [-8, 8, 0],
      ],
    );
  });
  afterAll(() => rm(folder, { recursive: true }));
  return path;
}

/** The nearest level of 8 bits, as the sound noise wants it. */
const level = (value: number): number => Math.round(255 * value) / 255;

/** Points of two coordinates, with two numbers that are nearly those of the model `rows`, a class, and two labels each. */
async function writePoints(path: (name: string) => string): Promise<void> {
  const points = Array.from({ length: INPUTS }, (_, i) => {
    return [level(i / INPUTS), level(1 - ((i * 3) % INPUTS) / INPUTS)] as const;
  });
  const y = points.flatMap(([a, b]) => [a + 0.5 * b, 2 * b - a]);
  const X = { dtype: 'float32', shape: [INPUTS, 2], data: Float32Array.from(points.flat()) } as const;
  const classes = Uint8Array.from(points, ([a, b]) => (a > b ? 0 : 1));
  await writeFile(path('points.npz'), npz({ X, y: doubles([INPUTS, 2], y) }));
  await writeFile(path('x.npy'), encodeNpy(X));
  await writeFile(path('classes.npy'), encodeNpy({ dtype: 'uint8', shape: [INPUTS], data: classes }));
  const lines = points.map(([a, b], i) => [a, b, y[2 * i]].join(','));
  await writeFile(path('points.csv'), `a,b,y\n${lines.join('\n')}\n`);
}

/** Images of 2 x 2 pixels, a mask of the bright ones, and a model that finds them. */
async function writePixels(path: (name: string) => string): Promise<void> {
  const values = Float32Array.from({ length: INPUTS * 4 }, (_, i) => level(((i * 7) % 10) / 10));
  const masks = Uint8Array.from(values, (value) => (value > 0.5 ? 1 : 0));
  const images = { dtype: 'float32', shape: [INPUTS, 2, 2, 1], data: values } as const;
  await writeFile(path('masks.npz'), npz({ images, masks: { dtype: 'uint8', shape: [INPUTS, 2, 2], data: masks } }));
  const conv = tf.layers.conv2d({ inputShape: [2, 2, 1], filters: 2, kernelSize: 1 });
  const model = tf.sequential({ layers: [conv] });
  tf.tidy(() => conv.setWeights([tf.tensor4d([-8, 8], [1, 1, 1, 2]), tf.tensor1d([4, -4])]));
  await saveModel(model, path('pixels'));
  model.dispose();
}

/** Inputs that are two boxes each, and a graph model that finds them. */
async function writeDetector(path: (name: string) => string): Promise<void> {
  const boxes = [0, 1].map((k) => [0.1 + 0.3 * k, 0.2, 0.4 + 0.3 * k, 0.5, 0.9 - 0.2 * k, 0].map(level));
  const values = Float32Array.from({ length: INPUTS * 12 }, (_, i) => boxes.flat()[i % 12] ?? 0);
  const truths = Array.from({ length: INPUTS }, () => boxes.flatMap((box) => [...box.slice(0, 4), 0])).flat();
  const images = { dtype: 'float32', shape: [INPUTS, 12], data: values } as const;
  await writeFile(path('boxes.npz'), npz({ images, boxes: doubles([INPUTS, 2, 5], truths) }));
  const model = await loadBoxesGraph(2, ['boxes', 'scores', 'other']);
  await mkdir(path('detector'));
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      const json = { format: 'graph-model', modelTopology, weightsManifest };
      await writeFile(path('detector/model.json'), JSON.stringify(json));
      await writeFile(path('detector/weights.bin'), new Uint8Array(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  model.dispose();
}

/** A model of four labels, and which of them each point has. */
async function writeTags(path: (name: string) => string): Promise<void> {
  await writeLinear(
    path('tags'),
    [2],
    [
      [4, 3, -3, -4],
      [4, -3, 3, -4],
    ],
  );
  const tags = Uint8Array.from({ length: INPUTS * 4 }, (_, i) => (i % 4 < 2 ? 1 : 0));
  await writeFile(path('tags.npy'), encodeNpy({ dtype: 'uint8', shape: [INPUTS, 4], data: tags }));
}

/** A linear model: weights of each input. */
async function writeLinear(
  folder: string,
  inputShape: number[],
  weights: readonly (readonly number[])[],
): Promise<void> {
  const units = weights[0]?.length ?? 0;
  const dense = tf.layers.dense({ units, inputShape });
  const model = tf.sequential({ layers: [dense] });
  tf.tidy(() => dense.setWeights([tf.tensor2d(weights as number[][]), tf.zeros([units])]));
  await saveModel(model, folder);
  model.dispose();
}

/** The small tasks. */
export const SMALL_TASKS: readonly SmallTask[] = [
  {
    task: 'regression',
    from: (path) => ['--data', path('points.csv'), '--target', 'y', '--model', path('one')],
    asked: ['--sigma', 0.25, '--n', 300, '--radius', '0.05,0.125'],
    figure: 'mean width at radius 0.05',
    start: 0,
    isRepeatable: true,
  },
  {
    task: 'segmentation',
    from: (path) => ['--data', path('masks.npz'), '--model', path('pixels'), '--num-classes', 2],
    asked: ['--sigma', 0.25, '--n', 60, '--tau', 0.75],
    figure: 'certified share',
    start: 0,
    isRepeatable: true,
  },
  {
    task: 'conformal',
    from: (path) => ['--data', path('x.npy'), '--labels', path('classes.npy'), '--model', path('classes')],
    asked: ['--sigma', 0.25, '--alpha', 0.4, '--radius', 0.05, '--calibration', 4, '--score', 'lac'],
    figure: 'mean number of labels',
    start: 4,
    isRepeatable: false,
  },
  {
    task: 'boxes',
    from: (path) => ['--data', path('boxes.npz'), '--model', path('detector'), '--slots', 2],
    asked: ['--sigma', 0.02, '--n', 300, '--radius', '0.01,0.02', '--box-labels', 1],
    figure: 'certified recall at IoU 0.5, radius 0.01',
    start: 0,
    isRepeatable: true,
  },
  {
    task: 'multilabel',
    from: (path) => ['--data', path('x.npy'), '--truth', path('tags.npy'), '--model', path('tags')],
    asked: ['--sigma', 0.1, '--n', 300, '--labels-per-pass', 2, '--top', 2],
    figure: 'share of targets certified',
    start: 0,
    isRepeatable: true,
  },
  {
    task: 'confidence',
    from: (path) => ['--data', path('x.npy'), '--labels', path('classes.npy'), '--model', path('classes')],
    asked: ['--sigma', 0.25, '--n', 300, '--radii', '0,0.1'],
    figure: 'mean lower bound at the first radius',
    start: 0,
    isRepeatable: true,
  },
  {
    task: 'center',
    from: (path) => ['--data', path('points.npz'), '--model', path('rows')],
    asked: [
      '--sigma',
      0.25,
      '--n',
      300,
      '--alpha',
      0.01,
      '--center-n',
      500,
      '--center-alpha',
      0.05,
      '--radius',
      '0.05,0.1',
    ],
    figure: 'median certified distance at the first radius',
    start: 0,
    isRepeatable: true,
  },
];

/** The rows of a log of outputs, without what differs from run to run. */
export async function rowsOf(file: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const [, ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => ({ ...(JSON.parse(line) as Record<string, unknown>), milliseconds: 0 }));
}
