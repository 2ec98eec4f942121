import * as tf from '@tensorflow/tfjs';
import { createKey } from 'catrs';
import { imagenetResnet, loadTorchWeights } from 'catrs/models';
import { expect } from 'vitest';
import golden from '../fixtures/resnets.json' with { type: 'json' };

/** What torchvision says of a depth: names, shapes and logits. */
export type OfficialResnet = (typeof golden)['18' | '50'];

/** The depths of the fixture. */
export const officialResnets: readonly { readonly depth: 18 | 50; readonly official: OfficialResnet }[] = [
  { depth: 18, official: golden['18'] },
  { depth: 50, official: golden['50'] },
];

/** The weights that the formula of the fixture gives: tensor t, element i. */
function filled(name: string, shape: readonly number[], t: number): Float32Array {
  const size = tf.util.sizeFromShape([...shape]);
  const scale = Math.sqrt(2 / (size / (shape[0] ?? 1)));
  return Float32Array.from({ length: size }, (_, i) => {
    const wave = Math.sin(1 + 0.37 * t + 0.61803398875 * i);
    if (name.endsWith('running_var')) return 1 + 0.2 * wave;
    if (shape.length > 1) return wave * scale;
    return name.endsWith('weight') ? 0.8 + 0.2 * wave : 0.1 * wave;
  });
}

/** The network with the weights of the fixture, from a state dict. */
export function filledResnet(depth: 18 | 50, { names, shapes, size }: OfficialResnet): tf.LayersModel {
  const model = imagenetResnet({ key: createKey(0), depth, inputShape: [size, size, 3] });
  const tensors = names.map((name, t): [string, { shape: number[]; data: Float32Array }] => {
    const shape = shapes[t] ?? [];
    return [name, { shape, data: filled(name, shape, t) }];
  });
  loadTorchWeights(model, new Map(tensors));
  return model;
}

/** The two images of the fixture, channels last. */
export function officialImages({ size }: OfficialResnet): Float32Array<ArrayBuffer> {
  const plane = size * size;
  return Float32Array.from({ length: 2 * 3 * plane }, (_, i) => {
    const [image, at, channel] = [Math.floor(i / (3 * plane)), Math.floor((i % (3 * plane)) / 3), i % 3];
    return 0.5 * Math.fround(Math.sin(0.01 * (image * 3 * plane + channel * plane + at))) + 0.5;
  });
}

/** Expects the logits of torchvision, to 1e-4 of the largest. */
export function expectOfficial(rows: readonly (readonly number[])[], { logits, sums, scale }: OfficialResnet): void {
  rows.forEach((row, i) => {
    logits[i]?.forEach((logit, c) => expect(Math.abs((row[c] ?? NaN) - logit)).toBeLessThan(1e-4 * scale));
    const sum = row.reduce((a, b) => a + b, 0);
    expect(Math.abs(sum - (sums[i] ?? NaN))).toBeLessThan(1e-2 * scale);
  });
}
