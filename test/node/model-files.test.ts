import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { imageStatistics } from '../../src/models/normalize.ts';
import { lenet } from '../../src/models/lenet.ts';
import { registerLayers } from '../../src/models/register-layers.ts';
import { loadModel } from '../../src/node/load-model.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { linearTopology } from '../helpers/linear-graph.ts';
import { useFolder } from './run.ts';

const { path } = useFolder();
beforeAll(async () => {
  await useBackend('wasm');
  registerLayers();
});

const key = createKey(4);

async function logits(model: tf.LayersModel | tf.GraphModel, shape: readonly number[]): Promise<number[]> {
  const values = tf.tidy(() => {
    const x = tf.linspace(0, 1, 2 * shape.reduce((a, b) => a * b, 1)).reshape([2, ...shape]);
    return model.predict(x) as tf.Tensor;
  });
  const numbers = [...(await values.data())];
  values.dispose();
  return numbers;
}

const models: readonly [string, number[], () => tf.LayersModel][] = [
  ['lenet', [28, 28, 1], () => lenet({ key })],
  ['cifarResnet(20)', [32, 32, 3], () => cifarResnet({ key, depth: 20, ...imageStatistics.cifar10 })],
];

describe('saveModel and loadModel', () => {
  it.each(models)('bring %s back with the same bits, and leave no tensor', async (name, shape, make) => {
    const before = tf.memory().numTensors;
    const model = make();
    const folder = path(name);
    expect(await saveModel(model, folder)).toBe(`${folder}/model.json`);
    const loaded = await loadModel(folder, { format: 'layers-model' });
    expect(await logits(loaded, shape)).toEqual(await logits(model, shape));
    expect(loaded.weights.map(({ originalName }) => originalName)).toEqual(
      model.weights.map(({ originalName }) => originalName),
    );
    model.dispose();
    loaded.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('write what TensorFlow.js itself reads', async () => {
    const model = lenet({ key });
    await saveModel(model, path('plain'));
    const json = JSON.parse(await readFile(path('plain/model.json'), 'utf8')) as tf.io.ModelJSON;
    const weights = await readFile(path(`plain/${json.weightsManifest[0]?.paths[0]}`));
    const artifacts = await tf.io.getModelArtifactsForJSON(json, async ([group]) => [
      group?.weights ?? [],
      Uint8Array.from(weights).buffer,
    ]);
    const loaded = await tf.loadLayersModel({ load: async () => artifacts });
    expect(await logits(loaded, [28, 28, 1])).toEqual(await logits(model, [28, 28, 1]));
    model.dispose();
    loaded.dispose();
  });

  it('replace a model where it is asked for, and delete its weight file', async () => {
    const names = async (): Promise<string[]> => (await readdir(path('replaced'))).sort();
    const [first, second] = [lenet({ key }), lenet({ key: createKey(5) })];
    const url = pathToFileURL(path('replaced'));
    await saveModel(first, url);
    await writeFile(path('replaced/other.bin'), 'stays');
    const [, , oldWeights] = await names();
    await saveModel(second, url, { overwrite: true });
    await saveModel(second, url, { overwrite: true });
    const files = await names();
    expect(files).toEqual(['model.json', 'other.bin', expect.stringMatching(/^weights\.[0-9a-f]{8}\.bin$/)]);
    expect(files).not.toContain(oldWeights);
    const loaded = await loadModel(pathToFileURL(path('replaced/model.json')));
    expect(await logits(loaded, [28, 28, 1])).toEqual(await logits(second, [28, 28, 1]));
    first.dispose();
    second.dispose();
    loaded.dispose();
  });

  it('read several shards and groups, and files of old converters', async () => {
    const model = lenet({ key });
    await saveModel(model, path('whole'));
    const json = JSON.parse(await readFile(path('whole/model.json'), 'utf8')) as tf.io.ModelJSON;
    const [group] = json.weightsManifest;
    const bytes = await readFile(path(`whole/${group?.paths[0]}`));
    const weights = group?.weights ?? [];
    const first = weights.slice(0, 2);
    const cut = first.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
    const parts = [bytes.subarray(0, cut), bytes.subarray(cut, 1_000_000), bytes.subarray(1_000_000)];
    const paths = ['group1-shard1of1', 'group2-shard1of2.bin', 'group2-shard2of2.bin'];
    for (const [i, name] of paths.entries()) await writeFile(path(`whole/${name}`), parts[i] as Buffer);
    const manifest = [
      { paths: paths.slice(0, 1), weights: first },
      { paths: paths.slice(1), weights: weights.slice(2) },
    ];
    const old = { modelTopology: json.modelTopology, weightsManifest: manifest };
    await writeFile(path('whole/old.json'), JSON.stringify(old));
    const loaded = await loadModel(path('whole/old.json'), { format: 'layers-model' });
    expect(await logits(loaded, [28, 28, 1])).toEqual(await logits(model, [28, 28, 1]));
    model.dispose();
    loaded.dispose();
  });

  it('read a graph, quantized too', async () => {
    await mkdir(path('graph'));
    const modelTopology = linearTopology(2);
    const quantization = { dtype: 'uint8', min: -1, scale: 0.5 };
    const weights = [{ name: 'w', shape: [2, 2], dtype: 'float32', quantization }];
    const json = { modelTopology, weightsManifest: [{ paths: ['w.bin'], weights }] };
    await writeFile(path('graph/model.json'), JSON.stringify(json));
    await writeFile(path('graph/w.bin'), Uint8Array.of(0, 1, 2, 4));
    const loaded = await loadModel(path('graph'), { format: 'graph-model' });
    const x = tf.tensor2d([[1, 2]]);
    const values = loaded.predict(x) as tf.Tensor;
    expect([...(await values.data())]).toEqual([-1 + 2 * 0, -0.5 + 2 * 1]);
    tf.dispose([x, values]);
    loaded.dispose();
  });
});
