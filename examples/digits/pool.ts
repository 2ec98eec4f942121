/**
 * A pool of worker threads that take tasks from one queue, first come, first served.
 */
import { Worker } from 'node:worker_threads';
import type { OnProgress, Task, TaskResult } from './tasks.ts';
import type { WorkerMessage } from './worker.ts';

interface Job {
  readonly task: Task;
  readonly onProgress: OnProgress;
  readonly resolve: (result: TaskResult<Task>) => void;
  readonly reject: (error: Error) => void;
}

/** How to start the threads. */
export interface WorkerPoolOptions {
  /** Number of threads. */
  readonly size: number;
  /** What each thread finds in `workerData`. */
  readonly workerData: unknown;
  /**
   * The file that each thread runs.
   * @defaultValue worker.ts
   */
  readonly file?: URL;
}

/** Worker threads and their queue. If one thread dies, every task fails: a comparison with holes is none. */
export class WorkerPool {
  readonly #workers: Worker[];
  readonly #idle: Worker[];
  readonly #running = new Map<Worker, Job>();
  readonly #waiting: Job[] = [];
  #failure: Error | undefined;

  constructor({ size, workerData, file = new URL('./worker.ts', import.meta.url) }: WorkerPoolOptions) {
    const execArgv = ['--import', new URL('./register-tsx.mjs', import.meta.url).href];
    this.#workers = Array.from({ length: size }, () => new Worker(file, { workerData, execArgv, stdout: true }));
    this.#idle = [...this.#workers];
    for (const worker of this.#workers) {
      worker.stdout.pipe(process.stderr); // stdout is for results only
      worker.on('message', (message: WorkerMessage) => this.#receive(worker, message));
      worker.on('error', (error) =>
        this.#fail(new Error(`a worker thread crashed: ${error.message}`, { cause: error })),
      );
      worker.on('exit', (code) => this.#fail(new Error(`a worker thread stopped with exit code ${code}`)));
    }
  }

  /** Runs a task on the next free thread. */
  run<T extends Task>(task: T, onProgress: OnProgress = () => undefined): Promise<TaskResult<T>> {
    return new Promise((resolve, reject) => {
      // A worker answers a task with the result of its kind.
      this.#waiting.push({ task, onProgress, resolve: resolve as (result: TaskResult<Task>) => void, reject });
      this.#startNext();
    });
  }

  /** Stops all threads. */
  async close(): Promise<void> {
    this.#failure ??= new Error('the worker pool is closed');
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #startNext(): void {
    if (this.#failure !== undefined) return this.#fail(this.#failure);
    if (this.#idle.length === 0) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    const worker = this.#idle.shift() as Worker;
    this.#running.set(worker, job);
    worker.postMessage(job.task);
  }

  #receive(worker: Worker, message: WorkerMessage): void {
    const job = this.#running.get(worker);
    if (message.kind === 'progress') return job?.onProgress(message.done, message.note);
    this.#running.delete(worker);
    this.#idle.push(worker);
    if (message.kind === 'result') job?.resolve(message.result);
    else job?.reject(message.error);
    this.#startNext();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const jobs = [...this.#running.values(), ...this.#waiting.splice(0)];
    this.#running.clear();
    for (const job of jobs) job.reject(this.#failure);
  }
}
