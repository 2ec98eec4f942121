import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, GaussianNoise, SmoothedClassifier } from 'catrs';
import { decodeSafetensors, encodeSafetensors, type LabelledExample } from 'catrs/data';
import { lenet } from 'catrs/models';
import { useWasm } from 'catrs/wasm';
import { readDigits } from '../../examples/playground/src/digits.ts';
import { packWeights, unpackWeights } from '../../examples/playground/src/packed-weights.ts';
import { centred, drawLine } from '../../examples/playground/src/page/drawing.ts';
import { PIXELS } from '../../examples/playground/src/protocol.ts';

// What of the playground needs no browser. The page itself: playground.slow.test.ts.
const file = (name: string): Promise<Buffer> =>
  readFile(new URL(`../../examples/playground/public/${name}.safetensors`, import.meta.url));

/** All digits of a file. */
async function examples(name: string): Promise<LabelledExample[]> {
  const digits = readDigits(await file(name));
  return Promise.all(Array.from({ length: digits.size }, async (_, i) => digits.example(i)));
}

const greys = (image: Float32Array): [x: number, y: number][] =>
  [...image.keys()].filter((at) => image[at]! > 0).map((at) => [at % 28, Math.floor(at / 28)]);

describe('a drawing', () => {
  it('is a soft line that stays on the image', () => {
    const image = new Float32Array(PIXELS);
    drawLine(image, { x: 14, y: -3 }, { x: 14, y: 10 });
    expect(Math.max(...image)).toBe(1);
    expect(greys(image).every(([x, y]) => x >= 12 && x <= 15 && y <= 11)).toBe(true);
    expect(image.every((grey) => grey >= 0 && grey <= 1)).toBe(true);
  });

  it('is moved to the centre as a whole, and no further than the edge', () => {
    const image = new Float32Array(PIXELS);
    drawLine(image, { x: 3, y: 4 }, { x: 6, y: 9 });
    const moved = centred(image);
    expect([...moved].sort()).toEqual([...image].sort());
    const mass = moved.reduce((sum, grey) => sum + grey);
    expect(Math.abs(moved.reduce((sum, grey, at) => sum + grey * (at % 28), 0) / mass - 13.5)).toBeLessThanOrEqual(0.5);
    expect(centred(moved)).toEqual(moved);
    const lopsided = Float32Array.from(image, (grey, at) => (at === PIXELS - 1 ? 0.01 : grey));
    expect(greys(centred(lopsided))).toEqual(greys(lopsided)); // the corner holds it back
    expect(centred(new Float32Array(PIXELS))).toEqual(new Float32Array(PIXELS));
  });
});

describe('packed weights', () => {
  it('differ from the weights by half a step of their output at most', () => {
    const model = lenet({ key: createKey(1) });
    const weights = model.getWeights().map((weight) => Float32Array.from(weight.dataSync()));
    const { tensors } = decodeSafetensors(encodeSafetensors(packWeights(weights)));
    unpackWeights(tensors).forEach((values, i) => {
      const outputs = model.getWeights()[i]!.shape.at(-1)!;
      const largest = new Float32Array(outputs);
      weights[i]!.forEach((value, at) => (largest[at % outputs] = Math.max(largest[at % outputs]!, Math.abs(value))));
      const isBias = values.length === outputs;
      values.forEach((value, at) => {
        const step = isBias ? 0 : largest[at % outputs]! / 127;
        if (Math.abs(value - weights[i]![at]!) > 0.501 * step) throw new Error(`tensor ${i}, entry ${at}`);
      });
    });
    model.dispose();
  });

  it('refuses a file of something else', () => {
    expect(() => unpackWeights(new Map())).toThrow('the model file has no conv1.kernel of 500 numbers');
  });
});

describe('the files of the page', () => {
  beforeAll(() => useWasm());

  it.each(['gaussian', 'catrs'])('the model %s knows nearly all digits to pick from, under its noise', async (name) => {
    const { tensors, metadata } = decodeSafetensors(await file(`models/${name}`));
    expect(Object.fromEntries(metadata)).toEqual({ method: name, sigma: '0.5' });
    const model = lenet({ key: createKey(0) });
    const weights = unpackWeights(tensors).map((values, i) => tf.tensor(values, model.getWeights()[i]!.shape));
    model.setWeights(weights);
    const digits = await examples('digits');
    expect(digits.map(({ label }) => label)).toEqual(Array.from({ length: 20 }, (_, i) => Math.floor(i / 2)));
    const g = new SmoothedClassifier(model, { noise: new GaussianNoise({ sigma: 0.5 }), numClasses: 10 });
    let right = 0;
    for (const [i, { x: image, label }] of digits.entries()) {
      const x = tf.tensor3d(image, [28, 28, 1]);
      right += (await g.predict(x, { key: createKey(i), n: 100 })).label === label ? 1 : 0;
      x.dispose();
    }
    expect(right).toBeGreaterThanOrEqual(18);
    tf.dispose(weights);
    model.dispose();
  });

  it('trains in the page on digits that cannot be picked', async () => {
    const [picked, learned] = await Promise.all([examples('digits'), examples('training-digits')]);
    expect(learned).toHaveLength(300);
    expect(new Set(learned.map(({ label }) => label)).size).toBe(10);
    const seen = new Set(learned.map(({ x }) => x.join()));
    expect(picked.filter(({ x }) => seen.has(x.join()))).toEqual([]);
  });
});
