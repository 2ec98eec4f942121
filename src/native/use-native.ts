import * as tf from '@tensorflow/tfjs';
import { CatrsError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { nameEngine } from '../tensors/engine.ts';
import type { NativeBackend } from './backend.ts';
import { registerNativeGradients } from './gradients.ts';
import { registerNativeKernels } from './kernels.ts';
import { findNative, loadNative, type NativePackage, PACKAGES } from './load-package.ts';
import { ONE_DNN_TEXT, type OneDnn, oneDnn, preferOneDnn } from './one-dnn.ts';
import { setThreads } from './threads.ts';

/** Options of {@link useNative}. */
export interface UseNativeOptions {
  /**
   * Threads of TensorFlow, for all threads of the process together; a worker that shall have one core gives 1. TensorFlow learns their number
   * when it is loaded and keeps it.
   *
   * @defaultValue what `TF_NUM_INTRAOP_THREADS` says, else the number of logical cores
   */
  readonly threads?: number | undefined;
  /**
   * The package that brings TensorFlow's library.
   *
   * @defaultValue the one that is installed, `'@tensorflow/tfjs-node-gpu'` before `'@tensorflow/tfjs-node'`
   */
  readonly packageName?: '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu' | undefined;
  /**
   * Folder from which the package is looked for, as Node looks for packages: there and in the folders above.
   *
   * @defaultValue where catrs is installed, then the working directory
   */
  readonly resolveFrom?: string | URL | undefined;
}

const useNativeOptions = optionsOf<UseNativeOptions>()({
  threads: fields.optional(fields.positiveInteger),
  packageName: fields.optional(fields.oneOf(...PACKAGES)),
  resolveFrom: fields.optional(
    fields.field<string | URL>(
      'must be the path or file: URL of a folder',
      (v) => (typeof v === 'string' && v !== '') || (v instanceof URL && v.protocol === 'file:'),
    ),
  ),
});

/** The engine that {@link useNative} has started, for records. */
export interface NativeEngine {
  /** The package that brings it. */
  readonly packageName: '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';
  /** Version of the package, for example `'4.22.0'`. */
  readonly packageVersion: string;
  /** Version of TensorFlow itself, for example `'2.9.1'`. */
  readonly tensorflowVersion: string;
  /** Whether it computes on a GPU. */
  readonly usesGpu: boolean;
  /**
   * Whether it computes with oneDNN, which rounds differently: `'on'` and `'off'` as `TF_ENABLE_ONEDNN_OPTS` told it, `'by processor'` where that
   * was not set when something else loaded the library.
   */
  readonly oneDnn: 'on' | 'off' | 'by processor';
}

const CALL = 'useNative';

/**
 * Makes TensorFlow's own library the TensorFlow.js backend (its name is `'tensorflow'`), and waits until it is ready.
 *
 * Loads `@tensorflow/tfjs-node` or `@tensorflow/tfjs-node-gpu` (packages that the host installs), on Node 23 and newer too, where it supplies the two
 * functions of `util` that the package lacks there; keeps TensorFlow from printing what is no error, unless `TF_CPP_MIN_LOG_LEVEL` is set.
 * Lets TensorFlow compute with oneDNN on every processor, unless `TF_ENABLE_ONEDNN_OPTS` is set or something has loaded the library before.
 * May be called again, with the same options.
 *
 * @param options - see {@link UseNativeOptions}.
 * @returns what was started, when `tf.getBackend()` is `'tensorflow'` and ready.
 * @throws OptionError if an option is unknown or out of range, or TensorFlow is loaded already with another number of threads.
 * @throws CatrsError if the package is not installed, or its library cannot be loaded.
 * @example
 * ```js
 * import { useNative } from 'catrs/native';
 *
 * const { tensorflowVersion } = await useNative({ threads: 2 });
 * ```
 */
export async function useNative(options: UseNativeOptions = {}): Promise<NativeEngine> {
  const { threads, packageName, resolveFrom } = useNativeOptions.parse(CALL, options);
  const found = findNative(CALL, { packageName, resolveFrom });
  if (threads !== undefined) setThreads(CALL, threads);
  preferOneDnn();
  const version = loadNative(CALL, found);
  if (!(await tf.setBackend('tensorflow'))) {
    throw refusal(CatrsError, { call: CALL, field: found.name, value: undefined, got: 'a failure' }, 'must start');
  }
  await tf.ready();
  const setting = oneDnn();
  registerNativeKernels(setting);
  registerNativeGradients();
  return engineOf(found.name, version, setting);
}

function engineOf(packageName: NativePackage, packageVersion: string, setting: OneDnn): NativeEngine {
  const { binding, isUsingGpuDevice: usesGpu } = tf.backend() as unknown as NativeBackend;
  const shortName = packageName.slice(packageName.indexOf('/') + 1);
  nameEngine(tf.backend(), `tensorflow ${binding.TF_Version} (${shortName} ${packageVersion}${ONE_DNN_TEXT[setting]})`);
  return { packageName, packageVersion, tensorflowVersion: binding.TF_Version, usesGpu, oneDnn: setting };
}
