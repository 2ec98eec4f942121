import * as tf from '@tensorflow/tfjs';
import { CatrsError, refusal, showValue } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { failureOf, watchBackend } from '../tensors/backend-failure.ts';
import { registerWasmTrainingKernels } from './register-kernels.ts';

type WasmModule = typeof import('@tensorflow/tfjs-backend-wasm');

/** Options of {@link useWasm}. */
export interface UseWasmOptions {
  /**
   * Where the backend's `.wasm` files are: a folder's URL ending in `/`, or one URL for each file name.
   *
   * @defaultValue found by the backend itself: beside its script (in Node always right)
   */
  readonly wasmPaths?: string | Readonly<Record<string, string>> | undefined;
  /**
   * Threads of the backend. It uses more than one only in a browser with cross-origin isolation.
   *
   * @defaultValue the number of logical cores
   */
  readonly threads?: number | undefined;
}

const useWasmOptions = optionsOf<UseWasmOptions>()({
  wasmPaths: fields.optional(
    fields.field<NonNullable<UseWasmOptions['wasmPaths']>>(
      'must be a string or an object of strings',
      (v) => typeof v === 'string' || (typeof v === 'object' && v !== null),
    ),
  ),
  threads: fields.optional(fields.positiveInteger),
});

const CALL = 'useWasm';

/**
 * Makes WASM the TensorFlow.js backend, able to train convolutional networks.
 *
 * Imports `@tensorflow/tfjs-backend-wasm` (a package that the host installs), registers the gradient kernels that it lacks
 * ({@link registerWasmTrainingKernels}), sets the backend and waits until it is ready. May be called again; once the backend has
 * started, the options have no effect any more. A backend that refuses further use after a failure is replaced by a new one: the tensors
 * of the old one are lost, those of models too.
 *
 * @param options - see {@link UseWasmOptions}.
 * @returns a promise that resolves when `tf.getBackend()` is `'wasm'` and ready.
 * @throws OptionError if an option is unknown or out of range.
 * @throws CatrsError if the package is not installed or the backend does not start.
 * @example
 * ```ts
 * import { useWasm } from 'catrs/wasm';
 *
 * await useWasm();
 * ```
 */
export async function useWasm(options: UseWasmOptions = {}): Promise<void> {
  const { wasmPaths, threads } = useWasmOptions.parse(CALL, options);
  const module = await importBackend();
  removeFailed();
  if (!started()) {
    if (wasmPaths !== undefined) module.setWasmPaths(wasmPaths);
    if (threads !== undefined) module.setThreadsCount(threads);
  }
  registerWasmTrainingKernels();
  if (!(await tf.setBackend('wasm'))) {
    const text = "the 'wasm' backend must start, got a failure (in a browser: check `wasmPaths`)";
    throw new CatrsError(text, { call: CALL, field: 'wasmPaths', value: wasmPaths });
  }
  await tf.ready();
  watchBackend();
}

async function importBackend(): Promise<WasmModule> {
  try {
    return await import('@tensorflow/tfjs-backend-wasm');
  } catch (error) {
    const field = '@tensorflow/tfjs-backend-wasm';
    const got = showValue(error instanceof Error ? error.message : String(error));
    throw refusal(
      CatrsError,
      { call: CALL, field, value: error, got, way: `npm install ${field}` },
      'must be installed',
    );
  }
}

function started(): boolean {
  return 'wasm' in tf.engine().registry;
}

/** That of the package, between `cpu` and `webgpu`. */
const PRIORITY = 2;

/** A backend that refuses further use gives way to a new one. */
function removeFailed(): void {
  const backend = tf.engine().registry['wasm'];
  if (backend === undefined || failureOf(backend) === undefined) return;
  const factory = tf.findBackendFactory('wasm');
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', factory, PRIORITY);
}
