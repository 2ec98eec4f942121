import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { resizeAndCrop } from '../../src/data/resize-and-crop.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { imagenetResnet } from '../../src/models/imagenet-resnet.ts';
import { imageStatistics } from '../../src/models/normalize.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useWasm } from '../../src/wasm/index.ts';
import { writeTree } from './data-folder.ts';
import { catrs } from './run.ts';

const SYNSETS = ['n01440764', 'n01443537'];
const SIDE = 48;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-imagenet-'));
  await useWasm();
});
afterAll(() => rm(folder, { recursive: true }));

/** Waves of colours. */
function image(height: number, width: number, of: number) {
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const [row, column] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width];
    return 128 + 100 * Math.sin((row * (of + 1)) / 9 + (i % 3)) * Math.cos(column / (7 + of));
  });
  return { height, width, channels: 3 as const, data };
}

it('a folder of synsets is resized, cropped and certified with a ResNet of torchvision as by the library', async () => {
  const images = [image(70, 60, 0), image(60, 90, 1)];
  const files = images.map((one, i) => [`val/${SYNSETS[i]}/one.png`, encode(one)] as const);
  await writeTree(folder, Object.fromEntries(files));
  const model = imagenetResnet({
    ...{ key: createKey(1), depth: 18, numClasses: 2, inputShape: [SIDE, SIDE, 3], ...imageStatistics.imagenet },
  });
  await mkdir(join(folder, 'resnet18'));
  await saveModel(model, join(folder, 'resnet18'), { overwrite: true });

  const out = join(folder, 'log.tsv');
  const run = ['--resize', 56, '--crop', SIDE, '--sigma', 0.5, '--n0', 5, '--n', 40, '--backend', 'wasm', '--out', out];
  const result = await catrs(['certify', '--data', join(folder, 'val'), '--model', join(folder, 'resnet18'), ...run]);
  expect(result.code, result.stderr).toBe(0);
  const rows = parseCertificationLog(await readFile(out, 'utf8'));

  const shape = [SIDE, SIDE, 3] as const;
  const cropped = images.flatMap((one) => Array.from(resizeAndCrop(one, { resize: 56, crop: SIDE }).data));
  const values = Float32Array.from(cropped, (byte) => byte / 255);
  const g = new SmoothedClassifier(model, { noise: new GaussianNoise({ sigma: 0.5 }) });
  const expected: unknown[] = [];
  const options = { key: createKey(0), n0: 5, n: 40 };
  for await (const { certificate } of certifyDataset(g, arrayDataset({ values, shape, labels: [0, 1] }), options)) {
    expected.push(certificate);
  }
  expect(rows.map(({ certificate }) => certificate)).toEqual(expected);
  expect(rows.map(({ label }) => label)).toEqual([0, 1]);
  expect(rows.some(({ radius }) => radius > 0)).toBe(true);
  model.dispose();
});
