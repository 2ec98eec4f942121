import { SHARE_ENV, Worker } from 'node:worker_threads';
import { OptionError, refusal } from '../errors.ts';
import { failureOf, noMaker, type SentError, type ThreadFailure, toSentError } from './thread-errors.ts';
import type { ThreadOptions } from './thread-options.ts';

/** What a thread is started with. @internal */
export interface ThreadData {
  /** The module of the host, as a URL. */
  readonly module: string;
  /** What its maker gets. */
  readonly data: unknown;
  /** The public call that error texts name. */
  readonly call: string;
}

/** What the threads of a team run. */
interface ThreadKind {
  /** The file that a thread runs, beside this one, without its ending. */
  readonly entry: string;
  /** What the module of the host makes in it, for error texts: `a certifier`. */
  readonly makes: string;
}

/** What a thread of any kind says: it has made what it is for, or it failed. @internal */
export type FromAnyThread<Ready> =
  { readonly kind: 'ready'; readonly record: Ready } | { readonly kind: 'failed'; readonly error: SentError };

/** Who hears a thread. @internal */
export interface ThreadListener<Thread, From> {
  /** It says something. */
  receive(thread: Thread, message: From): void;
  /** It failed: an error that it sent, or how it ended. */
  fail(thread: Thread, failure: ThreadFailure): void;
}

/** A worker thread with what a module of the host made in it. @internal */
export class ModuleThread<Ready, To, From> {
  /** What the made thing is, once it is made. */
  readonly ready: Promise<Ready>;
  readonly #worker: Worker;
  #listener: ThreadListener<ModuleThread<Ready, To, From>, From> | undefined;
  #isAlive = true;

  constructor(call: string, { entry, makes }: ThreadKind, options: ThreadOptions) {
    this.#worker = startWorker(call, entry, options);
    this.ready = new Promise((resolve, reject) => {
      const fail = (failure: ThreadFailure): void => {
        reject(noMaker(call, makes, failure, options.module));
        this.#listener?.fail(this, failure);
      };
      this.#worker.on('message', (message: FromAnyThread<Ready> | { readonly kind: 'other' }) => {
        if (message.kind === 'ready') resolve(message.record);
        else if (message.kind === 'failed') fail(failureOf(message.error));
        else this.#listener?.receive(this, message as From);
      });
      this.#worker.on('error', (error: unknown) => {
        this.#isAlive = false;
        fail(failureOf(toSentError(error)));
      });
      this.#worker.on('exit', (code) => {
        // An error comes first and has been told.
        if (this.#isAlive) fail({ error: undefined, words: `its end with exit code ${code}`, value: code });
        this.#isAlive = false;
      });
    });
  }

  /** Whether it has not ended. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Takes a listener for a run; between runs, without one, the thread does not keep the process alive. */
  listen(listener: ThreadListener<ModuleThread<Ready, To, From>, From> | undefined): void {
    this.#listener = listener;
    if (listener) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Tells it something. */
  send(message: To): void {
    this.#worker.postMessage(message);
  }

  /** Ends it, whatever it is at. */
  async terminate(): Promise<void> {
    this.#listener = undefined;
    this.#isAlive = false;
    await this.#worker.terminate();
  }
}

function startWorker(call: string, entry: string, { module, data, execArgv, resourceLimits }: ThreadOptions): Worker {
  const workerData: ThreadData = { module: module.href, data, call };
  // Beside the sources stands a .ts file, beside the built files a .js file.
  const file = new URL(`./${entry}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
  try {
    return new Worker(file, {
      workerData,
      // What a thread sets there, such as a number of threads, shall reach the libraries that it loads.
      env: SHARE_ENV,
      ...(execArgv && { execArgv: [...execArgv] }),
      ...(resourceLimits && { resourceLimits: { ...resourceLimits } }),
    });
  } catch (error) {
    const details = { call, field: 'execArgv', value: error, got: JSON.stringify((error as Error).message) };
    throw refusal(OptionError, details, 'must be options that Node takes for a thread');
  }
}

/** What the threads of a team are. */
interface TeamOptions {
  /** Number of threads. */
  readonly workers: number;
  readonly kind: ThreadKind;
  readonly thread: ThreadOptions;
}

/** Threads that are started together, ended together, and started again when they are needed. @internal */
export class ThreadTeam<Ready, To, From> {
  /** What each thread said of itself at the start. */
  readonly records: readonly Ready[];
  readonly #call: string;
  readonly #options: TeamOptions;
  #threads: readonly ModuleThread<Ready, To, From>[];
  #isClosed = false;

  private constructor(
    call: string,
    options: TeamOptions,
    { threads, records }: Awaited<ReturnType<typeof startThreads<Ready, To, From>>>,
  ) {
    this.#call = call;
    this.#options = options;
    this.#threads = threads;
    this.records = records;
  }

  /** Starts threads and waits until each has made what it is for. */
  static async start<R, T, F>(call: string, options: TeamOptions): Promise<ThreadTeam<R, T, F>> {
    return new ThreadTeam<R, T, F>(call, options, await startThreads(call, options));
  }

  /** Number of threads. */
  get size(): number {
    return this.#options.workers;
  }

  /** The threads, new ones if any has ended; undefined once the team is closed. */
  async threads(): Promise<readonly ModuleThread<Ready, To, From>[] | undefined> {
    if (!this.#isClosed && !this.#threads.every((thread) => thread.isAlive)) {
      this.#threads = (await startThreads<Ready, To, From>(this.#call, this.#options)).threads;
      if (this.#isClosed) await endThreads(this.#threads);
    }
    return this.#isClosed ? undefined : this.#threads;
  }

  /** Ends the threads, for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await endThreads(this.#threads);
  }
}

/** Ends threads, whatever they are at. @internal */
export async function endThreads(threads: readonly { terminate(): Promise<void> }[]): Promise<void> {
  await Promise.all(threads.map((thread) => thread.terminate()));
}

async function startThreads<R, T, F>(
  call: string,
  { workers, kind, thread }: TeamOptions,
): Promise<{ readonly threads: readonly ModuleThread<R, T, F>[]; readonly records: readonly R[] }> {
  const threads = Array.from({ length: workers }, () => new ModuleThread<R, T, F>(call, kind, thread));
  try {
    const records = await Promise.all(threads.map(({ ready }) => ready));
    for (const each of threads) each.listen(undefined);
    return { threads, records };
  } catch (error) {
    await endThreads(threads);
    throw error;
  }
}
