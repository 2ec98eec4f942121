/**
 * A small detector: four convolutions to a grid of 6 x 6 cells, each of which says whether the centre of a digit is in it, where its box is and which digit it
 * is. Trained under the noise that certifies.
 */
import * as tf from '@tensorflow/tfjs';
import { foldIn, type GaussianNoise, type Key, split, type TensorDetector, trainableVariables } from 'catrs';
import type { Digits } from '../digits/data.ts';
import { type Canvas, canvasOf, CANVAS_KEYS, SIDE } from './canvases.ts';

const GRID = 6;
const CELL = SIDE / GRID;
const CELLS = GRID * GRID;
const CLASSES = 10;
const SIZE = 5 + CLASSES; // score, centre, size, classes
const BATCH = 32;

/** The network: [B, 48, 48, 1] → [B, 6, 6, 15]. */
export function buildNetwork(seed: number): tf.LayersModel {
  const conv = (filters: number, strides: number, i: number): tf.layers.Layer =>
    tf.layers.conv2d({
      ...(i === 0 && { inputShape: [SIDE, SIDE, 1] }),
      filters,
      kernelSize: i === 4 ? 1 : 3,
      strides,
      padding: 'same',
      activation: i === 4 ? 'linear' : 'relu',
      kernelInitializer: tf.initializers.heNormal({ seed: seed + i }),
    });
  return tf.sequential({ layers: [conv(16, 2, 0), conv(32, 2, 1), conv(48, 2, 2), conv(64, 1, 3), conv(SIZE, 1, 4)] });
}

/** What the cells say as boxes [B, 36, 4], scores and labels. */
export function detectorOf(network: tf.LayersModel): TensorDetector {
  const [columns, rows] = [0, 1].map((axis) =>
    tf.tensor2d(
      Array.from({ length: CELLS }, (_, i) => (axis === 0 ? i % GRID : Math.floor(i / GRID))),
      [1, CELLS],
    ),
  ) as [tf.Tensor2D, tf.Tensor2D];
  return (x) =>
    tf.tidy(() => {
      const cells = tf.reshape(network.apply(x) as tf.Tensor, [-1, CELLS, SIZE]);
      const part = (i: number): tf.Tensor => tf.squeeze(tf.slice(cells, [0, 0, i], [-1, -1, 1]), [2]);
      const center = (i: number, at: tf.Tensor): tf.Tensor => tf.mul(tf.add(tf.add(at, 0.5), part(i)), CELL);
      const half = (i: number): tf.Tensor => tf.mul(tf.add(part(i), 1), 0.6 * CELL);
      const [cx, cy, w, h] = [center(1, columns), center(2, rows), half(3), half(4)];
      return {
        boxes: tf.stack([tf.sub(cx, w), tf.sub(cy, h), tf.add(cx, w), tf.add(cy, h)], 2),
        scores: tf.sigmoid(part(0)),
        labels: tf.argMax(tf.slice(cells, [0, 0, 5], [-1, -1, CLASSES]), 2),
      };
    });
}

/** What the cells of a canvas should say. */
function targetsOf({ truths }: Canvas, into: Float32Array): void {
  for (const {
    label,
    box: [x1, y1, x2, y2],
  } of truths) {
    // prettier-ignore
    const [cx, cy] = [(x1 + x2) / 2 / CELL, (y1 + y2) / 2 / CELL];
    const [column, row] = [Math.min(GRID - 1, Math.floor(cx)), Math.min(GRID - 1, Math.floor(cy))];
    const size = (length: number): number => length / 2 / (0.6 * CELL) - 1;
    const start = (row * GRID + column) * SIZE;
    into.set([1, cx - column - 0.5, cy - row - 0.5, size(x2 - x1), size(y2 - y1)], start);
    into[start + 5 + label] = 1;
  }
}

/** Trains a network under noise, with Adam; the last third of the steps at a tenth of the learning rate. */
export async function train(
  digits: Digits,
  noise: GaussianNoise,
  {
    steps,
    key,
    onStep,
  }: { readonly steps: number; readonly key: Key; readonly onStep: (step: number, loss: number) => void },
): Promise<tf.LayersModel> {
  const network = buildNetwork(5);
  const variables = trainableVariables(network);
  const [noiseKey] = split(key);
  const rate = (step: number): number => (step < (2 * steps) / 3 ? 2e-3 : 2e-4);
  let optimizer = tf.train.adam(rate(0));
  for (let step = 0; step < steps; step++) {
    if (rate(step) !== rate(Math.max(0, step - 1))) {
      optimizer.dispose();
      optimizer = tf.train.adam(rate(step));
    }
    const [x, y] = [new Float32Array(BATCH * SIDE * SIDE), new Float32Array(BATCH * CELLS * SIZE)];
    for (let row = 0; row < BATCH; row++) {
      const canvas = canvasOf(digits, CANVAS_KEYS.training, step * BATCH + row);
      x.set(canvas.x, row * SIDE * SIDE);
      targetsOf(canvas, y.subarray(row * CELLS * SIZE, (row + 1) * CELLS * SIZE));
    }
    const images = tf.tensor4d(x, [BATCH, SIDE, SIDE, 1]);
    const copies = tf.tidy(() =>
      tf.squeeze(noise.perturb(images, { key: foldIn(noiseKey, step), start: 0, count: 1 }), [0]),
    );
    const targets = tf.tensor3d(y, [BATCH, CELLS, SIZE]);
    const value = optimizer.minimize(() => lossOf(network, copies, targets), true, variables);
    const [loss = NaN] = (await value?.data()) ?? [];
    tf.dispose([images, copies, targets, value ?? []]);
    onStep(step, loss);
  }
  optimizer.dispose();
  return network;
}

/** Is there a digit, and where there is: its box and its class. */
function lossOf(network: tf.LayersModel, x: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const cells = tf.reshape(network.apply(x, { training: true }) as tf.Tensor, [BATCH, CELLS, SIZE]);
    const part = (of: tf.Tensor, from: number, size: number): tf.Tensor => tf.slice(of, [0, 0, from], [-1, -1, size]);
    const isThere = part(targets, 0, 1);
    const score = part(cells, 0, 1);
    const wrongScore = tf.sum(tf.sub(tf.softplus(score), tf.mul(isThere, score)));
    const off = tf.sub(part(cells, 1, 4), part(targets, 1, 4));
    const wrongBox = tf.sum(tf.mul(isThere, tf.sqrt(tf.add(tf.square(off), 1e-4))));
    const wrongClass = tf.neg(tf.sum(tf.mul(part(targets, 5, CLASSES), tf.logSoftmax(part(cells, 5, CLASSES)))));
    return tf.div(tf.add(tf.add(wrongScore, wrongClass), tf.mul(wrongBox, 2)), BATCH);
  });
}
