import * as tf from '@tensorflow/tfjs';
import type { TypedClassifier } from 'catrs';
import { onnxClassifier, type OnnxSession, type OnnxTensorConstructor } from 'catrs/onnx';
import { useWasm } from 'catrs/wasm';
import { requireGuest } from '../../test/helpers/guests.ts';

/** What runs a network. */
export type EngineName = 'tensorflow' | 'onnxruntime' | 'wasm' | 'cpu';

interface OnnxRuntime {
  readonly InferenceSession: { create(file: Uint8Array, options: object): Promise<OnnxSession> };
  readonly Tensor: OnnxTensorConstructor;
}

/** Files of the packages that are no dependencies. */
const PACKAGES: Partial<Record<EngineName, string>> = {
  tensorflow: '@tensorflow/tfjs-node',
  onnxruntime: 'onnxruntime-node',
};

/** Loads the engine into this process or thread; throws where it is not installed. */
export async function useEngine(name: EngineName): Promise<void> {
  if (name === 'cpu') await tf.setBackend('cpu');
  else if (name !== 'tensorflow') await useWasm({ threads: 1 });
  else {
    guest(PACKAGES.tensorflow!);
    await tf.setBackend('tensorflow');
  }
}

/** What the process of an engine needs in its environment: TensorFlow reads its threads when it is loaded. */
export function engineEnvironment(name: EngineName, threads: number): Record<string, string> {
  if (name !== 'tensorflow') return {};
  return {
    TF_CPP_MIN_LOG_LEVEL: '3',
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: String(threads),
  };
}

/** A classifier of an ONNX file on so many threads of onnxruntime. */
export async function onnxModel(file: Uint8Array, threads: number): Promise<TypedClassifier> {
  const runtime = guest<OnnxRuntime>(PACKAGES.onnxruntime!);
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1 };
  return onnxClassifier(await runtime.InferenceSession.create(file, options), { Tensor: runtime.Tensor });
}

/** Why an engine is not here; undefined where it is. */
export function whyMissing(name: EngineName): string | undefined {
  const path = PACKAGES[name];
  if (path === undefined) return undefined;
  try {
    guest(path);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function guest<T>(path: string): T {
  const found = requireGuest<T>(path);
  if ('reason' in found) throw new Error(found.reason);
  return found.found;
}
