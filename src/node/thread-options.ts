import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OptionError } from '../errors.ts';
import { parseStartWorkersOptions } from '../options/log-run-options.ts';
import type { StartWorkersOptions } from './start-workers.ts';

/** How to start a thread. @internal */
export interface ThreadOptions extends Omit<StartWorkersOptions, 'module' | 'workers'> {
  readonly module: URL;
}

/** The number of threads and how to start each. Throws OptionError. @internal */
export function threadOptions(
  call: string,
  options: StartWorkersOptions,
): { readonly workers: number; readonly thread: ThreadOptions } {
  const { module, workers = availableParallelism(), ...rest } = parseStartWorkersOptions(call, options);
  const url = typeof module === 'string' ? pathToFileURL(resolve(module)) : new URL(module);
  // Threads are started again after an error: with what was given, whatever the host has made of it since.
  const given = Object.entries({ ...rest, data: clone(call, rest.data) }).filter(([, value]) => value !== undefined);
  return { workers, thread: { module: url, ...(Object.fromEntries(given) as Omit<ThreadOptions, 'module'>) } };
}

function clone(call: string, data: unknown): unknown {
  try {
    return structuredClone(data);
  } catch (error) {
    const got = JSON.stringify((error as Error).message);
    const text = `\`data\` must be a value that can be sent to a thread, got ${got}`;
    throw new OptionError(text, { call, field: 'data', value: error });
  }
}
