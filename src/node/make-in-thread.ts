import { workerData } from 'node:worker_threads';
import { type CatrsError, ClassifierError, OptionError, showValue } from '../errors.ts';
import type { ThreadData } from './module-thread.ts';
import { quoteError, toSentError } from './thread-errors.ts';

/** What a module of the host has to export and to make. @internal */
export interface Maker<Made> {
  /** Name of the exported function. */
  readonly name: string;
  /** What it makes, for error texts: `a certifier`. */
  readonly makes: string;
  /** More words on what it makes. */
  readonly example: string;
  /** Whether a value is one. */
  readonly isMade: (value: unknown) => value is Made;
}

/** Loads the module that this thread was given, and has it make what the thread is for. @internal */
export async function makeInThread<Made>({ name, makes, example, isMade }: Maker<Made>): Promise<Made> {
  const { module, data, call } = workerData as ThreadData;
  const wrong = (Kind: typeof CatrsError, text: string, value: unknown): CatrsError =>
    new Kind(`\`module\` must ${text}`, { call, field: 'module', value });
  const quoted = (error: unknown): string => quoteError(toSentError(error));
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = (await import(module)) as typeof exported;
  } catch (error) {
    throw wrong(OptionError, `be a module that can be loaded, got ${quoted(error)} for ${module}`, module);
  }
  const make = exported[name];
  if (typeof make !== 'function') {
    const names = Object.keys(exported).join(', ') || 'nothing';
    throw wrong(OptionError, `export a function ${name}, got ${module}, which exports ${names}`, module);
  }
  let made: unknown;
  try {
    made = await (make as (data: unknown) => unknown)(data);
  } catch (error) {
    if (toSentError(error).details !== undefined) throw error;
    throw wrong(ClassifierError, `make ${makes}, got ${quoted(error)} from ${name} of ${module}`, module);
  }
  if (isMade(made)) return made;
  const text = `make ${makes} (${example}), got ${showValue(made)} from ${name} of ${module}`;
  throw wrong(OptionError, text, module);
}
