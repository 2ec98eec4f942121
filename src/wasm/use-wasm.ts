import * as tf from '@tensorflow/tfjs';
import { CatrsError, OptionError, refusal, showValue } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { failureOf, watchBackend } from '../tensors/backend-failure.ts';
import { engineText, nameEngine } from '../tensors/engine.ts';
import { registerWasmTrainingKernels } from './register-kernels.ts';
import { hasRelaxedSimd, isRelaxed, relax } from './simd/relaxed.ts';

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
  /**
   * Whether products may be added with one rounding in the place of two, where the processor has an instruction for it: faster, with results
   * that depend on the processor in their last bits. Noise is drawn as always. `currentEngine()` says so, and with it logs and
   * checkpoints. Needs a host with relaxed SIMD: Node 22, or a browser of 2024.
   *
   * @defaultValue as the backend has been started, else false
   */
  readonly relaxedSimd?: boolean | undefined;
}

const useWasmOptions = optionsOf<UseWasmOptions>()({
  wasmPaths: fields.optional(
    fields.field<NonNullable<UseWasmOptions['wasmPaths']>>(
      'must be a string or an object of strings',
      (v) => typeof v === 'string' || (typeof v === 'object' && v !== null),
    ),
  ),
  threads: fields.optional(fields.positiveInteger),
  relaxedSimd: fields.optional(fields.boolean),
});

const CALL = 'useWasm';

/**
 * Makes WASM the TensorFlow.js backend, able to train convolutional networks.
 *
 * Imports `@tensorflow/tfjs-backend-wasm` (a package that the host installs), registers the gradient kernels that it lacks
 * ({@link registerWasmTrainingKernels}), sets the backend and waits until it is ready. May be called again; once the backend has
 * started, `wasmPaths` and `threads` have no effect any more, and another `relaxedSimd` is refused. A backend that refuses further use after a failure is replaced by a new one: the tensors
 * of the old one are lost, those of models too.
 *
 * @param options - see {@link UseWasmOptions}.
 * @returns a promise that resolves when `tf.getBackend()` is `'wasm'` and ready.
 * @throws OptionError if an option is unknown or out of range, or if the host has no relaxed SIMD.
 * @throws CatrsError if the package is not installed or the backend does not start.
 * @example
 * ```ts
 * import { useWasm } from 'catrs/wasm';
 *
 * await useWasm();
 * ```
 */
export async function useWasm(options: UseWasmOptions = {}): Promise<void> {
  const { wasmPaths, threads, relaxedSimd } = useWasmOptions.parse(CALL, options);
  if (relaxedSimd === true && !hasRelaxedSimd()) {
    const way = 'Node 22 or newer, or a newer browser, has it';
    const details = { call: CALL, field: 'relaxedSimd', value: true, way };
    throw refusal(OptionError, details, 'must be false on a host without relaxed SIMD');
  }
  const module = await importBackend();
  removeFailed();
  const isNew = !started();
  if (isNew) {
    if (wasmPaths !== undefined) module.setWasmPaths(wasmPaths);
    if (threads !== undefined) module.setThreadsCount(threads);
  } else if (relaxedSimd !== undefined && relaxedSimd !== isRelaxed(startedBackend())) {
    const way = 'give it in the first call, before the backend starts';
    const details = { call: CALL, field: 'relaxedSimd', value: relaxedSimd, way };
    throw refusal(OptionError, details, 'must be what the backend has been started with');
  }
  registerWasmTrainingKernels();
  if (!(await tf.setBackend('wasm'))) {
    const text = "the 'wasm' backend must start, got a failure (in a browser: check `wasmPaths`)";
    throw new CatrsError(text, { call: CALL, field: 'wasmPaths', value: wasmPaths });
  }
  await tf.ready();
  if (isNew && relaxedSimd === true) {
    relax(startedBackend());
    nameEngine(startedBackend(), engineText('wasm', 'relaxed SIMD'));
  }
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

function startedBackend(): object {
  return tf.engine().registry['wasm']!;
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
