import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { isLayersModel } from '../classifier/adapt-classifier.ts';
import type { TypedClassifier, TypedDenoiser } from '../classifier/types.ts';
import type { DetectorHeadOptions } from '../detection/detector-heads.ts';
import type { DetectorOutputNames } from '../detection/head-names.ts';
import type { TypedDetector } from '../detection/types.ts';
import { CatrsError, type ErrorDetails } from '../errors.ts';
import { onnxClassifier } from '../onnx/onnx-classifier.ts';
import { onnxDetector } from '../onnx/onnx-detector.ts';
import { onnxDenoiser } from '../onnx/onnx-denoiser.ts';
import { onnxRows } from '../onnx/onnx-rows.ts';
import type { OnnxSession, OnnxTensorConstructor } from '../onnx/onnx-session.ts';
import { toOnnx } from '../onnx/to-onnx.ts';
import { EngineError } from './engines.ts';
import { CliError } from './io.ts';
import { loadPackage } from './load-package.ts';
import { dataFilesOf } from './onnx-data-files.ts';
import { inFile } from './read-data-file.ts';

/** True for the name of an ONNX file. @internal */
export function isOnnxFile(path: string): boolean {
  return path.toLowerCase().endsWith('.onnx');
}

/** Throws CliError for an ONNX file, which has no gradient. @internal */
export function refuseOnnx(path: string): void {
  if (!isOnnxFile(path)) return;
  throw new CliError(
    `${path}: must be a model.json of TensorFlow.js, got an ONNX file, which has no gradient (convert the model it was made from)`,
  );
}

const PACKAGE = 'onnxruntime-node';

/** What is used of the package. */
interface Runtime {
  readonly InferenceSession: {
    readonly create: (model: string | Uint8Array, options: object) => Promise<ReleasableSession>;
  };
  readonly Tensor: OnnxTensorConstructor;
  readonly env: { readonly versions: { readonly node?: string } };
}

type ReleasableSession = OnnxSession & { readonly release?: () => Promise<void> };

/** What an ONNX file or a model holds, and what gives its memory back. @internal */
export interface OpenedOnnx<T> {
  readonly opened: T;
  readonly dispose: () => Promise<void>;
}

/** How a session is made. @internal */
export interface OnnxUse {
  readonly outputName?: string | undefined;
  /** Whether its rows may have any shape, as they have where they are no classes. */
  readonly isOfRows?: boolean | undefined;
  /** Threads of the command: with several each session has one core. */
  readonly workers: number;
}

/** A model for onnxruntime: its ONNX file, or the layers model that was opened from that file. @internal */
export interface OnnxSource {
  readonly path: string;
  readonly model?: object | undefined;
}

/** Opens a classifier in onnxruntime. Throws CliError if the runtime is missing or does not take the model. @internal */
export async function openOnnx(source: OnnxSource, use: OnnxUse): Promise<OpenedOnnx<TypedClassifier>> {
  const { path } = source;
  const { session, dispose, ...runtime } = await openSession(source, use);
  const make = use.isOfRows ? onnxRows : onnxClassifier;
  const made = await named(path, () => make(session, { ...runtime, outputName: use.outputName }));
  return { opened: { ...made, classify: (inputs, batch) => named(path, () => made.classify(inputs, batch)) }, dispose };
}

/** Opens a denoiser in onnxruntime. Throws CliError if the runtime is missing or does not take the model. @internal */
export async function openOnnxDenoiser(
  source: OnnxSource,
  { workers, timeInput }: Pick<OnnxUse, 'workers'> & { readonly timeInput?: string | undefined },
): Promise<OpenedOnnx<TypedDenoiser>> {
  const { path } = source;
  const { session, dispose, ...runtime } = await openSession(source, { workers });
  const made = await named(path, () => onnxDenoiser(session, { ...runtime, timeInput }));
  return { opened: { ...made, denoise: (inputs, batch) => named(path, () => made.denoise(inputs, batch)) }, dispose };
}

