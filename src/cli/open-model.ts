import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cwd } from 'node:process';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import type { Classifier } from '../classifier/types.ts';
import { registerLayers } from '../models/register-layers.ts';
import { loadModel } from '../node/load-model.ts';
import {
  onnxClassifier,
  type OnnxLayout,
  type OnnxSession,
  type OnnxTensorConstructor,
} from '../onnx/onnx-classifier.ts';
import { useWasm } from '../wasm/use-wasm.ts';
import type { BackendName, ModelOptions } from './common-options.ts';
import { CliError } from './io.ts';
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
  const { model: path, backend, layout } = options;
  if (path.endsWith('.onnx')) {
    if (backend !== undefined) {
      throw new CliError(`--backend is for models of TensorFlow.js, got ${backend} with ${path} (leave it out)`);
    }
    await openBackend('cpu'); // certifying an ONNX model makes small tensors only
    return { ...(await openOnnx(path, layout)), runtime: 'onnxruntime' };
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

const PACKAGE = 'onnxruntime-node';

/** What is used of the package. */
interface Runtime {
  readonly InferenceSession: {
    readonly create: (path: string) => Promise<OnnxSession & { readonly release?: () => Promise<void> }>;
  };
  readonly Tensor: OnnxTensorConstructor;
}

/** Opens a classifier in an ONNX file. Throws CliError if the runtime is missing or the file is no model. */
async function openOnnx(
  path: string,
  layout: OnnxLayout,
): Promise<{ readonly classifier: Classifier; readonly dispose: () => Promise<void> }> {
  const { InferenceSession, Tensor } = await loadRuntime(path);
  let session;
  try {
    session = await InferenceSession.create(path);
  } catch (error) {
    throw new CliError(`${path}: must be an ONNX model that onnxruntime can load, got "${(error as Error).message}"`);
  }
  const classifier = await inFile(path, () => onnxClassifier(session, { Tensor, layout }));
  return { classifier, dispose: async () => session.release?.() };
}

/** The optional package, beside catrs or in the folder where the command is run. */
async function loadRuntime(path: string): Promise<Runtime> {
  for (const base of [import.meta.url, pathToFileURL(join(cwd(), 'package.json'))]) {
    const found = resolved(base);
    if (found === undefined) continue;
    const module = (await import(pathToFileURL(found).href)) as Runtime & { readonly default?: Runtime };
    return module.default ?? module;
  }
  throw new CliError(`${path}: needs the package ${PACKAGE}, which is not installed (npm install ${PACKAGE})`);
}

function resolved(base: string | URL): string | undefined {
  try {
    return createRequire(base).resolve(PACKAGE);
  } catch {
    return undefined;
  }
}

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
