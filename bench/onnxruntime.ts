import { createRequire } from 'node:module';
import { onnxClassifier, type OnnxSession, type OnnxTensorConstructor } from 'catrs/onnx';
import type { TypedClassifier } from 'catrs';

interface Runtime {
  readonly InferenceSession: { create(file: Uint8Array, options: object): Promise<OnnxSession> };
  readonly Tensor: OnnxTensorConstructor;
}

/** Why there is no onnxruntime. */
export const NO_RUNTIME =
  'onnxruntime-node is not installed: npm install it in a folder of its own and set CATRS_ONNXRUNTIME to its package.json';

/** The runtime, which is no dependency; `CATRS_ONNXRUNTIME` is the package.json of the folder that has it. */
export function findRuntime(): Runtime | undefined {
  try {
    return createRequire(process.env['CATRS_ONNXRUNTIME'] ?? import.meta.url)('onnxruntime-node') as Runtime;
  } catch {
    return undefined;
  }
}

/** A classifier of an ONNX file on so many threads. */
export async function onnxModel(file: Uint8Array, threads: number): Promise<TypedClassifier> {
  const runtime = findRuntime();
  if (runtime === undefined) throw new Error(NO_RUNTIME);
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1 };
  return onnxClassifier(await runtime.InferenceSession.create(file, options), { Tensor: runtime.Tensor });
}
