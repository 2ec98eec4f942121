import { readFile, writeFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeTorchCheckpoint } from '../../src/data/torch-checkpoint.ts';
import { encodeNpy } from '../../src/data/npy.ts';
import { lenet } from '../../src/models/lenet.ts';
import { loadTorchWeights } from '../../src/models/load-torch-weights.ts';
import { torchWeights } from '../../src/models/torch-weights.ts';
import { loadModel } from '../../src/node/load-model.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { createKey } from '../../src/random/key.ts';
import { dict, tensor, torchArchive } from '../data/torch-encoder.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { useFolder } from '../node/run.ts';
import { catrs, type CliResult } from './run.ts';

const SIZE = 6;
const { path } = useFolder();

beforeAll(async () => {
  const images = Float32Array.from({ length: SIZE * 784 }, (_, i) => ((37 * i) % 251) / 256);
  await writeFile(path('x.npy'), encodeNpy({ dtype: 'float32', shape: [SIZE, 28, 28], data: images }));
  await writeFile(path('y.npy'), encodeNpy({ dtype: 'uint8', shape: [SIZE], data: Uint8Array.of(1, 0, 3, 9, 2, 3) }));
  for (const name of ['lenet.pt', 'lenet-legacy.pth']) {
    const packed = await readFile(new URL(`../fixtures/torch/${name}.gz`, import.meta.url));
    await writeFile(path(name), gunzipSync(packed));
  }
  const model = lenet({ key: createKey(1) });
  loadTorchWeights(model, decodeTorchCheckpoint(await readFile(path('lenet.pt'))));
  await saveModel(model, path('converted'));
  model.dispose();
  const bias = tensor({ length: 1, shape: [1], strides: [1] });
  const two = torchArchive(dict({ net: dict({ a: bias }), model: dict({ b: bias }) }), { '0': new Uint8Array(4) });
  await writeFile(path('two.pth'), two);
});

const data = (): string[] => ['--data', path('x.npy'), '--labels', path('y.npy')];
const certify = (model: string, out: string, ...more: string[]): Promise<CliResult> => {
  const settings = ['--sigma', 0.25, '--n0', 10, '--n', 50, '--max', 2];
  const files = ['--model', path(model), '--out', path(out)];
  return catrs(['certify', ...data(), ...settings, ...files, ...more], { workerArguments: runTypeScript });
};

/** The rows of a log without their times. */
async function rowsOf(log: string): Promise<string[]> {
  return (await readFile(path(log), 'utf8')).replace(/\d+:\d+:\d+\.\d+/g, '').split('\n');
}

describe('files of PyTorch in the command', () => {
  it('are certified as the network of --arch: the rows are those of the same weights in a model.json', async () => {
    const converted = await certify('converted', 'converted.tsv');
    expect(converted.code).toBe(0);
    for (const [model, more] of [
      ['lenet.pt', []],
      ['lenet-legacy.pth', ['--state-dict', 'net', '--workers', '2']],
    ] as const) {
      const { code, stderr } = await certify(model, `${model}.tsv`, '--arch', 'lenet', ...more);
      expect([code, stderr]).toEqual([0, expect.stringContaining('running on wasm')]);
      expect(await rowsOf(`${model}.tsv`)).toEqual(await rowsOf('converted.tsv'));
    }
  });

  it('are what training begins with: at a learning rate of nearly 0 the weights stay', async () => {
    const settings = ['--method', 'gaussian', '--epochs', 1, '--learning-rate', 1e-30, '--weight-decay', 0];
    const { code, stderr } = await catrs([
      ...['train', ...data(), '--init', path('lenet-legacy.pth'), '--arch', 'lenet', ...settings, '--out', path('run')],
    ]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('training lenet of --init by gaussian on 6 images')]);
    const [trained, converted] = await Promise.all(
      ['run', 'converted'].map((name) => loadModel(path(name), { format: 'layers-model' })),
    );
    const [now, before] = [await torchWeights(trained!), await torchWeights(converted!)];
    for (const [name, { data: values }] of now) {
      expect(values.findIndex((value, i) => value !== before.get(name)!.data[i])).toBe(-1);
    }
  });

  it.each<[string, () => Promise<CliResult>, string]>([
    [
      'weights without their network',
      () => certify('lenet.pt', 'out'),
      'lenet.pt: must come with --arch, got a file of PyTorch, which holds weights and no network (--arch lenet or resnet<depth>; other networks: torch.onnx.export and --model net.onnx)',
    ],
    ['another network', () => certify('lenet.pt', 'out', '--arch', 'resnet20'), 'lenet.pt: must hold the weights of resnet20, got no fc.weight (conv1.weight, conv1.bias, conv2.weight, ...)'],
    ['an unknown network', () => certify('lenet.pt', 'out', '--arch', 'vgg'), 'lenet.pt: must hold the weights of vgg, got no fc.weight'],
    ['a state dict that is not there', () => certify('lenet-legacy.pth', 'out', '--arch', 'lenet', '--state-dict', 'ema'), 'lenet-legacy.pth: --state-dict must be a state dict of the checkpoint, got "ema" (there are "net")'],
    ['two state dicts', () => certify('two.pth', 'out', '--arch', 'lenet'), 'two.pth: --state-dict must say which state dict of the checkpoint is meant, got none (there are "net", "model")'],
    ['--arch for a model', () => certify('converted', 'out', '--arch', 'lenet'), '--arch is for --model with a .pt or .pth file, got'],
    ['--state-dict for a model', () => certify('converted', 'out', '--state-dict', 'net'), '--state-dict is for --model with a .pt or .pth file, got'],
    ['--arch without a model', () => catrs(['verify', path('converted.tsv'), '--arch', 'lenet']), '--arch is for the model of the run, got no --model (add it, and --data)'],
    ['weights to train without their network', () => catrs(['train', ...data(), '--init', path('lenet.pt'), '--method', 'gaussian', '--epochs', 1, '--out', path('no')]), 'lenet.pt: must come with --arch, got a file of PyTorch'],
    ['--state-dict for a model to train', () => catrs(['train', ...data(), '--init', path('converted'), '--state-dict', 'net', '--method', 'gaussian', '--epochs', 1, '--out', path('no')]), '--state-dict is for --init with a .pt or .pth file, got'],
  ])('refuses %s', async (_name, run, text) => {
    const { code, stdout, stderr } = await run();
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(text);
  }); // prettier-ignore
});
