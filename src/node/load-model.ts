import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { DataError, OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, parseField } from '../options/parse.ts';
import { cannotOpen, pathOf } from './files.ts';
import { type KerasRefusals, loadKerasModel } from './load-keras-model.ts';

/** Options of {@link loadModel}. */
export interface LoadModelOptions {
  /**
   * What the file must be: a `'layers-model'` can be trained, a `'graph-model'` cannot. It also settles the type of the result.
   * @defaultValue either
   */
  readonly format?: 'layers-model' | 'graph-model' | undefined;
}

const loadModelOptions = optionsOf<LoadModelOptions>()({
  format: fields.optional(fields.oneOf('layers-model', 'graph-model')),
});

/** What {@link loadModel} gives for its options. */
export type LoadedModel<Options extends LoadModelOptions> = Options['format'] extends 'layers-model'
  ? tf.LayersModel
  : Options['format'] extends 'graph-model'
    ? tf.GraphModel
    : tf.LayersModel | tf.GraphModel;

const CALL = 'loadModel';

/**
 * Loads a model of TensorFlow.js from files, without tfjs-node: `model.json` and the weight files that it names, in any number of shards.
 *
 * It reads what `saveModel` and `model.save` write, and what `tensorflowjs_converter` makes of Keras files and TensorFlow graphs, also with
 * quantized weights. Lengths are checked before a model is made.
 *
 * Files of Keras 3, which TensorFlow.js cannot read, are translated: `batch_shape`, types and initializers as objects, calls by `args` and
 * `kwargs`, settings with new names (`negative_slope`), layers that are known by another name (`SpatialDropout2D`) or do nothing in inference
 * (`RandomFlip`). Weights are given to variables by name and shape, with the names of models in front (`sequential/dense/kernel`) and by
 * numbers of layers (`layers/dense/vars/0`); what fits two variables is an error. So is a setting of Keras that TensorFlow.js would pass
 * over, since it computed another function: dilated depthwise convolutions, groups, bilinear upsampling, `hard_sigmoid` of Keras 3.
 *
 * For a model with layers of catrs call `registerLayers()` of
 * `catrs/models` before, since only you know which layers a file needs.
 *
 * @param file - Path or file: URL of `model.json`, or of the folder that holds it.
 * @returns the model; the caller disposes it
 * @throws OptionError if an option is wrong or the file cannot be read
 * @throws DataError if the file is no model or one of another format, a weight file is missing or truncated, a layer is unknown,
 * or TensorFlow.js would compute something else than Keras
 * @example
 * ```ts
 * import { loadModel, saveModel } from 'catrs/node';
 *
 * await saveModel(model, 'runs/digits');
 * const digits = await loadModel('runs/digits', { format: 'layers-model' });
 * ```
 */
export async function loadModel<Options extends LoadModelOptions>(
  file: string | URL,
  options?: Options,
): Promise<LoadedModel<Options>> {
  const { format } = loadModelOptions.parse(CALL, options ?? {});
  const given = pathOf(CALL, parseField(CALL, 'file', fields.file, file));
  const isFolder = (await stat(given).catch(() => undefined))?.isDirectory() ?? false;
  const path = isFolder ? join(given, 'model.json') : given;

  const json = await readModelFile(CALL, path);
  const found = formatOf(json);
  if (format !== undefined && found !== format) {
    const way = format === 'layers-model' ? 'save the model from tf.layers or Keras' : 'leave `format` out';
    const details = { call: CALL, field: 'file', value: found, got: `a ${found} in ${path}`, way };
    throw refusal(DataError, details, `must be a ${format}`);
  }
  const weights = await readWeightFiles(json.weightsManifest, { call: CALL, folder: dirname(path) });
  const artifacts = await tf.io.getModelArtifactsForJSON(json, () => Promise.resolve(weights));
  try {
    const model =
      found === 'graph-model'
        ? await tf.loadGraphModel({ load: () => Promise.resolve(artifacts) })
        : await loadKerasModel(artifacts, refusalsOf(path));
    return model as LoadedModel<Options>;
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw cannotBuild(path, (error as Error).message);
  }
}

