import { ruleOf } from '../certify/rule-of.ts';
import type { RuleRecord, Smoothing } from '../certify/types.ts';
import { OptionError, refusal, showValue } from '../errors.ts';
import { ownData } from '../host/own-data.ts';
import { contextOf } from '../options/call-context.ts';
import type { CertifyOptions } from '../smoothed/call-options.ts';
import type { OutputCertifier, OutputRecord, OutputTask } from '../smoothed/outputs/types.ts';
import type { Certifier, StreamExample, TimedCertificate, TimedOutput } from '../smoothed/types.ts';
import { type StartWorkersOptions, type ThreadOptions, threadOptions } from './thread-options.ts';
import type { Key } from '../types.ts';
import { ThreadTeam } from './module-thread.ts';
import {
  type AskedExample,
  type CertifierRecord,
  type FromThread,
  type RunMessage,
  type ThreadRecord,
  type ToThread,
  WorkerRun,
} from './worker-run.ts';

/**
 * What the module of {@link StartWorkersOptions.module} exports.
 *
 * @example
 * ```ts
 * // my-certifier.js
 * export async function makeCertifier({ weights, sigma }) {
 *   await useWasm();
 *   return new SmoothedClassifier(await myModel(weights), { noise: new GaussianNoise({ sigma }) });
 * }
 * ```
 */
export interface WorkerModule<
  Data = unknown,
  Options extends object = CertifyOptions,
  Made = Certifier<Options> | OutputCertifier<Options>,
> {
  /** Makes the certifier in a thread, once: sets the backend there, loads the model. Gets a copy of {@link StartWorkersOptions.data}. */
  readonly makeCertifier: (data: Data) => Made | Promise<Made>;
}

/** Worker threads that make certificates, or answer otherwise. One run at a time. */
export interface WorkerThreads {
  /** Number of threads. */
  readonly workers: number;
  /**
   * What a method of the classifier in the threads says of each example, in the order of the examples: `predict`, `probabilities`, or one that
   * the module has added (`attack` is what `attackDataset` asks for). It is called as `method(x, options, { index, label })`, with `foldIn(key, index)` in place of the key.
   *
   * @throws OptionError for a method that is not there, and what the method throws; errors as those of `certifyStream`
   * @example
   * ```ts
   * for await (const { label, abstained } of workers.answers('predict', examples, { key, n: 1000 })) console.log(abstained ? -1 : label);
   * ```
   */
  answers<Answer = unknown>(
    method: string,
    examples: AsyncIterable<AskedExample>,
    options: AnswerOptions,
  ): AsyncGenerator<Answer, void, undefined>;
  /** Ends the threads, and the run that they are at. */
  close(): Promise<void>;
  /** Ends the threads: `await using workers = await startWorkers(...)`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A certifier whose work is done by worker threads: give it to `certifyDataset` or `certifyToLog` in place of a classifier.
 *
 * It takes the options of the certifiers that the module makes. One run at a time.
 */
export interface WorkerCertifier<Options extends object = CertifyOptions>
  extends Certifier<Options>, CertifierRecord, WorkerThreads {}

/**
 * The same of other outputs than one label: give it to `certifyDataset` or `certifyToLog` in place of the certifiers that the module makes.
 */
export interface OutputWorkers<Options extends object, C extends OutputRecord = OutputRecord>
  extends OutputCertifier<Options, C>, WorkerThreads {}

/** Options of {@link WorkerThreads.answers}: those of the method, and these. What is here must be such that it can be sent to a thread. */
export interface AnswerOptions {
  /** Drives the noise: example i uses `foldIn(key, i)`. */
  readonly key: Key;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Any other option of the method. */
  readonly [name: string]: unknown;
}

const CALL = 'startWorkers';

/**
 * Starts worker threads that certify together, each with its own model and backend.
 *
 * Rows, their order and the log are those of one thread, for any number of threads. Each thread is sent one example after the other, as it has room,
 * so that none waits while others work on harder ones; up to 1024 examples a thread are certified ahead of a slow one.
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
): Promise<WorkerCertifier<Options>>;
/**
 * The same for a module whose certifiers are of other outputs than one label: `startWorkers<RegressionOptions, RegressionCertificate>({ module })`. What the
 * threads are sent are copies, so that an option with functions in it is refused: the module must make what needs them.
 */
export async function startWorkers<Options extends object, C extends OutputRecord>(
  options: StartWorkersOptions,
): Promise<OutputWorkers<Options, C>>;
export async function startWorkers<Options extends object>(options: StartWorkersOptions): Promise<unknown> {
  return WorkerPool.start<Options>(CALL, threadOptions(CALL, options));
}

/** A hard example takes as long as hundreds of others: nobody waits for it. What is kept of these is their answers. */
const LOOK_AHEAD_PER_THREAD = 1024;

/** What of the options stays in this thread. */
interface RunFunctions<Signal, Listener> {
  readonly signal?: Signal | undefined;
  readonly onSamples?: Listener | undefined;
}

/** Worker threads and the runs that they do; the record of the threads says which of the fields there are. */
class WorkerPool<Options extends object> implements WorkerThreads, ThreadRecord {
  readonly task: OutputTask | undefined;
  readonly numClasses: number | undefined;
  readonly smoothing: Smoothing | undefined;
  readonly engine: string | undefined;
  readonly noise: CertifierRecord['noise'];
  readonly beta: number | undefined;
  readonly rule: CertifierRecord['rule'];
  readonly workers: number;
  readonly #team: ThreadTeam<ThreadRecord, ToThread, FromThread>;
  #isRunning = false;
  #run: WorkerRun | undefined;