/** Opens a detector in onnxruntime. Throws CliError if the runtime is missing or does not take the model. @internal */
export async function openOnnxDetector(
  source: OnnxSource,
  { workers, detector }: Pick<OnnxUse, 'workers'> & { readonly detector: DetectorOutputNames & DetectorHeadOptions },
): Promise<OpenedOnnx<TypedDetector>> {
  const { path } = source;
  const { session, dispose, ...runtime } = await openSession(source, { workers });
  const made = await named(path, () => onnxDetector(session, { ...runtime, ...detector }));
  return { opened: { ...made, detect: (inputs, batch) => named(path, () => made.detect(inputs, batch)) }, dispose };
}

async function openSession(
  { path, model }: OnnxSource,
  { workers }: OnnxUse,
): Promise<{
  readonly session: OnnxSession;
  readonly Tensor: OnnxTensorConstructor;
  readonly engine: string;
  readonly dispose: () => Promise<void>;
}> {
  const { InferenceSession, Tensor, env } = await loadRuntime(path);
  const content = model === undefined ? path : await writtenAsOnnx(path, model);
  // Fatal errors only: what the runtime would print beside an error stands in the error.
  const options = { logSeverityLevel: 4, ...(workers > 1 && { intraOpNumThreads: 1, interOpNumThreads: 1 }) };
  try {
    const session = await InferenceSession.create(content, options);
    const engine = `onnxruntime ${env.versions.node ?? 'of unknown version'}`;
    return { session, Tensor, engine, dispose: async () => session.release?.() };
  } catch (error) {
    if (model === undefined) await assertDataFiles(path);
    const said = JSON.stringify((error as Error).message);
    throw new EngineError(`${path}: must be an ONNX model that onnxruntime can load, got ${said}`);
  }
}

/** A layers model as ONNX. Throws EngineError that says what of it cannot be written. */
async function writtenAsOnnx(path: string, model: object): Promise<Uint8Array> {
  const way = 'take --backend tensorflow, wasm or cpu';
  if (!isLayersModel(model)) {
    throw new EngineError(`${path}: must be a layers model for onnxruntime, got a graph model (${way})`);
  }
  try {
    return await toOnnx(model as unknown as tf.LayersModel);
  } catch (error) {
    if (!(error instanceof CatrsError)) throw error;
    throw new EngineError(`${path}: ${error.message.slice(`${error.call}: \`model\` `.length)}; ${way}`);
  }
}

/** Throws CliError if a file is missing that the model keeps its weights in. */
async function assertDataFiles(path: string): Promise<void> {
  for (const name of dataFilesOf(await inFile(path, () => readFile(path)))) {
    const file = join(dirname(path), name);
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) continue;
    throw new CliError(`${path}: must have its weights beside it, in ${name}, which is missing (copy both files)`);
  }
}

/** Runs something about a file; an error of the library names the file, and stays what it is. */
async function named<T>(path: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof CatrsError)) throw error;
    const Kind = error.constructor as new (message: string, details: ErrorDetails) => CatrsError;
    const text = error.message.slice(`${error.call}: `.length).replace(/^`session` /, '');
    throw new Kind(`${path}: ${text}`, error);
  }
}

/** The optional package. */
async function loadRuntime(path: string): Promise<Runtime> {
  const runtime = await loadPackage<Runtime>(PACKAGE).catch((error: unknown) => {
    const said = JSON.stringify((error as Error).message);
    const way = `npm rebuild ${PACKAGE}, or another --backend`;
    throw new EngineError(`${path}: needs the package ${PACKAGE}, which cannot be loaded, got ${said} (${way})`);
  });
  if (runtime !== undefined) return runtime;
  throw new CliError(`${path}: needs the package ${PACKAGE}, which is not installed (npm install ${PACKAGE})`);
}
