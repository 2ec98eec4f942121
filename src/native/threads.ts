import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { OptionError, refusal } from '../errors.ts';
import { hasTensorflow, realEnvironment } from './process-report.ts';

/** What TensorFlow reads when it is loaded: threads within an operation, and operations at a time. */
const VARIABLES = ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS'] as const;

/**
 * Makes TensorFlow start with so many threads. It reads their number once in the life of a process, when it is loaded, and all threads of
 * JavaScript share them.
 *
 * @throws OptionError if it is loaded already with another number, or cannot be told one from this thread
 * @internal
 */
export function setThreads(call: string, threads: number): void {
  const wanted = String(threads);
  if (!hasTensorflow()) {
    for (const name of VARIABLES) process.env[name] = wanted;
    if (isMainThread) return;
  }
  const found = isMainThread ? process.env : realEnvironment();
  if (VARIABLES.every((name) => found[name] === wanted)) return;
  const is = VARIABLES.map((name) => `${name} ${found[name] ?? 'not set'}`).join(' and ');
  const way = isMainThread
    ? 'leave `threads` out, or call useNative with it before anything else loads TensorFlow'
    : `set both in the environment of the process, or call useNative({ threads: ${threads} }) in the main thread first`;
  const details = { call, field: 'threads', value: threads, got: `${threads} with ${is}`, way };
  throw refusal(OptionError, details, 'must be the number that TensorFlow is loaded with in this process');
}
