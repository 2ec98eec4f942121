import * as tf from '@tensorflow/tfjs';
import { NormalizeLayer } from './normalize.ts';
import { BatchNormalizationLayer } from './torch-batch-normalization.ts';

/**
 * Tells TensorFlow.js about the layers of {@link normalize} and {@link torchBatchNormalization}, so that saved models with them can be
 * loaded.
 *
 * Needed by `tf.loadLayersModel` and `tf.models.modelFromJSON` only, once in a process; may be called again. Importing catrs
 * registers nothing. The names in saved files are `CatrsNormalize` and `CatrsTorchBatchNormalization`.
 *
 * @example
 * ```ts
 * registerLayers();
 * const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
 * ```
 */
export function registerLayers(): void {
  tf.serialization.registerClass(NormalizeLayer, 'catrs');
  tf.serialization.registerClass(BatchNormalizationLayer, 'catrs');
}
