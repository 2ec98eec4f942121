import { yieldToHost } from './yield-to-host.ts';

// Long enough to cost nothing, short enough for a page to stay alive.
const YIELD_EVERY_MS = 30;

/** Makes a function to be called between batches: it lets the host have its turn now and then, and throws once aborted. @internal */
export function hostTurns(signal: AbortSignal | undefined): () => Promise<void> {
  let lastYield = performance.now();
  return async () => {
    if (performance.now() - lastYield > YIELD_EVERY_MS) {
      await yieldToHost();
      lastYield = performance.now();
    }
    signal?.throwIfAborted();
  };
}
