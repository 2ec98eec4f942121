import type { ThreadListener } from './module-thread.ts';
import { endThreads } from './thread-team.ts';
import { shareLossOf } from './thread-failure.ts';
import type { BatchShare } from './cut-batch.ts';
import type { ShareMessage, ShareResult, TrainerThread } from './trainer-protocol.ts';

/** The shares of a step and who computes them. @internal */
export interface ShareRun {
  readonly call: string;
  /** As many as there are shares, or more. */
  readonly threads: readonly TrainerThread[];
  readonly shares: readonly BatchShare[];
  readonly memory: SharedArrayBuffer;
  /** Ends the step. */
  readonly signal: AbortSignal;
}

/**
 * Sends each thread its share; gives the results in the order of the shares.
 *
 * Whatever goes wrong first is thrown, after all threads have ended.
 * @internal
 */
export async function runShares({ call, threads, shares, memory, signal }: ShareRun): Promise<ShareResult[]> {
  const working = threads.slice(0, shares.length);
  const results: ShareResult[] = [];
  let onAbort: () => void = () => undefined;
  try {
    return await new Promise<ShareResult[]>((resolve, reject) => {
      let left = working.length;
      const listener: ThreadListener<TrainerThread, ShareResult> = {
        receive: (thread, result) => {
          results[working.indexOf(thread)] = result;
          if (--left === 0) resolve(results);
        },
        fail: (thread, failure) => {
          const at = working.indexOf(thread);
          const { begin, size } = shares[at] as BatchShare;
          reject(shareLossOf(call, failure, { thread: at, workers: threads.length, begin, size }));
        },
      };
      onAbort = () => reject(signal.reason as Error);
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort);
      working.forEach((thread, i) => {
        const { tensors, values } = shares[i] as BatchShare;
        const message: ShareMessage = { call, memory, tensors, values };
        thread.listen(listener);
        thread.send(message);
      });
    });
  } catch (error) {
    await endThreads(threads);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    for (const thread of working) thread.listen(undefined);
  }
}
