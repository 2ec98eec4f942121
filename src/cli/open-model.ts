import type * as tf from '@tensorflow/tfjs';
import type { Classifier, Denoiser, TensorClassifier, TypedDenoiser } from '../classifier/types.ts';
import { type DetectorGraphLike, graphDetector, type GraphDetectorOptions } from '../detection/graph-detector.ts';
import type { TypedDetector } from '../detection/types.ts';
import { registerLayers } from '../models/register-layers.ts';
import { loadModel } from '../node/load-model.ts';
import { currentEngine } from '../tensors/engine.ts';
import type { EngineName, ModelOptions } from './common-options.ts';
import { CliError } from './io.ts';
import { EngineError } from './engines.ts';
import { isOnnxFile, openOnnx, openOnnxDenoiser, openOnnxDetector, refuseOnnx } from './open-onnx.ts';
import { inFile } from './read-data-file.ts';
import { isTorchFile, openTorchModel } from './torch-model.ts';

/** A classifier of the command line. @internal */
export interface OpenedClassifier {
  /** The model, or a classifier of typed arrays. */
  readonly classifier: Classifier;
  /** The denoiser in front of it, as it is in its file. */
  readonly denoiser: Denoiser | TypedDenoiser | undefined;
  /** The models of TensorFlow.js that both were made of, where another runtime has them. */
  readonly source: OpenedModels | undefined;
  /** The model as a detector, where that is what was asked for. */
  readonly detector?: TypedDetector | undefined;
  /** What runs it. */
  readonly runtime: EngineName;
  /** The same with its version. */
  readonly engine: string;
  /** Gives its memory back. */
  readonly dispose: () => void | Promise<void>;
}

/** Models of TensorFlow.js. */
interface OpenedModels {
  readonly classifier: TensorClassifier;
  readonly denoiser: Denoiser | undefined;
}

/** For which images a model is opened, and on what, which has started. @internal */
export interface OpenPlan {
  readonly shape: readonly number[];
  readonly engine: EngineName;
  readonly workers: number;
  /** Whether its output is rows of any shape, and one of several may be named, whatever the model is. */
  readonly isOfRows?: boolean | undefined;
  /** Where it is a detector: what its outputs hold. */
  readonly detector?: GraphDetectorOptions | undefined;
}

/** Opens `--model` and `--denoiser`. Throws CliError that names the file. @internal */
export async function openClassifier(options: ModelOptions, plan: OpenPlan): Promise<OpenedClassifier> {
  const { model: path, denoiser: denoiserPath, outputName } = options;
  refuseTorchOptions(options);
  if (denoiserPath !== undefined && isOnnxFile(denoiserPath) !== isOnnxFile(path)) {
    const kind = isOnnxFile(path) ? 'an ONNX file' : 'a model of TensorFlow.js';
    const way = 'convert one of the two; toOnnx of catrs/onnx writes layers models as ONNX';
    throw new CliError(`--denoiser must be ${kind}, as the model is, got ${denoiserPath} (${way})`);
  }
  if (isOnnxFile(path))
    return plan.detector ? openDetector(options, plan) : openInOnnxruntime(options, plan, undefined);
  if (outputName !== undefined && !plan.isOfRows) {
    throw new CliError(`--output-name is for ONNX files, got ${outputName} with ${path} (leave it out)`);
  }
  registerLayers();
  const classifier = isTorchFile(path)
    ? await openTorchModel(path, options, plan.shape)
    : await inFile(path, () => loadModel(path));
  const denoiser = denoiserPath === undefined ? undefined : await inFile(denoiserPath, () => loadModel(denoiserPath));
  if (plan.detector) {
    if (plan.engine === 'onnxruntime') {
      throw new EngineError(
        `${path}: must be an ONNX file to run on onnxruntime as a detector, got a model of TensorFlow.js`,
      );
    }
    return {
      ...ofDetector(await inFile(path, () => graphDetector(classifier as DetectorGraphLike, plan.detector))),
      denoiser,
      source: undefined,
      runtime: plan.engine,
      engine: currentEngine(),
      dispose: () => [classifier, denoiser].forEach((model) => void model?.dispose()),
    };
  }
  const models = { classifier, denoiser };
  const dispose = (): void => [classifier, denoiser].forEach((model) => void model?.dispose());
  if (plan.engine !== 'onnxruntime') {
    return { ...models, source: undefined, runtime: plan.engine, engine: currentEngine(), dispose };
  }
  try {
    const opened = await openInOnnxruntime(options, plan, models);
    const disposeAll = async (): Promise<void> => {
      dispose();
      await opened.dispose();
    };
    return { ...opened, dispose: disposeAll };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Opens an ONNX file as a detector. */
async function openDetector(
  { model: path, denoiser: denoiserPath }: ModelOptions,
  { workers, detector: options }: OpenPlan,
): Promise<OpenedClassifier> {
  if (denoiserPath !== undefined) throw new CliError(`--denoiser must be left out for boxes, got ${denoiserPath}`);
  const { opened, dispose } = await openOnnxDetector({ path }, { workers, detector: options ?? {} });
  const { engine = 'onnxruntime' } = opened;
  return { ...ofDetector(opened), denoiser: undefined, source: undefined, runtime: 'onnxruntime', engine, dispose };
}

/** A detector, and a model of the same inputs that stands for it where only these count. */
function ofDetector(detector: TypedDetector): Pick<OpenedClassifier, 'classifier' | 'detector'> {
  const { inputShape, inputRange } = detector;
  const classify = (): never => {
    throw new Error('a detector has boxes');
  };
  return { classifier: { classify, inputShape, inputRange }, detector };
}

/** Opens ONNX files, or models as ONNX. */
async function openInOnnxruntime(
  { model: path, denoiser: denoiserPath, outputName, timeInput }: ModelOptions,
  { workers, isOfRows }: OpenPlan,
  source: OpenedModels | undefined,
): Promise<OpenedClassifier> {
  const use = { outputName, workers, isOfRows };
  const { opened: classifier, dispose } = await openOnnx({ path, model: source?.classifier }, use);
  const { engine = 'onnxruntime' } = classifier;
  const made = { classifier, source, runtime: 'onnxruntime', engine } as const;
  if (denoiserPath === undefined) return { ...made, denoiser: undefined, dispose };
  try {
    const denoiserSource = { path: denoiserPath, model: source?.denoiser };
    const { opened: denoiser, dispose: disposeDenoiser } = await openOnnxDenoiser(denoiserSource, {
      workers,
      timeInput,
    });
    const disposeBoth = async (): Promise<void> => void (await Promise.all([dispose(), disposeDenoiser()]));
    return { ...made, denoiser, dispose: disposeBoth };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Throws CliError for options of weights without a network, where there is one. */
function refuseTorchOptions({ model, arch, stateDict }: ModelOptions): void {
  if (isTorchFile(model) || (arch === undefined && stateDict === undefined)) return;
  const flag = arch === undefined ? '--state-dict' : '--arch';
  throw new CliError(
    `${flag} is for --model with a .pt or .pth file, got ${model}, which holds its network (leave it out)`,
  );
}

/** Opens a model whose weights can be trained. Throws CliError that names the file. @internal */
export async function openTrainable(path: string): Promise<tf.LayersModel> {
  refuseOnnx(path);
  registerLayers();
  return inFile(path, () => loadModel(path, { format: 'layers-model' }));
}
