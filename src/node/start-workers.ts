import type { Smoothing } from '../certify/types.ts';
import type { CertifyOptions } from '../smoothed/call-options.ts';
import type { Certifier } from '../smoothed/types.ts';
import { type StartWorkersOptions, threadOptions } from './thread-options.ts';
import { WorkerPool } from './worker-pool.ts';

/**
 * What the module of {@link StartWorkersOptions.module} exports.
 *
 * @example
 * ```ts
 * // my-certifier.js
 * export async function makeCertifier({ weights, sigma }) {
 *   await useWasm();
 *   return new SmoothedClassifier(await myModel(weights), { noise: new GaussianNoise({ sigma }), numClasses: 10 });
 * }
 * ```
 */
export interface WorkerModule<Data = unknown, Options extends object = CertifyOptions> {
  /** Makes the certifier in a thread, once: sets the backend there, loads the model. Gets a copy of {@link StartWorkersOptions.data}. */
  readonly makeCertifier: (data: Data) => Certifier<Options> | Promise<Certifier<Options>>;
}

/** What is known about a certifier in other threads. */
export interface CertifierRecord {
  /** Number of classes. */
  readonly numClasses: number;
  /** Which smoothed classifier its certificates speak of. */
  readonly smoothing: Smoothing;
  /** The smoothing noise, as a log names it. */
  readonly noise?:
    | {
        /** Its name. */
        readonly name: string;
        /** Its parameters, for example `{ sigma: 0.25 }`. */
        readonly parameters: object;
      }
    | undefined;
}

/**
 * A certifier whose work is done by worker threads: give it to `certifyDataset` or `certifyToLog` in place of a classifier.
 *
 * It takes the options of the certifiers that the module makes. One run at a time.
 */
export interface WorkerCertifier<Options extends object = CertifyOptions> extends Certifier<Options>, CertifierRecord {
  /** Number of threads. */
  readonly workers: number;
  /** Ends the threads, and the run that they are at. */
  close(): Promise<void>;
  /** Ends the threads: `await using workers = await startWorkers(...)`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const CALL = 'startWorkers';

/**
 * Starts worker threads that certify together, each with its own model and backend.
 *
 * Rows, their order and the log are those of one thread, for any number of threads. Each thread is sent one example after the other, as it has room,
 * so that none waits while others work on harder ones; up to 64 examples a thread are certified ahead of a slow one.
 *
 * Documented errors come with their class and text. A thread that ends, or throws anything else, is a ClassifierError that names the image;
 * the rows before come first. After an error, an abort or an early `break` all threads are ended; the next run starts new ones. A rule is
 * made again in the threads from its record, so it must be one of catrs, and a deadline has the usual clock.
 *
 * @throws OptionError for an option, a module that cannot be loaded, and one that makes no certifier
 * @throws ClassifierError if a thread ends or throws before it has made its certifier
 * @throws what `makeCertifier` throws, if it is an error of catrs
 * @example
 * ```ts
 * const workers = await startWorkers({ module: new URL('./my-certifier.js', import.meta.url), workers: 2, data: { sigma: 0.25 } });
 * try {
 *   await certifyToLog(workers, testSet, { key, n: 10_000, file: 'runs/digits.tsv' });
 * } finally {
 *   await workers.close();
 * }
 * ```
 */
export async function startWorkers<Options extends object = CertifyOptions>(
  options: StartWorkersOptions,
): Promise<WorkerCertifier<Options>> {
  return WorkerPool.start(CALL, threadOptions(CALL, options));
}
