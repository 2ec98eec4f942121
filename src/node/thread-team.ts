import { ModuleThread, type ThreadKind } from './module-thread.ts';
import type { ThreadOptions } from './thread-options.ts';

/** What the threads of a team are. @internal */
export interface TeamOptions {
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
