import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DiffusionFn, diffusionDenoiser } from '../../src/classifier/diffusion-denoiser.ts';
import { denoised } from '../../src/classifier/input-adapters.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { encodeNpy } from '../../src/data/npy.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { guestsFolder, requireGuest } from '../helpers/guests.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { linearOnnx, tinyOnnx, type TinyModel } from '../onnx/tiny-onnx.ts';
import { catrs as inProcess, type CliResult, useTiny } from './run.ts';
import { SIZE, tinyImages, tinyModel } from './tiny.ts';

const { path, run } = useTiny();
const SIGMA = 0.5;
const diffusion = ['--diffusion', 'cosine', '--diffusion-steps', 400, '--rescale-time', 1000];
const options = { schedule: 'cosine', steps: 400, rescaleTime: 1000, sigma: SIGMA } as const;

/** The certificates of a log. */
const certificatesOf = async (name: string): Promise<unknown[]> =>
  parseCertificationLog(await readFile(path(name), 'utf8')).map(({ certificate }) => certificate);

/** What a program certifies of the same images. */
async function certified(
  f: LogitsFn,
  dataset: Parameters<typeof certifyDataset>[1],
  numClasses: number,
): Promise<unknown> {
  const g = new SmoothedClassifier(f, { noise: new GaussianNoise({ sigma: SIGMA }), numClasses });
  const rows: unknown[] = [];
  for await (const { certificate } of certifyDataset(g, dataset, { key: createKey(0), n: 200, n0: 20 }))
    rows.push(certificate);
  return JSON.parse(JSON.stringify(rows));
}

