import * as tf from '@tensorflow/tfjs';
import type { Classifier, Denoiser, TypedDenoiser } from '../classifier/types.ts';
import { registerLayers } from '../models/register-layers.ts';
import { loadModel } from '../node/load-model.ts';
import { useWasm } from '../wasm/use-wasm.ts';
import type { BackendName, ModelOptions } from './common-options.ts';
import { CliError } from './io.ts';
import { isOnnxFile, openOnnx, openOnnxDenoiser, refuseOnnx } from './open-onnx.ts';
import { inFile } from './read-data-file.ts';
import { isTorchFile, openTorchModel } from './torch-model.ts';

/** A classifier of the command line. @internal */
export interface OpenedClassifier {
  /** The model, or a classifier of typed arrays. */
  readonly classifier: Classifier;
  /** The denoiser in front of it, as it is in its file. */
  readonly denoiser: Denoiser | TypedDenoiser | undefined;
  /** What runs it: a backend of TensorFlow.js, or onnxruntime. */
  readonly runtime: BackendName | 'onnxruntime';
  /** Gives its memory back. */
  readonly dispose: () => void | Promise<void>;
}

/** Sets the backend and opens `--model` and `--denoiser`, for images of a shape. Throws CliError that names the file. @internal */
export async function openClassifier(options: ModelOptions, shape: readonly number[]): Promise<OpenedClassifier> {
  const { model: path, denoiser: denoiserPath, backend, outputName } = options;
  refuseTorchOptions(options);
  if (denoiserPath !== undefined && isOnnxFile(denoiserPath) !== isOnnxFile(path)) {
    const kind = isOnnxFile(path) ? 'an ONNX file' : 'a model of TensorFlow.js';
    const way = 'convert one of the two; toOnnx of catrs/onnx writes layers models as ONNX';
    throw new CliError(`--denoiser must be ${kind}, as the model is, got ${denoiserPath} (${way})`);
  }
  if (isOnnxFile(path)) {
    if (backend !== undefined) {
      throw new CliError(`--backend is for models of TensorFlow.js, got ${backend} with ${path} (leave it out)`);
    }
    await openBackend('cpu'); // certifying an ONNX model makes small tensors only
    const runtime = 'onnxruntime';
    const { opened: classifier, dispose } = await openOnnx(path, { outputName });
    if (denoiserPath === undefined) return { classifier, denoiser: undefined, runtime, dispose };
    const { opened: denoiser, dispose: disposeDenoiser } = await openOnnxDenoiser(denoiserPath);
    const disposeBoth = async (): Promise<void> => void (await Promise.all([dispose(), disposeDenoiser()]));
    return { classifier, denoiser, runtime, dispose: disposeBoth };
  }
  if (outputName !== undefined) {
    throw new CliError(`--output-name is for ONNX files, got ${outputName} with ${path} (leave it out)`);
  }
  const runtime = await openBackend(backend);
  registerLayers();
  const classifier = isTorchFile(path)
    ? await openTorchModel(path, options, shape)
    : await inFile(path, () => loadModel(path));
  const denoiser = denoiserPath === undefined ? undefined : await inFile(denoiserPath, () => loadModel(denoiserPath));
  const dispose = (): void => [classifier, denoiser].forEach((model) => void model?.dispose());
  return { classifier, denoiser, runtime, dispose };
}

/** Throws CliError for options of weights without a network, where there is one. */
function refuseTorchOptions({ model, arch, stateDict }: ModelOptions): void {
  if (isTorchFile(model) || (arch === undefined && stateDict === undefined)) return;
  const flag = arch === undefined ? '--state-dict' : '--arch';
  throw new CliError(
    `${flag} is for --model with a .pt or .pth file, got ${model}, which holds its network (leave it out)`,
  );
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
