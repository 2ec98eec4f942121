import type * as tf from '@tensorflow/tfjs';
import { registerLayers } from '../models/layers.ts';
import { loadModel } from '../node/load-model.ts';
import { CliError } from './cli-error.ts';
import { inFile } from './in-file.ts';

/** Throws CliError for an ONNX file, which has no gradient. @internal */
export function refuseOnnx(path: string): void {
  if (!path.endsWith('.onnx')) return;
  throw new CliError(
    `${path}: must be a model.json of TensorFlow.js, got an ONNX file, which has no gradient (convert the model it was made from)`,
  );
}

/** Opens a model whose weights can be trained. Throws CliError that names the file. @internal */
export async function openTrainable(path: string): Promise<tf.LayersModel> {
  refuseOnnx(path);
  registerLayers();
  return inFile(path, () => loadModel(path, { format: 'layers-model' }));
}
