/** Waiting for the event loop, without time. */

/** Resolves in a later turn of the event loop: every microtask that was waiting, and what it started, has run by then. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      // An open port would keep a Node process alive.
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