/** Old converters did not write the format: graphs have a list of nodes. */
function formatOf({ format, modelTopology }: tf.io.ModelJSON): 'layers-model' | 'graph-model' {
  return format === 'graph-model' || 'node' in modelTopology ? 'graph-model' : 'layers-model';
}

const GRAPH_MODEL_COMMAND = '--input_format=tf_saved_model --output_format=tfjs_graph_model';
const GRAPH_MODEL = `export a SavedModel and convert it: tensorflowjs_converter ${GRAPH_MODEL_COMMAND}`;

function refusalsOf(path: string): KerasRefusals {
  const refuse = (must: string, way: string) => (found: string) => {
    throw refusal(DataError, { call: CALL, field: 'file', value: found, got: `${found} in ${path}`, way }, must);
  };
  return {
    layer: refuse('must be a model of Keras that TensorFlow.js computes as Keras does', GRAPH_MODEL),
    weight: refuse(
      'must have weights whose names say which variable they are',
      `save it with tf_keras (TF_USE_LEGACY_KERAS=1) and convert that, or ${GRAPH_MODEL}`,
    ),
  };
}

function cannotBuild(path: string, reason: string): DataError {
  const [, layer] = /^Unknown layer: (\w+)/.exec(reason) ?? [];
  const details = { call: CALL, field: 'file', value: reason };
  if (layer === undefined) {
    const got = `${path} with "${reason}"`;
    return refusal(
      DataError,
      { ...details, got, way: 'export it again' },
      'must be a model that TensorFlow.js can make',
    );
  }
  const got = `${JSON.stringify(layer)} in ${path}`;
  const way =
    'for layers of catrs call registerLayers() of catrs/models first, for your own tf.serialization.registerClass; for layers of Keras ' +
    `that TensorFlow.js lacks, ${GRAPH_MODEL}`;
  return refusal(DataError, { ...details, got, way }, 'must have layers that are registered');
}

/**
 * Reads a `model.json` of TensorFlow.js.
 *
 * @throws OptionError if it cannot be read, DataError if it is something else
 * @internal
 */
export async function readModelFile(call: string, path: string): Promise<tf.io.ModelJSON> {
  refuseKerasFile(call, path);
  const text = await readFile(path, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw cannotOpen(call, path, error);
    const saved = join(dirname(path), 'saved_model.pb');
    if ((await stat(saved).catch(() => undefined)) !== undefined)
      throw unconverted(call, dirname(saved), GRAPH_MODEL_COMMAND);
    const details = { call, field: 'file', value: error, got: `no file at ${path}`, way: 'check the path' };
    throw refusal(OptionError, details, 'must be a model.json, or the folder that holds one');
  });
  refuseKerasFile(call, path, text.slice(0, 4));
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw noModel(call, `${path}, which is not JSON`);
  }
  if (!isModel(found)) throw noModel(call, `${path} without \`modelTopology\` and \`weightsManifest\``);
  return found;
}

/** A file of Keras by its name, or by its first bytes: that of a zip archive or of HDF5. */
function refuseKerasFile(call: string, path: string, start = ''): void {
  if (start === 'PK\x03\x04' || /\.keras$/i.test(path)) throw unconverted(call, path, '--input_format=keras_keras');
  if (start === '\ufffdHDF' || /\.(?:h5|hdf5)$/i.test(path)) throw unconverted(call, path, '--input_format=keras');
}

function unconverted(call: string, path: string, options: string): DataError {
  const way = `tensorflowjs_converter ${options} ${path} FOLDER writes one`;
  const got = `a model of ${options.startsWith('--input_format=tf') ? 'TensorFlow' : 'Keras'} at ${path}`;
  return refusal(DataError, { call, field: 'file', value: path, got, way }, 'must be a model.json of TensorFlow.js');
}

function noModel(call: string, got: string): DataError {
  const way = 'saveModel, model.save and tensorflowjs_converter write one';
  return refusal(DataError, { call, field: 'file', value: got, got, way }, 'must be a model.json of TensorFlow.js');
}

