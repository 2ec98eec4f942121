import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataError, OptionError } from '../../src/errors.ts';
import { lenet } from '../../src/models/lenet.ts';
import { normalize } from '../../src/models/normalize.ts';
import { loadModel } from '../../src/node/load-model.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { useFolder } from './run.ts';

const { path } = useFolder();
let model: tf.LayersModel;
let json: tf.io.ModelJSON;
let weights: Buffer;
beforeAll(async () => {
  await useBackend('cpu');
  model = lenet({ key: createKey(1), inputShape: [16, 16, 1] });
  json = JSON.parse(await readFile(await saveModel(model, path('good')), 'utf8')) as tf.io.ModelJSON;
  weights = await readFile(path(`good/${json.weightsManifest[0]?.paths[0]}`));
});

/** A folder with this model.json and these files. */
async function folder(
  name: string,
  content: unknown,
  files: Readonly<Record<string, Uint8Array>> = {},
): Promise<string> {
  await mkdir(path(name));
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  await writeFile(path(`${name}/model.json`), text);
  for (const [file, bytes] of Object.entries(files)) await writeFile(path(`${name}/${file}`), bytes);
  return path(name);
}

const withPaths = (...paths: string[]): object => ({
  ...json,
  weightsManifest: [{ paths, weights: json.weightsManifest[0]?.weights }],
});

describe('saveModel refuses', () => {
  it('what is no model, unknown options and no folder, before it writes', async () => {
    const must = 'saveModel: ';
    const save = (one: unknown, options: object, file: unknown = path('none')): Promise<string> =>
      saveModel(one as tf.LayersModel, file as string, options);
    await expectError(
      () => save({}, {}),
      OptionError,
      `${must}\`model\` must be a tf.LayersModel, got an object (Object)`,
    );
    const unknown = 'unknown option `force`; known options: `overwrite`';
    await expectError(() => save(model, { force: true }), OptionError, must + unknown);
    const file = '`file` must be the path of a file, or a file: URL, got ""';
    await expectError(() => save(model, {}, ''), OptionError, must + file);
    expect(await readdir(path(''))).not.toContain('none');
  });

  it('a folder with a model, which stays as it was', async () => {
    const before = await readFile(path('good/model.json'));
    await expectError(
      () => saveModel(model, path('good')),
      OptionError,
      `saveModel: \`folder\` must be without a model, got ${path('good/model.json')} (set \`overwrite: true\`, or choose another folder)`,
    );
    expect(await readFile(path('good/model.json'))).toEqual(before);
    expect(await readdir(path('good'))).toHaveLength(2);
  });

  it('to replace what is no model of TensorFlow.js', async () => {
    const strange = await folder('strange', '{"mine": 1}');
    await expect(saveModel(model, strange, { overwrite: true })).rejects.toThrow(DataError);
    expect(await readFile(join(strange, 'model.json'), 'utf8')).toBe('{"mine": 1}');
  });
});

