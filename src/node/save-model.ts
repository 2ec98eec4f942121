import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { crc32 } from '../data/file-bytes.ts';
import { CatrsError, OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, parseField } from '../options/parse.ts';
import { cannotOpen, pathOf, replaceFile } from './files.ts';
import { lockFor } from './file-lock.ts';
import { readModelFile } from './load-model.ts';

/** Options of {@link saveModel}. */
export interface SaveModelOptions {
  /**
   * Whether a model that is in the folder may be replaced.
   * @defaultValue false
   */
  readonly overwrite?: boolean | undefined;
}

const saveModelOptions = optionsOf<SaveModelOptions>()({ overwrite: fields.withDefault(fields.boolean, false) });

const modelField = fields.object<tf.LayersModel>('must be a tf.LayersModel', ['save', 'getWeights']);

const CALL = 'saveModel';
/** What saveModel calls its weight files: only these are deleted. */
const OWN = /^weights\.[0-9a-f]{8}\.bin$/;

/**
 * Saves a model into a folder, in the format of TensorFlow.js: `model.json` and one file of weights beside it.
 *
 * `tf.loadLayersModel` reads it in a browser, `loadModel` in Node. The optimizer is not saved: see `saveCheckpoint`. The weights go to
 * `weights.<CRC-32>.bin` first; the model is there when `model.json` is, which is written whole or not at all. So a process that is killed at any
 * moment leaves the model of before or the new one. A lock (`model.json.lock`) keeps a second process out.
 *
 * @param model - Stays the caller's.
 * @param folder - Path or file: URL; it is made if it is not there.
 * @returns the path of `model.json`
 * @throws OptionError if an option is wrong, a model is there and `overwrite` is not set, another process saves to the folder, or it cannot
 * be written
 * @throws DataError if `overwrite` would replace a `model.json` that is none
 * @example
 * ```ts
 * import { loadModel, saveModel } from 'catrs/node';
 *
 * await saveModel(model, 'runs/digits');
 * const same = await loadModel('runs/digits');
 * ```
 * @see TensorFlow.js, "Save and load models": tensorflow.org/js/guide/save_load
 */
export async function saveModel(
  model: tf.LayersModel,
  folder: string | URL,
  options: SaveModelOptions = {},
): Promise<string> {
  parseField(CALL, 'model', modelField, model);
  const { overwrite } = saveModelOptions.parse(CALL, options);
  const directory = pathOf(CALL, parseField(CALL, 'file', fields.file, folder));
  const path = join(directory, 'model.json');
  const { name, weights, json } = await modelFiles(model); // first of all: the weights are those of the call
  try {
    await mkdir(directory, { recursive: true });
    const unlock = await lockFor(CALL, path);
    try {
      const isThere = (await stat(path).catch(() => undefined)) !== undefined;
      if (isThere && !overwrite) throw occupied(path);
      const old = isThere ? await ownWeightFiles(path) : [];
      await replaceFile(join(directory, name), weights);
      await replaceFile(path, json);
      for (const one of old) if (one !== name) await rm(join(directory, one), { force: true });
    } finally {
      await unlock();
    }
  } catch (error) {
    throw error instanceof CatrsError ? error : cannotOpen(CALL, path, error);
  }
  return path;
}

interface ModelFiles {
  readonly name: string;
  readonly weights: Uint8Array;
  readonly json: string;
}

/** What belongs into the two files. */
async function modelFiles(model: tf.LayersModel): Promise<ModelFiles> {
  const made: ModelFiles[] = [];
  const handler = tf.io.withSaveHandler((artifacts) => {
    const { modelTopology, weightSpecs = [], weightData, format, generatedBy, convertedBy } = artifacts;
    const weights = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
    const name = `weights.${crc32(weights).toString(16).padStart(8, '0')}.bin`;
    const weightsManifest = [{ paths: [name], weights: weightSpecs }];
    const json = JSON.stringify({ format, generatedBy, convertedBy, modelTopology, weightsManifest });
    made.push({ name, weights, json: `${json}\n` });
    return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) });
  });
  await model.save(handler, { includeOptimizer: false });
  return made[0] as ModelFiles;
}

/** The weight files of an earlier saveModel. */
async function ownWeightFiles(path: string): Promise<readonly string[]> {
  const { weightsManifest } = await readModelFile(CALL, path);
  return weightsManifest.flatMap(({ paths }) => paths).filter((name) => OWN.test(name));
}

function occupied(path: string): OptionError {
  const way = 'set `overwrite: true`, or choose another folder';
  return refusal(OptionError, { call: CALL, field: 'folder', value: path, got: path, way }, 'must be without a model');
}
