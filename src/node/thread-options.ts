import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';

/** Options of {@link startWorkers}. */
export interface StartWorkersOptions {
  /** The file of a module that makes the certifier, a {@link WorkerModule}: functions cannot be sent to threads. */
  readonly module: string | URL;
  /**
   * Number of threads.
   * @defaultValue `os.availableParallelism()`, the cores that this process may use
   */
  readonly workers?: number | undefined;
  /** What `makeCertifier` gets, for example weights: anything that can be sent to a thread; each has its copy. */
  readonly data?: unknown;
  /**
   * Options of Node for the threads, for example to load a module that is not JavaScript.
   * @defaultValue those of this process
   */
  readonly execArgv?: readonly string[] | undefined;
  /** Limits on the memory of JavaScript in each thread; arrays of TensorFlow.js are outside. */
  readonly resourceLimits?: Readonly<ResourceLimits> | undefined;
}

const startWorkersOptions = optionsOf<StartWorkersOptions>()({
  module: fields.file,
  workers: fields.optional(fields.positiveInteger),
  data: fields.optional(fields.field<unknown>('', () => true)),
  execArgv: fields.optional(
    fields.field<NonNullable<StartWorkersOptions['execArgv']>>(
      'must be a list of texts',
      (v) => Array.isArray(v) && v.every((argument) => typeof argument === 'string'),
    ),
  ),
  resourceLimits: fields.optional(
    fields.object<NonNullable<StartWorkersOptions['resourceLimits']>>(
      'must be an object (for example { maxOldGenerationSizeMb: 512 })',
    ),
  ),
});

/** How to start a thread. @internal */
export interface ThreadOptions extends Omit<StartWorkersOptions, 'module' | 'workers'> {
  readonly module: URL;
}

/** The number of threads and how to start each. Throws OptionError. @internal */
export function threadOptions(
  call: string,
  options: StartWorkersOptions,
): { readonly workers: number; readonly thread: ThreadOptions } {
  const { module, workers = availableParallelism(), ...rest } = startWorkersOptions.parse(call, options);
  const url = typeof module === 'string' ? pathToFileURL(resolve(module)) : new URL(module);
  // Threads are started again after an error: with what was given, whatever the host has made of it since.
  const given = Object.entries({ ...rest, data: clone(call, rest.data) }).filter(([, value]) => value !== undefined);
  return { workers, thread: { module: url, ...(Object.fromEntries(given) as Omit<ThreadOptions, 'module'>) } };
}

function clone(call: string, data: unknown): unknown {
  try {
    return structuredClone(data);
  } catch (error) {
    const details = { call, field: 'data', value: error, got: JSON.stringify((error as Error).message) };
    throw refusal(OptionError, details, 'must be a value that can be sent to a thread');
  }
}
