import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { saveModel } from '../../src/node/save-model.ts';
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
  /** Whether its samples can be drawn again. */
  readonly isDrawnAgain: boolean;
}

/** A folder with points, images and linear models of them. */
export function useSmallTasks(): (name: string) => string {
  let folder = '';
  const path = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catrs-outputs-'));
    await writePoints(path);
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

/** Points of two coordinates, with two numbers that are nearly those of the model `rows`, a class, and two labels each. */
async function writePoints(path: (name: string) => string): Promise<void> {
  const points = Array.from({ length: INPUTS }, (_, i) => [i / INPUTS, 1 - ((i * 3) % INPUTS) / INPUTS] as const);
  const y = points.flatMap(([a, b]) => [a + 0.5 * b, 2 * b - a]);
  const X = { dtype: 'float32', shape: [INPUTS, 2], data: Float32Array.from(points.flat()) } as const;
  const classes = Uint8Array.from(points, ([a, b]) => (a > b ? 0 : 1));
  await writeFile(path('points.npz'), npz({ X, y: doubles([INPUTS, 2], y) }));
  await writeFile(path('x.npy'), encodeNpy(X));
  await writeFile(path('classes.npy'), encodeNpy({ dtype: 'uint8', shape: [INPUTS], data: classes }));
  const lines = points.map(([a, b], i) => [a, b, y[2 * i]].join(','));
  await writeFile(path('points.csv'), `a,b,y\n${lines.join('\n')}\n`);
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
    figure: 'medianDistance',
    isDrawnAgain: true,
  },
];

/** The rows of a log of outputs, without what differs from run to run. */
export async function rowsOf(file: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const [, ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => ({ ...(JSON.parse(line) as Record<string, unknown>), milliseconds: 0 }));
}