  private constructor(team: ThreadTeam<ThreadRecord, ToThread, FromThread>) {
    const record = team.records[0] as ThreadRecord;
    this.#team = team;
    this.task = record.task;
    this.workers = team.size;
    this.numClasses = record.numClasses;
    this.smoothing = record.smoothing;
    this.engine = engineOfAll(team.records);
    this.noise = record.noise;
    this.beta = record.beta;
    this.rule = record.rule;
  }

  /** Starts threads and waits until each has its certifier. */
  static async start<O extends object>(
    call: string,
    options: { readonly workers: number; readonly thread: ThreadOptions },
  ): Promise<WorkerPool<O>> {
    const kind = { entry: 'worker-entry', makes: 'a certifier' };
    return new WorkerPool<O>(await ThreadTeam.start(call, { ...options, kind }));
  }

  /** Certificates in the order of the examples, as those of one thread. */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: Options,
  ): AsyncGenerator<TimedCertificate | TimedOutput<OutputRecord>, void, undefined> {
    return this.#begin(examples, options, {
      method: undefined,
      context: contextOf(options, 'WorkerCertifier.certifyStream'),
    }) as AsyncGenerator<TimedCertificate | TimedOutput<OutputRecord>, void, undefined>;
  }

  /** Answers of another method, in the order of the examples. */
  answers<Answer>(
    method: string,
    examples: AsyncIterable<AskedExample>,
    options: AnswerOptions,
  ): AsyncGenerator<Answer, void, undefined> {
    const context = contextOf(options, 'WorkerCertifier.answers');
    return this.#begin(examples, options, { method, context }) as AsyncGenerator<Answer, void, undefined>;
  }

  #begin(
    examples: AsyncIterable<AskedExample>,
    options: object,
    { method, context: { call, known, inferenceForm } }: Pick<RunMessage, 'method' | 'context'>,
  ): AsyncGenerator<unknown, void, undefined> {
    const { signal, onSamples, ...rest } = { ...options } as RunFunctions<unknown, unknown>;
    const isSignal = signal instanceof AbortSignal;
    const isListener = typeof onSamples === 'function';
    // Anything else is refused where the other options are checked.
    const others = {
      ...(isSignal || signal === undefined ? {} : { signal }),
      ...(isListener || onSamples === undefined ? {} : { onSamples }),
    };
    const message = {
      ...messageFor({ ...rest, ...others }, { call, known, inferenceForm }),
      method,
      tellsSamples: isListener,
    };
    return this.#answers(examples, message, {
      signal: isSignal ? signal : undefined,
      onSamples: isListener ? (onSamples as CertifyOptions['onSamples']) : undefined,
    });
  }

  async *#answers(
    examples: AsyncIterable<AskedExample>,
    message: RunMessage,
    { signal, onSamples }: RunFunctions<AbortSignal, CertifyOptions['onSamples']>,
  ): AsyncGenerator<unknown, void, undefined> {
    const { call } = message.context;
    if (this.#isRunning) throw notAtRest(call, 'workers in the middle of a run');
    this.#isRunning = true;
    try {
      signal?.throwIfAborted();
      const threads = await this.#team.threads();
      if (threads === undefined) throw notAtRest(call, 'closed ones');
      const source = examples[Symbol.asyncIterator]();
      const lookAhead = LOOK_AHEAD_PER_THREAD * this.workers;
      this.#run = new WorkerRun({ threads, source, message, signal, onSamples, lookAhead });
      yield* this.#run.answers();
    } finally {
      this.#isRunning = false;
      this.#run = undefined;
    }
  }

  /** Ends the threads, and the run that they are at. */
  async close(): Promise<void> {
    const closed = this.#team.close(); // marked before the run ends
    this.#run?.stop(notAtRest('WorkerCertifier.close', 'a run that is not at its end'));
    await closed;
  }

  /** Ends the threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** What runs the classifiers of all threads. Throws OptionError where it is not the same: rows would depend on which thread made them. */
function engineOfAll(records: readonly ThreadRecord[]): string | undefined {
  const engines = [...new Set(records.map(({ engine }) => engine))];
  if (engines.length === 1) return engines[0];
  const got = engines.map((engine) => engine ?? 'one that is not known').join(' and ');
  throw refusal(
    OptionError,
    { call: CALL, field: 'module', value: engines, got },
    'must use one engine in all threads',
  );
}

function notAtRest(call: string, found: string): OptionError {
  const way = 'startWorkers gives others';
  return refusal(OptionError, { call, field: 'workers', value: found, got: found, way }, 'must be open and at rest');
}

/** What the threads are told at the beginning. Throws OptionError for what cannot be sent. */
function messageFor(options: object, context: RunMessage['context']): Omit<RunMessage, 'method' | 'tellsSamples'> {
  const { call } = context;
  const { rule, ...given } = options as { readonly rule?: Partial<RuleRecord> | null };
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    try {
      rest[name] = structuredClone(value); // the run begins later, and the value is the host's
    } catch {
      throw refusal(OptionError, { call, field: name, value }, 'must be a value that can be sent to a thread');
    }
  }
  if (typeof rule !== 'object' || rule === null) {
    return { kind: 'run', options: rule === undefined ? rest : { ...rest, rule }, rule: undefined, context };
  }
  const record = ownData({ name: rule.name, parameters: rule.parameters }) as RuleRecord;
  try {
    ruleOf(record);
  } catch {
    const way = 'let makeCertifier return a certifier that adds the rule';
    const details = { call, field: 'rule', value: rule, got: showValue(rule.name), way };
    throw refusal(OptionError, details, 'must be a rule of catrs, which can be sent to threads');
  }
  return { kind: 'run', options: rest, rule: record, context };
}
