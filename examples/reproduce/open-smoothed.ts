/**
 * The smoothed classifier of a trained model, on the fastest runtime that is installed.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { GaussianNoise, SmoothedClassifier } from 'catrs';
import { loadModel } from 'catrs/node';
import { onnxClassifier, toOnnx } from 'catrs/onnx';
import type { OnnxSession, OnnxTensorConstructor } from 'catrs/onnx';
import { NUM_CLASSES } from './data.ts';

interface Runtime {
  readonly InferenceSession: { create(file: Uint8Array, options: object): Promise<OnnxSession> };
  readonly Tensor: OnnxTensorConstructor;
}

/** onnxruntime-node, which is no dependency: from node_modules, or from the folder whose package.json `CATRS_ONNXRUNTIME` names. */
export function findRuntime(): Runtime | undefined {
  try {
    return createRequire(process.env['CATRS_ONNXRUNTIME'] ?? import.meta.url)('onnxruntime-node') as Runtime;
  } catch {
    return undefined;
  }
}

/** Opens `folder/model.json`: through onnxruntime where it is installed, else on the backend of TensorFlow.js. */
export async function openSmoothed(folder: string, sigma: number): Promise<SmoothedClassifier> {
  const model = await loadModel(join(folder, 'model.json'), { format: 'layers-model' });
  const noise = new GaussianNoise({ sigma });
  const runtime = findRuntime();
  if (runtime === undefined) return new SmoothedClassifier(model, { noise });
  const session = await runtime.InferenceSession.create(await toOnnx(model), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  model.dispose();
  const classifier = onnxClassifier(session, { Tensor: runtime.Tensor });
  return new SmoothedClassifier(classifier, { noise, numClasses: NUM_CLASSES });
}