function isModel(value: unknown): value is tf.io.ModelJSON {
  if (typeof value !== 'object' || value === null) return false;
  const { modelTopology, weightsManifest } = value as Partial<tf.io.ModelJSON>;
  return (
    typeof modelTopology === 'object' &&
    modelTopology !== null &&
    Array.isArray(weightsManifest as unknown) &&
    (weightsManifest as Partial<tf.io.WeightsManifestConfig[number]>[]).every(
      (group) =>
        Array.isArray(group?.paths) &&
        group.paths.every((name) => typeof name === 'string') &&
        Array.isArray(group.weights),
    )
  );
}

/** Where weight files are. */
interface WeightFiles {
  /** The public call that error texts name. */
  readonly call: string;
  /** The folder of `model.json`. */
  readonly folder: string;
}

/** Bytes of a shard as TensorFlow.js and its converter cut them. */
const SHARD_BYTES = 4 * 1024 * 1024;
const BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  float16: 2,
  uint16: 2,
  uint8: 1,
};

/**
 * Reads the weight files that a `model.json` names, and checks their lengths.
 *
 * @throws DataError if one is missing or has another length than its weights
 */
async function readWeightFiles(
  manifest: tf.io.WeightsManifestConfig,
  files: WeightFiles,
): Promise<[tf.io.WeightsManifestEntry[], ArrayBuffer]> {
  const groups: Buffer[] = [];
  for (const { paths, weights } of manifest) {
    const shards: Buffer[] = [];
    for (const name of paths) shards.push(await readShard(name, files));
    checkLengths(paths, shards, weights, files);
    groups.push(...shards);
  }
  // A copy, since small buffers of Node share their memory.
  const { buffer } = Uint8Array.from(Buffer.concat(groups));
  return [manifest.flatMap(({ weights }) => weights), buffer];
}

async function readShard(name: string, { call, folder }: WeightFiles): Promise<Buffer> {
  const inside = normalize(name);
  if (isAbsolute(inside) || inside.startsWith('..')) {
    const way = 'put them beside model.json';
    throw refusal(DataError, { call, field: 'file', value: name, way }, 'must name weight files in its folder');
  }
  const path = join(folder, inside);
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw cannotOpen(call, path, error);
    const details = { call, field: 'file', value: path, got: `no file at ${path}`, way: 'copy it there too' };
    throw refusal(DataError, details, 'must have its weight files beside it');
  });
}

/** Bytes of the weights of a group; undefined if there are texts among them, whose length is in the bytes. */
function bytesOf(weights: readonly tf.io.WeightsManifestEntry[]): number | undefined {
  let bytes = 0;
  for (const { shape, dtype, quantization } of weights) {
    const each = BYTES[quantization?.dtype ?? dtype];
    if (each === undefined) return undefined;
    bytes += each * shape.reduce((product, length) => product * length, 1);
  }
  return bytes;
}

function checkLengths(
  paths: readonly string[],
  shards: readonly Buffer[],
  weights: readonly tf.io.WeightsManifestEntry[],
  { call, folder }: WeightFiles,
): void {
  const total = bytesOf(weights);
  if (total === undefined || total === shards.reduce((sum, { length }) => sum + length, 0)) return;
  const lengths = shards.map(({ length }) => length);
  // All shards but the last are equally long. Only the sum is in model.json.
  const isStandard = Math.ceil(total / SHARD_BYTES) === paths.length;
  const size = isStandard ? SHARD_BYTES : Math.max(...lengths);
  const expected = lengths.map((_, i) => (i < lengths.length - 1 ? size : total - size * (lengths.length - 1)));
  const wrong = Math.max(
    lengths.findIndex((length, i) => length !== expected[i]),
    0,
  );
  const file = join(folder, paths[wrong] ?? '');
  const got = `${lengths[wrong] ?? 0} bytes in ${file} where ${expected[wrong] ?? total} were expected`;
  const details = { call, field: 'file', value: lengths[wrong], got, way: 'copy it again' };
  throw refusal(DataError, details, 'must have whole weight files');
}
