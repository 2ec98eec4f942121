/**
 * A worker thread: makes WASM its TensorFlow.js backend, then runs one task after the other.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { useWasm } from 'catrs/wasm';
import type { Digits } from './data.ts';
import { runTask } from './tasks.ts';
import type { Task, TaskResult } from './tasks.ts';

/** What a worker is started with. */
export interface WorkerInput {
  readonly digits: Digits;
}

/** What a worker sends. */
export type WorkerMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly note: string }
  | { readonly kind: 'result'; readonly result: TaskResult<Task> }
  | { readonly kind: 'error'; readonly error: Error };

const PROGRESS_EVERY_MS = 100;
const { digits } = workerData as WorkerInput;
const ready = useWasm();

parentPort?.on('message', (task: Task) => {
  run(task).then(
    (result) => send({ kind: 'result', result }),
    (error: unknown) => send({ kind: 'error', error: error instanceof Error ? error : new Error(String(error)) }),
  );
});

async function run(task: Task): Promise<TaskResult<Task>> {
  await ready;
  let last = 0;
  return runTask(task, digits, (done, note) => {
    if (performance.now() - last < PROGRESS_EVERY_MS) return;
    last = performance.now();
    send({ kind: 'progress', done, note });
  });
}

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}
