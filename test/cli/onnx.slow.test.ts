import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { denoised } from '../../src/classifier/input-adapters.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { encodeNpy } from '../../src/data/npy.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { guestsFolder, requireGuest } from '../helpers/guests.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { linearOnnx, tinyOnnx, type TinyModel } from '../onnx/tiny-onnx.ts';
import { catrs as inProcess, useTiny } from './run.ts';

const guest = requireGuest('onnxruntime-node');
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const { path, run } = useTiny();

const SHAPE = [4, 3, 3] as const;
const COUNT = 6;
const CLASSES = 3;
const values = Float32Array.from({ length: COUNT * 36 }, (_, i) => 0.5 + 0.5 * Math.sin(3.7 * i * i));
const labels = Uint8Array.from({ length: COUNT }, (_, i) => i % CLASSES);
/** Of images with their channels first. */
const weights = Array.from({ length: 36 * CLASSES }, (_, i) => Math.round(32 * Math.sin(3.1 * i + 1)) / 32);
const gains = Float32Array.from({ length: 36 }, (_, i) => (i + 12) / 32);

const classifier = (batch: number | string): TinyModel =>
  linearOnnx({ shape: [batch, 3, 4, 3] }, { weights, classes: CLASSES });
const denoiser: TinyModel = {
  inputs: [{ name: 'noisy', shape: ['N', 3, 4, 3] }],
  outputs: [{ name: 'clean', shape: ['N', 3, 4, 3] }],
  nodes: [{ op: 'Mul', inputs: ['noisy', 'gains'], output: 'clean' }],
  constants: [{ name: 'gains', shape: [1, 3, 4, 3], values: gains }],
};

/** The same as functions of tensors. */
const channelsFirst = (x: tf.Tensor): tf.Tensor => tf.transpose(x, [0, 3, 1, 2]);
const twin: LogitsFn = (x) =>
  tf.tidy(() => tf.matMul(tf.reshape(channelsFirst(x), [-1, 36]) as tf.Tensor2D, tf.tensor2d(weights, [36, CLASSES])));
const clean: LogitsFn = (x) =>
  tf.tidy(() => tf.transpose(tf.mul(channelsFirst(x), tf.tensor(gains, [1, 3, 4, 3])), [0, 2, 3, 1]));

