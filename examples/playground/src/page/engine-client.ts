/**
 * The page's end of the worker: a task is a promise with progress, a way to end it early, and a way to throw it away.
 */
import type { Progress, Reply, Request, Results, TaskName, Tasks } from '../protocol.ts';

/** A task under way. */
export interface Running<T extends TaskName> {
  readonly result: Promise<Results[T]>;
  /** Ends it with what it has. */
  stop(): void;
  /** Throws it away; `result` is then rejected with {@link Cancelled}. */
  cancel(): void;
}

/** The reason of a task that was thrown away. */
export class Cancelled extends Error {}

interface Waiting {
  readonly report: (value: never) => void;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** Talks to one worker. */
export class EngineClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #tasks = 0;
  #failure: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => this.#receive(data));
    worker.addEventListener('error', ({ message }) => this.#fail(new Error(message || 'the worker did not start')));
  }

  /** Starts a task. */
  run<T extends TaskName>(kind: T, task: Tasks[T], report: (value: Progress[T]) => void = () => undefined): Running<T> {
    const id = this.#tasks++;
    const result = new Promise<Results[T]>((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#waiting.set(id, { report, resolve, reject }); // a worker answers a task with the result of its kind
      this.#send({ id, kind, task } as Request);
    });
    return {
      result,
      stop: () => this.#send({ id, kind: 'stop' }),
      cancel: () => this.#send({ id, kind: 'cancel' }),
    };
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if (reply.kind === 'progress') return waiting.report(reply.value as never);
    this.#waiting.delete(reply.id);
    if (reply.kind === 'done') waiting.resolve(reply.value as never);
    else waiting.reject(reply.cancelled ? new Cancelled(reply.message) : new Error(reply.message));
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #send(request: Request): void {
    this.#worker.postMessage(request);
  }
}
