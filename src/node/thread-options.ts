import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
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
  const url = typeof module === 'string' ? pathToFileURL(resolve(module)) : module;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return { workers, thread: { module: url, ...(Object.fromEntries(given) as Omit<ThreadOptions, 'module'>) } };
}
