import * as tf from '@tensorflow/tfjs';
import type { Classifier } from '../classifier/types.ts';
import { registerLayers } from '../models/register-layers.ts';
import { loadModel } from '../node/load-model.ts';
import { useWasm } from '../wasm/use-wasm.ts';
import type { BackendName, ModelOptions } from './common-options.ts';
import { CliError } from './io.ts';
import { isOnnxFile, openOnnx, refuseOnnx } from './open-onnx.ts';
import { inFile } from './read-data-file.ts';

/** A classifier of the command line. @internal */
export interface OpenedClassifier {
  /** The model, or a classifier of typed arrays. */
  readonly classifier: Classifier;
  /** What runs it: a backend of TensorFlow.js, or onnxruntime. */
  readonly runtime: BackendName | 'onnxruntime';
  /** Gives its memory back. */
  readonly dispose: () => void | Promise<void>;
}

/** Sets the backend and opens `--model`. Throws CliError that names the file. @internal */
export async function openClassifier(options: ModelOptions): Promise<OpenedClassifier> {
  const { model: path, backend } = options;
  if (isOnnxFile(path)) {
    if (backend !== undefined) {
      throw new CliError(`--backend is for models of TensorFlow.js, got ${backend} with ${path} (leave it out)`);
    }
    await openBackend('cpu'); // certifying an ONNX model makes small tensors only
    return { ...(await openOnnx(path, 'nhwc')), runtime: 'onnxruntime' };
  }
  const runtime = await openBackend(backend);
  registerLayers();
  const model = await inFile(path, () => loadModel(path));
  return { classifier: model, runtime, dispose: () => void model.dispose() };
}

/** Makes a backend of TensorFlow.js the current one, WASM if none is named and it is installed, and gives its name. @internal */
export async function openBackend(name: BackendName | undefined): Promise<BackendName> {
  tf.enableProdMode(); // keeps TensorFlow.js from printing an advertisement into the output
  if (name === 'webgpu') return openWebgpu();
  if (name === 'cpu') return openCpu();
  try {
    await useWasm();
    return 'wasm';
  } catch (error) {
    if (name === 'wasm') throw error;
    return openCpu();
  }
}

async function openCpu(): Promise<BackendName> {
  await tf.setBackend('cpu');
  await tf.ready();
  return 'cpu';
}

async function openWebgpu(): Promise<BackendName> {
  const { gpu } = (globalThis as { readonly navigator?: { readonly gpu?: unknown } }).navigator ?? {};
  if (gpu === undefined) {
    throw new CliError('--backend webgpu needs WebGPU, got a Node.js without it (take --backend wasm or cpu)');
  }
  const { useWebgpu } = (await import('../webgpu/index.ts')) as { readonly useWebgpu?: () => Promise<unknown> };
  await useWebgpu?.();
  if (tf.getBackend() === 'webgpu') return 'webgpu';
  throw new CliError(`--backend webgpu must start, got ${tf.getBackend()} (take --backend wasm or cpu)`);
}

/** Opens a model whose weights can be trained. Throws CliError that names the file. @internal */
export async function openTrainable(path: string): Promise<tf.LayersModel> {
  refuseOnnx(path);
  registerLayers();
  return inFile(path, () => loadModel(path, { format: 'layers-model' }));
}
