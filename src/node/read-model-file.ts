import { readFile } from 'node:fs/promises';
import type * as tf from '@tensorflow/tfjs';
import { DataError, OptionError } from '../errors.ts';
import { cannotOpen } from './file-error.ts';

/**
 * Reads a `model.json` of TensorFlow.js.
 *
 * @throws OptionError if it cannot be read, DataError if it is something else
 * @internal
 */
export async function readModelFile(call: string, path: string): Promise<tf.io.ModelJSON> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw cannotOpen(call, path, error);
    const missing = `\`file\` must be a model.json, or the folder that holds one, got no file at ${path} (check the path)`;
    throw new OptionError(missing, { call, field: 'file', value: error });
  });
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw noModel(call, `${path}, which is not JSON`);
  }
  if (!isModel(found)) throw noModel(call, `${path} without \`modelTopology\` and \`weightsManifest\``);
  return found;
}

function noModel(call: string, got: string): DataError {
  const wayOut = 'saveModel, model.save and tensorflowjs_converter write one';
  const text = `\`file\` must be a model.json of TensorFlow.js, got ${got} (${wayOut})`;
  return new DataError(text, { call, field: 'file', value: got });
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
