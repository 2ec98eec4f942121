import { yieldToHost } from './yield-to-host.ts';

// Long enough to cost nothing, short enough for a page to stay alive.
const YIELD_EVERY_MS = 30;

/**
 * Makes a function to be called between batches: it lets the host have its turn at the first call and now and then, and throws once
 * aborted. At the first call: a host that loops over short runs would otherwise never get one.
 * @internal
 */
export function hostTurns(signal: AbortSignal | undefined): () => Promise<void> {
  let lastYield = -Infinity;
  return async () => {
    if (performance.now() - lastYield > YIELD_EVERY_MS) {
      await yieldToHost();
      lastYield = performance.now();
    }
    signal?.throwIfAborted();
  };
}
