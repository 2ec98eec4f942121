import { startTrainers, type StartTrainersOptions } from '../../src/node/start-trainers.ts';
import type { StartWorkersOptions } from '../../src/node/thread-options.ts';
import { startWorkers, type WorkerCertifier } from '../../src/node/start-workers.ts';
import type { Trainers } from '../../src/node/train-step.ts';
import { afterAll, afterEach } from 'vitest';
import { runTypeScript } from '../helpers/run-typescript.ts';

/** Starts threads for a test, which end with it; or, with `afterAll`, with the file. */
export function useWorkers(
  end: typeof afterEach | typeof afterAll = afterEach,
): (options?: Partial<StartWorkersOptions>) => Promise<WorkerCertifier> {
  const module = new URL('worker-module.ts', import.meta.url);
  return useThreads(end, (options) => startWorkers({ module, workers: 2, execArgv: runTypeScript, ...options }));
}

/** Starts threads that train, which end with the file. */
export function useTrainers(): (options?: Partial<StartTrainersOptions>) => Promise<Trainers> {
  const module = new URL('trainer-module.ts', import.meta.url);
  return useThreads(afterAll, (options) =>
    startTrainers({ module, workers: 2, data: 'plain', execArgv: runTypeScript, ...options }),
  );
}

function useThreads<Options, Threads extends { close(): Promise<void> }>(
  end: typeof afterEach | typeof afterAll,
  start: (options?: Options) => Promise<Threads>,
): (options?: Options) => Promise<Threads> {
  const started: Threads[] = [];
  end(async () => {
    await Promise.all(started.splice(0).map((threads) => threads.close()));
  });
  return async (options) => {
    const threads = await start(options);
    started.push(threads);
    return threads;
  };
}
