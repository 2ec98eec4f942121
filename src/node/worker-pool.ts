import { ruleOf } from '../certify/rule-of.ts';
import type { RuleRecord, Smoothing } from '../certify/types.ts';
import { type CatrsError, OptionError, showValue } from '../errors.ts';
import type { Caller, StreamExample, TimedCertificate } from '../smoothed/types.ts';
import { CertifierThread, type ThreadOptions } from './certifier-thread.ts';
import type { CertifierRecord, WorkerCertifier } from './start-workers.ts';
import type { RunMessage } from './worker-protocol.ts';
import { WorkerRun } from './worker-run.ts';

const LOOK_AHEAD_PER_THREAD = 64;

/** Worker threads and the runs that they do. @internal */
export class WorkerPool<Options extends object> implements WorkerCertifier<Options> {
  readonly numClasses: number;
  readonly smoothing: Smoothing;
  readonly noise: CertifierRecord['noise'];
  readonly workers: number;
  readonly #call: string;
  readonly #options: ThreadOptions;
  #threads: readonly CertifierThread[];
  #isRunning = false;
  #run: WorkerRun | undefined;
  #isClosed = false;

  private constructor(
    call: string,
    options: ThreadOptions,
    { threads, record }: { readonly threads: readonly CertifierThread[]; readonly record: CertifierRecord },
  ) {
    this.#call = call;
    this.#options = options;
    this.#threads = threads;
    this.workers = threads.length;
    this.numClasses = record.numClasses;
    this.smoothing = record.smoothing;
    this.noise = record.noise;
  }

  /** Starts threads and waits until each has its certifier. */
  static async start<O extends object>(call: string, workers: number, options: ThreadOptions): Promise<WorkerPool<O>> {
    return new WorkerPool<O>(call, options, await startThreads(call, workers, options));
  }

  /** Certificates in the order of the examples, as those of one thread. */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: Options,
    caller: Caller = { call: 'WorkerCertifier.certifyStream', known: [] },
  ): AsyncGenerator<TimedCertificate, void, undefined> {
    const { signal, ...rest } = { ...options } as { readonly signal?: unknown };
    const isSignal = signal instanceof AbortSignal;
    // Anything else is refused where the other options are checked.
    const message = messageFor(isSignal || signal === undefined ? rest : { ...rest, signal }, caller);
    return this.#certificates(examples, message, isSignal ? signal : undefined);
  }

  async *#certificates(
    examples: AsyncIterable<StreamExample>,
    message: RunMessage,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<TimedCertificate, void, undefined> {
    const { call } = message.caller;
    if (this.#isRunning) throw notAtRest(call, 'workers in the middle of a run');
    this.#isRunning = true;
    try {
      signal?.throwIfAborted();
      if (!this.#isClosed && !this.#threads.every((thread) => thread.isAlive)) await this.#restart();
      if (this.#isClosed) throw notAtRest(call, 'closed ones');
      const source = examples[Symbol.asyncIterator]();
      const lookAhead = LOOK_AHEAD_PER_THREAD * this.workers;
      this.#run = new WorkerRun({ threads: this.#threads, source, message, signal, lookAhead });
      yield* this.#run.certificates();
    } finally {
      this.#isRunning = false;
      this.#run = undefined;
    }
  }

  async #restart(): Promise<void> {
    this.#threads = (await startThreads(this.#call, this.workers, this.#options)).threads;
    if (this.#isClosed) await endAll(this.#threads);
  }

  /** Ends the threads, and the run that they are at. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#run?.stop(notAtRest('WorkerCertifier.close', 'a run that is not at its end'));
    await endAll(this.#threads);
  }

  /** Ends the threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function notAtRest(call: string, found: string): OptionError {
  const text = `\`workers\` must be open and at rest, got ${found} (startWorkers gives others)`;
  return new OptionError(text, { call, field: 'workers', value: found });
}

async function startThreads(
  call: string,
  count: number,
  options: ThreadOptions,
): Promise<{ threads: readonly CertifierThread[]; record: CertifierRecord }> {
  const threads = Array.from({ length: count }, () => new CertifierThread(call, options));
  try {
    const [record] = await Promise.all(threads.map(({ ready }) => ready));
    for (const thread of threads) thread.listen(undefined);
    return { threads, record: record as CertifierRecord };
  } catch (error) {
    await endAll(threads);
    throw error;
  }
}

async function endAll(threads: readonly CertifierThread[]): Promise<void> {
  await Promise.all(threads.map((thread) => thread.terminate()));
}

/** What the threads are told at the beginning. Throws OptionError for what cannot be sent. */
function messageFor(options: object, caller: Caller): RunMessage {
  const { rule, ...rest } = options as { readonly rule?: Partial<RuleRecord> | null };
  const wrong = (name: string, must: string, value: unknown): CatrsError =>
    new OptionError(`\`${name}\` must be ${must}`, { call: caller.call, field: name, value });
  for (const [name, value] of Object.entries(rest)) {
    try {
      structuredClone(value);
    } catch {
      throw wrong(name, `a value that can be sent to a thread, got ${showValue(value)}`, value);
    }
  }
  if (typeof rule !== 'object' || rule === null) {
    return { kind: 'run', options: rule === undefined ? rest : { ...rest, rule }, rule: undefined, caller };
  }
  const record = { name: rule.name, parameters: rule.parameters } as RuleRecord;
  try {
    ruleOf(record);
  } catch {
    const must = `a rule of catrs, which can be sent to threads, got ${showValue(rule.name)} (let makeCertifier return a certifier that adds the rule)`;
    throw wrong('rule', must, rule);
  }
  return { kind: 'run', options: rest, rule: record, caller };
}
