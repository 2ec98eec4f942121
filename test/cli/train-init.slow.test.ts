import { readdir, readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerLayers } from '../../src/models/register-layers.ts';
import { loadModel } from '../../src/node/load-model.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { catrs, type CliResult, useTiny } from './run.ts';

const { path, data } = useTiny();

const flatten = (): tf.layers.Layer => tf.layers.flatten({ inputShape: [4, 4, 1] });

/** A functional model whose softmax is a layer of its own, with a reshape behind it. */
function functional(): tf.LayersModel {
  const x = tf.input({ shape: [4, 4, 1] });
  const z = tf.layers.dense({ units: 2 }).apply(tf.layers.flatten().apply(x) as tf.SymbolicTensor);
  const p = tf.layers.activation({ activation: 'softmax' }).apply(z as tf.SymbolicTensor) as tf.SymbolicTensor;
  return tf.model({ inputs: x, outputs: tf.layers.reshape({ targetShape: [2] }).apply(p) as tf.SymbolicTensor });
}

const models: Readonly<Record<string, () => tf.LayersModel>> = {
  activation: () => tf.sequential({ layers: [flatten(), tf.layers.dense({ units: 2, activation: 'softmax' })] }),
  layer: () => tf.sequential({ layers: [flatten(), tf.layers.dense({ units: 2 }), tf.layers.softmax()] }),
  inner: () =>
    tf.sequential({
      layers: [
        flatten(),
        tf.sequential({ layers: [tf.layers.dense({ inputShape: [16], units: 2, activation: 'softmax' })] }),
      ],
    }),
  functional,
  sigmoid: () => tf.sequential({ layers: [flatten(), tf.layers.dense({ units: 1, activation: 'sigmoid' })] }),
  logit: () => tf.sequential({ layers: [flatten(), tf.layers.dense({ units: 1 })] }),
  'flat-first': () => tf.sequential({ layers: [tf.layers.dense({ inputShape: [16], units: 2 })] }),
};

beforeAll(async () => {
  registerLayers();
  for (const [name, make] of Object.entries(models)) {
    const model = make();
    // Those of the initialisers are other ones in each run.
    tf.tidy(() => model.setWeights(model.getWeights().map((weight) => tf.zerosLike(weight))));
    await saveModel(model, path(name));
    model.dispose();
  }
});

const train = (init: string, out: string, ...more: (string | number)[]): Promise<CliResult> =>
  catrs(
    [
      ...['train', ...data(), '--init', path(init), '--backend', 'cpu', '--method', 'gaussian', '--sigma', 0.25],
      ...['--epochs', 1, '--batch-size', 8, '--learning-rate', 0.1, '--out', path(out), ...more],
    ],
    { workerArguments: runTypeScript },
  );

async function accuracyOf(model: string, ...more: string[]): Promise<number> {
  const { code, stdout, stderr } = await catrs([
    ...[
      'predict',
      ...data(),
      '--model',
      path(model),
      '--backend',
      'cpu',
      '--sigma',
      0.25,
      '--n',
      50,
      '--json',
      ...more,
    ],
  ]);
  expect(code, stderr).toBe(0);
  return (JSON.parse(stdout) as { readonly accuracy: number }).accuracy;
}

/** What a saved model returns for one image of numbers. */
async function outputs(name: string): Promise<number[]> {
  const model = await loadModel(path(name), { format: 'layers-model' });
  const values = tf.tidy(() => model.apply(tf.fill([1, 4, 4, 1], 0.9)) as tf.Tensor);
  const found = Array.from(await values.data());
  tf.dispose(values);
  model.dispose();
  return found;
}

describe('train --init', () => {
  it.each(['activation', 'layer', 'inner', 'functional', 'sigmoid'])(
    'takes the activation at the end off: %s',
    async (name) => {
      const removed = name === 'sigmoid' ? 'sigmoid' : 'softmax';
      const { code, stderr } = await train(name, `out-${name}`, '--epochs', 8);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain(
        `catrs: ${path(name)} ends in ${removed}, which is taken off: the trained model returns logits`,
      );
      expect(stderr).toContain(`training of --init, its ${removed} taken off by gaussian`);
      const found = await outputs(`out-${name}`);
      expect(found.reduce((sum, value) => sum + value, 0)).not.toBeCloseTo(1, 3);
      expect(await accuracyOf(`out-${name}`)).toBeGreaterThan(0.8);
    },
  );

  it('goes on with such a run, and shares it between threads', async () => {
    const whole = await train('activation', 'whole', '--epochs', 2, '--json');
    expect((await train('activation', 'half', '--epochs', 1)).code).toBe(0);
    const rest = await train('activation', 'half', '--epochs', 2, '--resume', '--json');
    expect(rest.code, rest.stderr).toBe(0);
    expect(await outputs('half')).toEqual(await outputs('whole'));
    const { loss } = JSON.parse(whole.stdout) as { readonly loss: number };
    const two = await train('activation', 'two', '--epochs', 2, '--workers', 2, '--json');
    expect(two.code, two.stderr).toBe(0);
    expect((JSON.parse(two.stdout) as { readonly loss: number }).loss).toBeCloseTo(loss, 4);
    const other = await train('activation', 'half', '--epochs', 3, '--resume', '--output', 'probabilities');
    expect(other.stderr).toContain('must be of the same run to go on with, got another architecture');
    expect(other.code).toBe(2);
  });

  it.each(['activation', 'sigmoid'])('keeps it with --output probabilities: %s', async (name) => {
    const { code, stderr } = await train(name, `kept-${name}`, '--output', 'probabilities', '--epochs', 8);
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain('taken off');
    const found = await outputs(`kept-${name}`);
    expect(found.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(await accuracyOf(`kept-${name}`, '--output', 'probabilities')).toBeGreaterThan(0.8);
  });

  it('trains one logit, and behind other shapes and normalised inputs', async () => {
    const { code, stderr } = await train('logit', 'out-logit', '--epochs', 8);
    expect(code, stderr).toBe(0);
    expect(await accuracyOf('out-logit')).toBeGreaterThan(0.8);
    const normalised = ['--mean', '0.5', '--std', '0.25'];
    for (const [out, more] of [
      ['out-flat', []],
      ['out-flat-2', ['--workers', '2']],
    ] as const) {
      const flat = await train('flat-first', out, '--epochs', 4, ...normalised, ...more);
      expect(flat.code, flat.stderr).toBe(0);
      expect(flat.stderr).toContain('images [4, 4, 1] are given to the model as [16]');
      expect(flat.stderr).toContain('training of --init, of (x - [0.5]) / [0.25] by gaussian');
      expect(await accuracyOf(out, ...normalised)).toBeGreaterThan(0.8);
    }
  });

  it('refuses --output without --init, and writes nothing', async () => {
    const { code, stderr } = await catrs([
      ...['train', ...data(), '--arch', 'lenet', '--output', 'probabilities', '--method', 'gaussian', '--epochs', 1],
      ...['--backend', 'cpu', '--out', path('none')],
    ]);
    expect(stderr).toContain('--output must be left out without --init: the models of --arch return logits');
    expect(code).toBe(2);
    expect(await readdir(path(''))).not.toContain('none');
  });

  it('leaves the file of the model as it was', async () => {
    const before = await readFile(path('activation/model.json'), 'utf8');
    await train('activation', 'again');
    expect(await readFile(path('activation/model.json'), 'utf8')).toBe(before);
  });
});
