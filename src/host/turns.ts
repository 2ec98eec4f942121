// For each object the end of its line. It is a cache and no state that anybody could observe: an object that nobody else holds takes its
// line with it, and two lines of one object would be none.
const lines = new WeakMap<object, Promise<unknown>>();

/**
 * Does `work` at an object of the host once all earlier works at it are settled, however they ended.
 *
 * The line belongs to the object itself, so that all who were given the same one share it: two smoothed classifiers over one classifier, two
 * runs over one data set. A work that waits in turn for the object it is at would wait for ever.
 * @internal
 */
export function inTurn<T>(object: object, work: () => T | Promise<T>): Promise<T> {
  const before = lines.get(object) ?? Promise.resolve();
  const result = before.then(work);
  const settled = result.then(nothing, nothing);
  lines.set(object, settled);
  return result;
}

function nothing(): void {
  // Whoever asked for the work hears how it ended; those behind it only that it did.
}

/** Lets timers, input and abort events of the host run: one turn of the event loop. */
function yieldToHost(): Promise<void> {
  // A message, not a timer: browsers hold nested timers back for 4 ms.
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

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
