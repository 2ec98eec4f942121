import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TypedClassifier, TypedDenoiser } from '../classifier/types.ts';
import { CatrsError, type ErrorDetails } from '../errors.ts';
import { onnxClassifier } from '../onnx/onnx-classifier.ts';
import { onnxDenoiser } from '../onnx/onnx-denoiser.ts';
import type { OnnxSession, OnnxTensorConstructor } from '../onnx/onnx-session.ts';
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
    readonly create: (path: string, options: { readonly logSeverityLevel: 4 }) => Promise<ReleasableSession>;
  };
  readonly Tensor: OnnxTensorConstructor;
}

type ReleasableSession = OnnxSession & { readonly release?: () => Promise<void> };

/** What an ONNX file holds, and what gives its memory back. @internal */
export interface OpenedOnnx<T> {
  readonly opened: T;
  readonly dispose: () => Promise<void>;
}

/** Opens a classifier in an ONNX file. Throws CliError if the runtime is missing or the file is no model. @internal */
export async function openOnnx(
  path: string,
  { outputName }: { readonly outputName?: string | undefined },
): Promise<OpenedOnnx<TypedClassifier>> {
  const { session, Tensor, dispose } = await openSession(path);
  const made = await named(path, () => onnxClassifier(session, { Tensor, outputName }));
  return { opened: { ...made, classify: (inputs, batch) => named(path, () => made.classify(inputs, batch)) }, dispose };
}

/** Opens a denoiser in an ONNX file, for images of a layout. Throws CliError if the runtime is missing or the file is no model. @internal */
export async function openOnnxDenoiser(path: string): Promise<OpenedOnnx<TypedDenoiser>> {
  const { session, Tensor, dispose } = await openSession(path);
  const made = await named(path, () => onnxDenoiser(session, { Tensor }));
  return { opened: { ...made, denoise: (inputs, batch) => named(path, () => made.denoise(inputs, batch)) }, dispose };
}

async function openSession(path: string): Promise<{
  readonly session: OnnxSession;
  readonly Tensor: OnnxTensorConstructor;
  readonly dispose: () => Promise<void>;
}> {
  const { InferenceSession, Tensor } = await loadRuntime(path);
  try {
    // Fatal errors only: what the runtime would print beside an error stands in the error.
    const session = await InferenceSession.create(path, { logSeverityLevel: 4 });
    return { session, Tensor, dispose: async () => session.release?.() };
  } catch (error) {
    await assertDataFiles(path);
    const said = JSON.stringify((error as Error).message);
    throw new CliError(`${path}: must be an ONNX model that onnxruntime can load, got ${said}`);
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
  const runtime = await loadPackage<Runtime>(PACKAGE);
  if (runtime !== undefined) return runtime;
  throw new CliError(`${path}: needs the package ${PACKAGE}, which is not installed (npm install ${PACKAGE})`);
}