describe('--diffusion with models of TensorFlow.js', () => {
  const images = tinyImages();
  const dataset = arrayDataset({ ...images, shape: [4, 4, 1] });
  const model = tinyModel();
  const classify: LogitsFn = (x) => model.predict(x) as tf.Tensor2D;
  /** A network that depends on its time: half of the image, more of it the later. */
  const network: DiffusionFn = (x, { time }) => tf.add(tf.mul(x, 0.5), tf.mul(0.001, time));

  beforeAll(async () => {
    const image = tf.input({ shape: [4, 4, 1], name: 'image' });
    const time = tf.input({ shape: [1], name: 'time' });
    const conv = tf.layers.conv2d({ filters: 1, kernelSize: 1, useBias: false });
    const spread = tf.layers.dense({ units: 16, useBias: false });
    const shaped = tf.layers.reshape({ targetShape: [4, 4, 1] }).apply(spread.apply(time));
    const sum = tf.layers.add().apply([conv.apply(image), shaped] as tf.SymbolicTensor[]) as tf.SymbolicTensor;
    const timed = tf.model({ inputs: [image, time], outputs: sum });
    conv.setWeights([tf.fill([1, 1, 1, 1], 0.5)]);
    spread.setWeights([tf.fill([1, 16], 0.001)]);
    await saveModel(timed, path('timed'));
    timed.dispose();
    const untimed = tf.sequential({ layers: [tf.layers.conv2d({ filters: 2, kernelSize: 1, useBias: false, inputShape: [4, 4, 1] })] }); // prettier-ignore
    untimed.setWeights([tf.tensor([0.5, 9], [1, 1, 1, 2])]);
    await saveModel(untimed, path('untimed'));
    untimed.dispose();
  });

  const certify = (name: string, more: readonly (string | number)[]): Promise<CliResult> =>
    inProcess(['certify', ...run(), '--n0', 20, '--out', path(name), ...more]);
  const timed = (): (string | number)[] => ['--denoiser', path('timed'), ...diffusion, '--time-input', 'time'];

  it('runs a network of an image and its time in one step, and verifies the log', async () => {
    const { code, stderr } = await certify('timed.tsv', timed());
    expect(code, stderr).toBe(0);
    const f = denoised(classify, diffusionDenoiser(network, options));
    expect(await certificatesOf('timed.tsv')).toEqual(await certified(f, dataset, 2));
    const verify = ['verify', path('timed.tsv'), ...run().slice(0, 8)];
    const held = await inProcess([...verify, ...timed(), '--rows', 4]);
    expect(held.stdout, held.stderr).toContain(`all of ${SIZE} certificates follow from their votes, 4 drawn again`);
    expect((await inProcess([...verify, '--rows', 'all'])).code).toBe(1); // without the denoiser the votes are others
  });

  it('runs one that knows a single step and learns variances, in threads too', async () => {
    const wide = ['--denoiser', path('untimed'), ...diffusion, '--predicts', 'x0'];
    const one = await certify('wide.tsv', wide);
    expect(one.code, one.stderr).toBe(0);
    const f = denoised(
      classify,
      diffusionDenoiser((x) => tf.mul(x, 0.5), { ...options, predicts: 'x0' }),
    );
    expect(await certificatesOf('wide.tsv')).toEqual(await certified(f, dataset, 2));
    const two = await inProcess(
      ['certify', ...run(), '--n0', 20, '--out', path('wide2.tsv'), ...wide, '--workers', 2],
      {
        workerArguments: runTypeScript,
      },
    );
    expect(two.code, two.stderr).toBe(0);
    expect(await certificatesOf('wide2.tsv')).toEqual(await certificatesOf('wide.tsv'));
  });

  it.each<readonly [readonly (string | number)[], string | RegExp]>([
    [['--predicts', 'x0'], '--predicts must be given with --diffusion, the schedule of the network, got it without'],
    [['--diffusion', 'linear'], '--denoiser must be given with --diffusion: the network, got none'],
    [
      ['--denoiser', 'a', '--diffusion', 'linear', '--input-range', '0,255'],
      '--input-range must be 0,1 with --diffusion, whose step is that of such images, got 0,255',
    ],
    [
      ['--denoiser', 'timed', '--diffusion', 'linear', '--time-input', 't'],
      /--time-input must name one of two inputs of .*timed, which has image, time, got t$/,
    ],
    [
      ['--denoiser', 'untimed', '--diffusion', 'linear', '--diffusion-steps', 2],
      /^catrs: --sigma must be one that the schedule reaches, got 0.5 \(its last step has sigma /,
    ],
  ])('refuses %j', async (args, text) => {
    const found = await certify(
      'none.tsv',
      args.map((arg) => (arg === 'timed' || arg === 'untimed' ? path(arg) : arg)),
    );
    const last = found.stderr.trim().split('\n').at(-1);
    if (typeof text === 'string') expect(last).toBe(`catrs: ${text}`);
    else expect(last).toMatch(text);
    expect(found.code).toBe(2);
  });

  it('refuses noise that is not Gaussian', async () => {
    const { stderr } = await inProcess([
      ...['certify', ...run().slice(0, 8), '--noise', 'uniform', '--half-width', 0.5, '--n', 100],
      ...['--out', path('none.tsv'), ...timed()],
    ]);
    expect(stderr.trim().split('\n').at(-1)).toBe(
      'catrs: --noise must be gaussian or sound-gaussian with --diffusion, whose steps have Gaussian noise',
    );
  });
});

const guest = requireGuest('onnxruntime-node');
describe('--diffusion with ONNX files', () => {
  if (!('found' in guest)) {
    it('runs a network', ({ skip }) => skip(guest.reason));
    return;
  }
  const COUNT = 6;
  const values = Float32Array.from({ length: COUNT * 36 }, (_, i) => 0.5 + 0.5 * Math.sin(3.7 * i * i));
  const weights = Array.from({ length: 108 }, (_, i) => Math.round(32 * Math.sin(3.1 * i + 1)) / 32);
  /** Channels first, time as int64, and twice as many channels. */
  const unet: TinyModel = {
    inputs: [
      { name: 'x', shape: ['N', 3, 4, 3] },
      { name: 'timesteps', shape: ['N'], type: 'int64' },
    ],
    outputs: [{ name: 'noise', shape: ['N', 6, 4, 3] }],
    nodes: [
      { op: 'Cast', inputs: ['timesteps'], output: 'floats', integers: { to: 1 } },
      { op: 'Reshape', inputs: ['floats', 'column'], output: 'times' },
      { op: 'Mul', inputs: ['times', 'thousandth'], output: 'offset' },
      { op: 'Mul', inputs: ['x', 'gain'], output: 'scaled' },
      { op: 'Add', inputs: ['scaled', 'offset'], output: 'mean' },
      { op: 'Concat', inputs: ['mean', 'x'], output: 'noise', integers: { axis: 1 } },
    ],
    constants: [
      { name: 'column', shape: [4], values: BigInt64Array.of(-1n, 1n, 1n, 1n) },
      { name: 'thousandth', shape: [1, 1, 1, 1], values: Float32Array.of(2 ** -10) },
      { name: 'gain', shape: [1, 1, 1, 1], values: Float32Array.of(0.5) },
    ],
  };
  const twin: LogitsFn = (x) =>
    tf.tidy(() => tf.matMul(tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [-1, 36]) as tf.Tensor2D, tf.tensor2d(weights, [36, 3]))); // prettier-ignore

  it('runs one in one step, its channels first, and verifies the log', async () => {
    const labels = Uint8Array.from({ length: COUNT }, (_, i) => i % 3);
    await writeFile(path('colours.npy'), encodeNpy({ dtype: 'float32', shape: [COUNT, 4, 3, 3], data: values }));
    await writeFile(path('colours-y.npy'), encodeNpy({ dtype: 'uint8', shape: [COUNT], data: labels }));
    await writeFile(path('f.onnx'), tinyOnnx(linearOnnx({ shape: ['N', 3, 4, 3] }, { weights, classes: 3 })));
    await writeFile(path('unet.onnx'), tinyOnnx(unet));
    const both = ['--data', path('colours.npy'), '--labels', path('colours-y.npy'), '--model', path('f.onnx'), '--denoiser', path('unet.onnx')]; // prettier-ignore
    const how = [...diffusion.slice(0, 4), '--time-input', 'timesteps'];
    const out = path('onnx.tsv');
    const found = await catrs(['certify', ...both, ...how, '--sigma', SIGMA, '--n', 200, '--n0', 20, '--out', out]);
    expect(found.code, found.stderr).toBe(0);
    const network: DiffusionFn = (x, { time }) => tf.add(tf.mul(x, 0.5), 2 ** -10 * time);
    const f = denoised(twin, diffusionDenoiser(network, { schedule: 'cosine', steps: 400, sigma: SIGMA }));
    const dataset = arrayDataset({ values, shape: [4, 3, 3], labels });
    const counts = (all: unknown): unknown => (all as { counts: unknown }[]).map(({ counts: votes }) => votes);
    expect(counts(await certificatesOf('onnx.tsv'))).toEqual(counts(await certified(f, dataset, 3)));
    const held = await catrs(['verify', out, ...both, ...how, '--rows', 'all']);
    expect(held.stdout, held.stderr).toContain(
      `all of ${COUNT} certificates follow from their votes, ${COUNT} drawn again`,
    );
  });
});

/** Runs the command in a folder that has onnxruntime-node. */
function catrs(args: readonly (string | number)[]): Promise<CliResult> {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...runTypeScript, main, ...args.map(String)],
      { cwd: guestsFolder },
      (error, stdout, stderr) =>
        // prettier-ignore
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}