describe('loadModel refuses', () => {
  const must = 'loadModel: `file` must ';
  const wayOut = '(saveModel, model.save and tensorflowjs_converter write one)';

  it('an option', async () => {
    const load = (options: object): Promise<unknown> => loadModel(path('good'), options);
    const format = "loadModel: `format` must be 'layers-model' or 'graph-model', got \"keras\"";
    await expectError(() => load({ format: 'keras' }), OptionError, format);
    await expectError(
      () => load({ format: 'graph-model' }),
      DataError,
      `${must}be a graph-model, got a layers-model in ${path('good/model.json')} (leave \`format\` out)`,
    );
  });

  it('a path without a file', () =>
    expectError(
      () => loadModel(path('nowhere')),
      OptionError,
      `${must}be a model.json, or the folder that holds one, got no file at ${path('nowhere')} (check the path)`,
    ));

  it('a folder without model.json', async () => {
    await mkdir(path('empty'));
    const text = `${must}be a model.json, or the folder that holds one, got no file at ${path('empty/model.json')} (check the path)`;
    await expectError(() => loadModel(path('empty')), OptionError, text);
  });

  it.each<[string, unknown, string]>([
    ['not-json', '{"format": ', ', which is not JSON'],
    ['other-json', [1, 2], ' without `modelTopology` and `weightsManifest`'],
    ['no-weights', { modelTopology: {} }, ' without `modelTopology` and `weightsManifest`'],
    [
      'odd-paths',
      { modelTopology: {}, weightsManifest: [{ paths: [1], weights: [] }] },
      ' without `modelTopology` and `weightsManifest`',
    ],
  ])('what is no model.json: %s', async (name, content, got) => {
    const at = join(await folder(name, content), 'model.json');
    await expectError(
      () => loadModel(at),
      DataError,
      `${must}be a model.json of TensorFlow.js, got ${at}${got} ${wayOut}`,
    );
  });

  it('a missing weight file', async () => {
    const at = await folder('missing', withPaths('group1-shard1of1.bin'));
    const text = `${must}have its weight files beside it, got no file at ${join(at, 'group1-shard1of1.bin')} (copy it there too)`;
    await expectError(() => loadModel(at), DataError, text);
  });

  it('a weight file elsewhere', async () => {
    const at = await folder('outside', withPaths('../good/weights.bin'));
    const text = `${must}name weight files in its folder, got "../good/weights.bin" (put them beside model.json)`;
    await expectError(() => loadModel(at), DataError, text);
  });

  it('a truncated weight file', async () => {
    const at = await folder('truncated', withPaths('w.bin'), { 'w.bin': weights });
    await truncate(join(at, 'w.bin'), 1000);
    const text = `${must}have whole weight files, got 1000 bytes in ${join(at, 'w.bin')} where ${weights.length} were expected (copy it again)`;
    await expectError(() => loadModel(at), DataError, text);
  });

  it.each<[string, number[], number]>([
    ['the last of three', [100_000, 100_000, 7], 2],
    ['one in the middle', [100_000, 99_999, -100_000 * 2], 1],
  ])('a truncated shard: %s', async (name, cuts, wrong) => {
    const [first = 0, second = 0, third = 0] = cuts;
    const rest = third > 0 ? third : weights.length + third;
    const files = {
      '1.bin': weights.subarray(0, first),
      '2.bin': weights.subarray(0, second),
      '3.bin': weights.subarray(0, rest),
    };
    const shards = Object.keys(files);
    const at = await folder(name, withPaths(...shards), files);
    const text = await loadModel(at).catch((error: unknown) => (error as Error).message);
    expect(text).toContain(`bytes in ${join(at, shards[wrong] as string)} where`);
  });

  it.each([
    ['model.h5', '', '--input_format=keras'],
    ['model.HDF5', '', '--input_format=keras'],
    ['model.keras', '', '--input_format=keras_keras'],
    ['hdf5', '\x89HDF\r\n', '--input_format=keras'],
    ['zip', 'PK\x03\x04', '--input_format=keras_keras'],
  ])('a file of Keras, and says how to convert it: %s', async (name, start, options) => {
    await writeFile(path(name), Buffer.from(start, 'latin1'));
    await expectError(
      () => loadModel(path(name)),
      DataError,
      `${must}be a model.json of TensorFlow.js, got a model of Keras at ${path(name)} (tensorflowjs_converter ${options} ${path(name)} FOLDER writes one)`,
    );
  });

  it('a SavedModel, and says how to convert it', async () => {
    await mkdir(path('saved'));
    await writeFile(path('saved/saved_model.pb'), '');
    await expectError(
      () => loadModel(path('saved')),
      DataError,
      `${must}be a model.json of TensorFlow.js, got a model of TensorFlow at ${path('saved')} (tensorflowjs_converter` +
        ` --input_format=tf_saved_model --output_format=tfjs_graph_model ${path('saved')} FOLDER writes one)`,
    );
  });

  it('a layer that is not registered, and says how to register it', async () => {
    const own = tf.sequential({ layers: [normalize({ mean: [0.5], std: [0.5], inputShape: [2, 2, 1] })] });
    const at = join(path('own'), 'model.json');
    await saveModel(own, path('own'));
    const text =
      `${must}have layers that are registered, got "CatrsNormalize" in ${at} (for layers of catrs call registerLayers() of` +
      ' catrs/models first, for your own tf.serialization.registerClass; for layers of Keras that TensorFlow.js lacks, export a SavedModel' +
      ' and convert it: tensorflowjs_converter --input_format=tf_saved_model --output_format=tfjs_graph_model)';
    await expectError(() => loadModel(at), DataError, text);
    own.dispose();
  });

  it('a model that cannot be made', async () => {
    const at = await folder('unmade', { modelTopology: { model_config: 3 }, weightsManifest: [] });
    const error: unknown = await loadModel(at).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toContain(
      `${must}be a model that TensorFlow.js can make, got ${at}/model.json with "`,
    );
  });
});
