import type { Classifier } from '../classifier/types.ts';
import { onnxClassifier } from '../onnx/onnx-classifier.ts';
import type { OnnxLayout, OnnxSession, OnnxTensorConstructor } from '../onnx/onnx-session.ts';
import { CliError } from './io.ts';
import { loadPackage } from './load-package.ts';
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
    readonly create: (path: string) => Promise<OnnxSession & { readonly release?: () => Promise<void> }>;
  };
  readonly Tensor: OnnxTensorConstructor;
}

/** Opens a classifier in an ONNX file. Throws CliError if the runtime is missing or the file is no model. @internal */
export async function openOnnx(
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

/** The optional package. */
async function loadRuntime(path: string): Promise<Runtime> {
  const runtime = await loadPackage<Runtime>(PACKAGE);
  if (runtime !== undefined) return runtime;
  throw new CliError(`${path}: needs the package ${PACKAGE}, which is not installed (npm install ${PACKAGE})`);
}
