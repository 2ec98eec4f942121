/** Lets timers, input and abort events of the host run: one turn of the event loop. @internal */
export function yieldToHost(): Promise<void> {
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
