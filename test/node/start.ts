import type { StartWorkersOptions, WorkerCertifier } from '../../src/node/start-workers.ts';
import { startWorkers } from '../../src/node/start-workers.ts';
import { afterEach } from 'vitest';

/** Node 20 lets a thread load TypeScript only so. */
const execArgv = ['--import', new URL('../../examples/digits/register-tsx.mjs', import.meta.url).href];

/** Starts threads for a test, which end with it. */
export function useWorkers(): (options?: Partial<StartWorkersOptions>) => Promise<WorkerCertifier> {
  const started: WorkerCertifier[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((workers) => workers.close()));
  });
  return async (options) => {
    const module = new URL('worker-module.ts', import.meta.url);
    const workers = await startWorkers({ module, workers: 2, execArgv, ...options });
    started.push(workers);
    return workers;
  };
}