/** Runs the command in a folder that has onnxruntime-node. */
function catrs(args: readonly (string | number)[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const all = [...runTypeScript, main, ...args.map(String)];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { cwd: guestsFolder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const colours = (): string[] => ['--data', path('colours.npy'), '--labels', path('colours-y.npy')];
const short = ['--sigma', 0.5, '--n', 200, '--n0', 20];

beforeAll(async () => {
  await writeFile(path('colours.npy'), encodeNpy({ dtype: 'float32', shape: [COUNT, ...SHAPE], data: values }));
  await writeFile(path('colours-y.npy'), encodeNpy({ dtype: 'uint8', shape: [COUNT], data: labels }));
  await writeFile(path('four.ONNX'), tinyOnnx(classifier(4)));
  await writeFile(path('denoiser.onnx'), tinyOnnx(denoiser));
});

describe('catrs with ONNX files', () => {
  if (!('found' in guest)) {
    it('certifies behind a denoiser', ({ skip }) => skip(guest.reason));
    return;
  }
  const both = (): string[] => [...colours(), '--model', path('four.ONNX'), '--denoiser', path('denoiser.onnx')];

  it('certifies a model of a fixed batch behind a denoiser, in one thread or two, and verifies it', async () => {
    const run1 = await catrs(['certify', ...both(), ...short, '--out', path('one.tsv')]);
    expect(run1.stderr).toContain(`catrs: running on onnxruntime 1.30.0, behind ${path('denoiser.onnx')}\n`);
    expect(run1.code).toBe(0);
    const run2 = await catrs(['certify', ...both(), ...short, '--workers', 2, '--out', path('two.tsv')]);
    expect(run2.code).toBe(0);
    const certificatesOf = async (name: string): Promise<unknown[]> =>
      parseCertificationLog(await readFile(path(name), 'utf8')).map(({ certificate }) => certificate);
    const certificates = await certificatesOf('one.tsv');
    expect(await certificatesOf('two.tsv')).toEqual(certificates);

    const g = new SmoothedClassifier(denoised(twin, clean), {
      noise: new GaussianNoise({ sigma: 0.5 }),
      numClasses: CLASSES,
    });
    const rows: unknown[] = [];
    const dataset = arrayDataset({ values, shape: SHAPE, labels });
    for await (const { certificate } of certifyDataset(g, dataset, { key: createKey(0), n: 200, n0: 20 }))
      rows.push(certificate);
    expect(certificates).toEqual(JSON.parse(JSON.stringify(rows)));

    const held = await catrs(['verify', path('one.tsv'), ...both(), '--rows', 'all']);
    expect(held.stdout).toContain(`all of ${COUNT} certificates follow from their votes, ${COUNT} drawn again`);
    const without = await catrs(['verify', path('one.tsv'), ...both().slice(0, -2), '--rows', 'all']);
    expect(without.code).toBe(1);
  });

  it('says the denoiser in the report of predict and soft-targets', async () => {
    const predicted = await catrs(['predict', ...both(), '--sigma', 0.5, '--n', 50, '--max', 2, '--json']);
    expect(JSON.parse(predicted.stdout)).toMatchObject({
      runtime: 'onnxruntime',
      denoiser: path('denoiser.onnx'),
      images: 2,
    });
    const targets = await catrs([
      'soft-targets',
      ...both(),
      '--sigma',
      0.5,
      '--n',
      50,
      '--json',
      '--out',
      path('t.npy'),
    ]);
    expect(JSON.parse(targets.stdout)).toMatchObject({ denoiser: path('denoiser.onnx'), done: COUNT });
  });

  it('takes the output by its name, in threads too, and bytes where the range is theirs', async () => {
    const model = classifier('N');
    const two = {
      ...model,
      outputs: [...model.outputs, { name: 'features', shape: ['N', 36] }],
      nodes: [...model.nodes, { op: 'Identity', inputs: ['flat'], output: 'features' }],
    };
    await writeFile(path('two.onnx'), tinyOnnx(two));
    const args = ['predict', ...colours(), '--model', path('two.onnx'), '--sigma', 0.5, '--n', 50];
    const refused = await catrs(args);
    expect(refused.stderr.trim().split('\n').at(-1)).toBe(
      `catrs: ${path('two.onnx')}: --output-name must name the one of several outputs of floats [batch, numClasses]` +
        ' (y (float32 [any, 3]), features (float32 [any, 36])), got none',
    );
    expect(refused.code).toBe(2);
    const named = await catrs([...args, '--output-name', 'y', '--workers', 2]);
    expect(named.code).toBe(0);

    await writeFile(
      path('bytes.onnx'),
      tinyOnnx(linearOnnx({ shape: ['N', 3, 4, 3], type: 'uint8' }, { weights, classes: CLASSES })),
    );
    const bytes = ['predict', ...colours(), '--model', path('bytes.onnx'), '--n', 50];
    const unit = await catrs([...bytes, '--sigma', 0.5]);
    expect(unit.stderr.trim().split('\n').at(-1)).toBe(
      'catrs: --input-range must be [0, 255], the range of the values that the classifier takes, got [0, 1] (sigma is in units of this range)',
    );
  });

  it('says what is missing beside a model, and what the runtime says of a file, without lines of its own', async () => {
    const outside = classifier('N');
    const constants = outside.constants?.map((constant) => ({ ...constant, location: 'weights.bin' }));
    await writeFile(path('outside.onnx'), tinyOnnx({ ...outside, constants: constants ?? [] }));
    await writeFile(path('none.onnx'), 'no model');
    const ask = async (name: string): Promise<string> =>
      (await catrs(['predict', ...colours(), '--model', path(name), '--sigma', 0.5, '--n', 50])).stderr
        // Newer versions of Node warn of how the tests load TypeScript.
        .replace(/^\(.*DEP0205.*\n\(Use `node .*\n/, '');
    expect(await ask('outside.onnx')).toBe(
      `catrs: ${path('outside.onnx')}: must have its weights beside it, in weights.bin, which is missing (copy both files)\n`,
    );
    expect(await ask('none.onnx')).toMatch(
      /^catrs: .*none.onnx: must be an ONNX model that onnxruntime can load, got ".*"\n$/,
    );
  });
});

describe('catrs with a denoiser of TensorFlow.js', () => {
  /** 4 x 4 images through a convolution with one weight and one offset. */
  async function saveDenoiser(name: string, [gain, offset]: readonly [number, number], filters = 1): Promise<string> {
    const conv = tf.layers.conv2d({ filters, kernelSize: 1, inputShape: [4, 4, 1] });
    const model = tf.sequential({ layers: [conv] });
    const filled = (value: number, shape: number[]): tf.Tensor => tf.fill(shape, value);
    conv.setWeights([filled(gain, [1, 1, 1, filters]), filled(offset, [filters])]);
    await saveModel(model, path(name));
    model.dispose();
    return path(name);
  }
  const rowsOf = async (args: readonly (string | number)[]): Promise<unknown> =>
    (JSON.parse((await inProcess(['predict', ...run(), '--json', ...args])).stdout) as { rows: unknown }).rows;

  it('puts it in front of the model, also in threads', async () => {
    const nothing = await saveDenoiser('nothing', [1, 0]);
    const dark = await saveDenoiser('dark', [0.5, 0]);
    const bare = await rowsOf([]);
    expect(await rowsOf(['--denoiser', nothing])).toEqual(bare);
    const darkened = (await rowsOf(['--denoiser', dark])) as { predicted: number }[];
    expect(darkened.every(({ predicted }) => predicted <= 0)).toBe(true);
    const threads = await inProcess(['predict', ...run(), '--json', '--denoiser', dark, '--workers', 2], {
      workerArguments: runTypeScript,
    });
    expect((JSON.parse(threads.stdout) as { rows: unknown }).rows).toEqual(darkened);
  });

  it('attacks through it', async () => {
    const dark = await saveDenoiser('dark2', [0.9, 0.05]);
    const attacked = await inProcess([
      'attack',
      ...run(),
      '--epsilon',
      0.5,
      '--steps',
      2,
      '--max',
      4,
      '--denoiser',
      dark,
    ]);
    expect(attacked.code).toBe(0);
  });

  it.each([
    [
      'an ONNX file',
      () => Promise.resolve(path('denoiser.onnx')),
      /^catrs: --denoiser must be a model of TensorFlow.js, as the model is, got .*denoiser.onnx \(convert one of the two; toOnnx of catrs\/onnx writes layers models as ONNX\)$/,
    ],
    [
      'one of other images',
      () => saveDenoiser('wide', [1, 0], 2),
      /wide: must return images of the shape that it takes, \[4, 4, 1\], got \[4, 4, 2\]$/,
    ],
  ])('refuses %s', async (_, denoiserPath, text) => {
    const { code, stderr } = await inProcess(['predict', ...run(), '--denoiser', await denoiserPath()]);
    expect(stderr.trim().split('\n').at(-1)).toMatch(text);
    expect(code).toBe(2);
  });

  it('refuses an output by name', async () => {
    const { stderr } = await inProcess(['predict', ...run(), '--output-name', 'y']);
    expect(stderr.trim().split('\n').at(-1)).toBe(
      `catrs: --output-name is for ONNX files, got y with ${path('model')} (leave it out)`,
    );
  });
});
