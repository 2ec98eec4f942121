import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { imageStatistics, normalize } from '../../src/models/normalize.ts';
import { registerLayers } from '../../src/models/register-layers.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { sample } from '../wasm/compare.ts';

beforeAll(() => useBackend('wasm'));

/** What `model.save` gives to a host, through JSON as in a file. */
async function saved(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let kept: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      kept = artifacts;
      return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) });
    }),
  );
  const { weightData, ...rest } = kept!;
  return { ...(JSON.parse(JSON.stringify(rest)) as tf.io.ModelArtifacts), weightData: weightData! };
}

const load = (artifacts: tf.io.ModelArtifacts): Promise<tf.LayersModel> =>
  tf.loadLayersModel(tf.io.fromMemory(artifacts));

/** Must be the first test: registration cannot be undone. */
describe('a saved model with layers of catrs', () => {
  it('cannot be loaded before registerLayers, because importing registers nothing', async () => {
    const model = tf.sequential({ layers: [normalize({ mean: [0], std: [1], inputShape: [2, 1] })] });
    const artifacts = await saved(model);
    await expect(load(artifacts)).rejects.toThrow('Unknown layer: CatrsNormalize');
    model.dispose();
  });

  it('comes back with the same layers, weights, logits and running statistics', async () => {
    registerLayers();
    registerLayers(); // may be called again
    const model = cifarResnet({ key: createKey(4), depth: 8, inputShape: [8, 8, 3], ...imageStatistics.cifar100 });
    const x = tf.tensor(sample([4, 8, 8, 3], 9).values, [4, 8, 8, 3]);
    const run = async (one: tf.LayersModel, training: boolean): Promise<Float32Array> => {
      const logits = one.apply(x, { training }) as tf.Tensor;
      const values = (await logits.data()) as Float32Array;
      logits.dispose();
      return values;
    };
    await run(model, true); // running statistics that are not those of the start
    const again = await load(await saved(model));
    expect(again.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
    expect(again.weights.map(({ originalName }) => originalName)).toEqual(
      model.weights.map(({ originalName }) => originalName),
    );
    expect(again.trainableWeights.length).toBe(model.trainableWeights.length);
    expect(await run(again, false)).toEqual(await run(model, false));
    expect(await run(again, true)).toEqual(await run(model, true));
    expect(await run(again, false)).toEqual(await run(model, false));
    [model, again].forEach((one) => one.dispose());
    x.dispose();
  });

  it('keeps the options of its layers', async () => {
    const model = tf.sequential({
      layers: [normalize({ mean: [0.5, 0.25], std: [2, 4], name: 'units', inputShape: [2] })],
    });
    const again = await load(await saved(model));
    expect(again.layers[0]!.getConfig()).toMatchObject({ name: 'units', mean: [0.5, 0.25], std: [2, 4] });
    expect(again.inputs[0]!.shape).toEqual([null, 2]);
    [model, again].forEach((one) => one.dispose());
  });
});
