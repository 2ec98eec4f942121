import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { DataError } from '../errors.ts';
import { parseFile } from '../options/log-run-options.ts';
import { parseLoadModelOptions } from '../options/model-file-options.ts';
import { pathOf } from './path-of.ts';
import { readModelFile } from './read-model-file.ts';
import { readWeightFiles } from './read-weight-files.ts';

/** Options of {@link loadModel}. */
export interface LoadModelOptions {
  /**
   * What the file must be: a `'layers-model'` can be trained, a `'graph-model'` cannot. It also settles the type of the result.
   * @defaultValue either
   */
  readonly format?: 'layers-model' | 'graph-model';
}

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
 * quantized weights. Lengths are checked before a model is made. For a model with layers of catrs call `registerLayers()` of
 * `catrs/models` before, since only you know which layers a file needs.
 *
 * @param file - Path or file: URL of `model.json`, or of the folder that holds it.
 * @returns the model; the caller disposes it
 * @throws OptionError if an option is wrong or the file cannot be read
 * @throws DataError if the file is no model or one of another format, a weight file is missing or truncated, or a layer is unknown
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
  const { format } = parseLoadModelOptions(CALL, options ?? {});
  const given = pathOf(CALL, parseFile(CALL, file));
  const isFolder = (await stat(given).catch(() => undefined))?.isDirectory() ?? false;
  const path = isFolder ? join(given, 'model.json') : given;

  const json = await readModelFile(CALL, path);
  const found = formatOf(json);
  if (format !== undefined && found !== format) {
    const wayOut = format === 'layers-model' ? 'save the model from tf.layers or Keras' : 'leave `format` out';
    const text = `\`file\` must be a ${format}, got a ${found} in ${path} (${wayOut})`;
    throw new DataError(text, { call: CALL, field: 'file', value: found });
  }
  const weights = await readWeightFiles(json.weightsManifest, { call: CALL, folder: dirname(path) });
  const artifacts = await tf.io.getModelArtifactsForJSON(json, () => Promise.resolve(weights));
  const handler = { load: () => Promise.resolve(artifacts) };
  try {
    const model = found === 'graph-model' ? await tf.loadGraphModel(handler) : await tf.loadLayersModel(handler);
    return model as LoadedModel<Options>;
  } catch (error) {
    throw cannotBuild(path, (error as Error).message);
  }
}

/** Old converters did not write the format: graphs have a list of nodes. */
function formatOf({ format, modelTopology }: tf.io.ModelJSON): 'layers-model' | 'graph-model' {
  return format === 'graph-model' || 'node' in modelTopology ? 'graph-model' : 'layers-model';
}

function cannotBuild(path: string, reason: string): DataError {
  const [, layer] = /^Unknown layer: (\w+)/.exec(reason) ?? [];
  const text =
    layer === undefined
      ? `\`file\` must be a model that TensorFlow.js can make, got ${path} with "${reason}" (export it again)`
      : `\`file\` must have layers that are registered, got ${JSON.stringify(layer)} in ${path}` +
        ' (for layers of catrs call registerLayers() of catrs/models first, for others tf.serialization.registerClass)';
  return new DataError(text, { call: CALL, field: 'file', value: reason });
}
