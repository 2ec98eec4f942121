import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { arrayDataset, encodeNpy } from 'catrs/data';
import { loadModel } from 'catrs/node';
import { useWasm } from 'catrs/wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  certifyDataset,
  createKey,
  plannedRadius,
  GaussianNoise,
  parseCertificationLog,
  SmoothedClassifier,
} from 'catrs';
import { requireGuest } from '../helpers/guests.ts';
import { root } from '../package/source-files.ts';

/** nsfwjs 4.4.0 ships two MobileNetV2 for 224x224 colour images and 5 classes: a layers model, and a graph model; the weights as base64 in scripts. */
const models = {
  'layers model': { folder: 'mobilenet_v2', shards: ['group1-shard1of1'] },
  'graph model': { folder: 'mobilenet_v2_mid', shards: ['group1-shard1of2', 'group1-shard2of2'] },
} as const;
const shape = [224, 224, 3] as const;
const sigma = 0.02;

let folder: string;

/** Two pictures of soft colours, and any labels. */
const values = Float32Array.from({ length: 2 * 224 * 224 * 3 }, (_, i) => {
  const [pixel, channel] = [Math.floor(i / 3), i % 3];
  const [row, column] = [Math.floor(pixel / 224) % 224, pixel % 224];
  return 0.5 + 0.4 * Math.sin((row + channel * 40) / 31) * Math.cos((column + i / 1e5) / 17);
});
const labels = [0, 1];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'catrs-models-'));
  writeFileSync(join(folder, 'x.npy'), encodeNpy({ dtype: 'float32', shape: [2, ...shape], data: values }));
  writeFileSync(join(folder, 'y.npy'), encodeNpy({ dtype: 'uint8', shape: [2], data: Uint8Array.from(labels) }));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a model as the files of `tf.loadLayersModel`; says why where the package is not there. */
function writeModel({ folder: name, shards }: (typeof models)[keyof typeof models]): string | undefined {
  const part = (file: string) => requireGuest<unknown>(`nsfwjs/dist/models/${name}/${file}.min.js`);
  const model = part('model');
  if ('reason' in model) return model.reason;
  const to = join(folder, name);
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, 'model.json'), JSON.stringify(model.found));
  for (const shard of shards) {
    const bytes = part(shard);
    if ('reason' in bytes) return bytes.reason;
    writeFileSync(join(to, shard), Buffer.from(bytes.found as string, 'base64'));
  }
  return undefined;
}

function catrs(command: string, ...more: string[]): string {
  const data = ['--data', 'x.npy', '--labels', 'y.npy', '--output', 'probabilities', '--sigma', `${sigma}`];
  return execFileSync(process.execPath, [`${root}dist/cli/main.js`, command, ...data, ...more], {
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

describe.each(Object.entries(models))('MobileNetV2 of nsfwjs as a %s', (_, model) => {
  it('is certified at a radius by the command in two threads as by the library in one', async (context) => {
    const reason = writeModel(model);
    if (reason !== undefined) return context.skip(reason);
    const out = `${model.folder}.tsv`;
    const run = ['--radius', '0.02', '--n0', '5', '--n', '20', '--alpha', '0.05', '--workers', '2', '--out', out];
    catrs('certify', '--model', model.folder, ...run);
    const rows = parseCertificationLog(readFileSync(join(folder, out), 'utf8'));

    await useWasm();
    const network = await loadModel(join(folder, model.folder));
    const g = new SmoothedClassifier(network, { noise: new GaussianNoise({ sigma }), output: 'probabilities' });
    const dataset = arrayDataset({ values, shape, labels });
    const rule = plannedRadius({ radius: [0.02] });
    const options = { key: createKey(0), n0: 5, n: 20, alpha: 0.05, checkEvery: 10, rule };
    const expected: unknown[] = [];
    for await (const { certificate } of certifyDataset(g, dataset, options)) expected.push(certificate);
    expect(rows.map(({ certificate }) => certificate)).toEqual(expected);
    expect(rows.some(({ radius }) => radius > 0)).toBe(true);
    network.dispose();
    expect(tf.getBackend()).toBe('wasm');
  });

  it('is attacked by the command on wasm', (context) => {
    const reason = writeModel(model);
    if (reason !== undefined) return context.skip(reason);
    const log = `${model.folder}-attack.tsv`;
    const run = ['--epsilon', '1', '--steps', '2', '--num-noise', '1', '--n', '12', '--out', log];
    expect(catrs('attack', '--model', model.folder, ...run)).toMatch(/under attack at most/);
    expect(
      readFileSync(join(folder, log), 'utf8')
        .trim()
        .split('\n')
        .filter((line) => /^\d/.test(line)),
    ).toHaveLength(2);
  });
});
