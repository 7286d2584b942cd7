/**
 * A port: whatever carries structured clones between two realms. Hides whether it is the web's or Node's kind.
 * Knows no message of ours.
 */

/**
 * A port of the web's kind: a `MessagePort`, a `Worker`, the global scope of a dedicated worker, a
 * `BroadcastChannel` that two sides have for themselves. Node's `MessagePort` is one too.
 */
export interface WebRemotePort {
  postMessage(message: unknown): void;
  addEventListener(
    type: string,
    listener: (event: { readonly type: string; readonly data?: unknown }) => void,
  ): void;
  removeEventListener(
    type: string,
    listener: (event: { readonly type: string; readonly data?: unknown }) => void,
  ): void;
  /** Begins to deliver, where a port waits for that. */
  start?(): void;
}

/** A port of Node's kind: a `Worker` or a `MessagePort` of `node:worker_threads`. */
export interface NodeRemotePort {
  postMessage(message: unknown): void;
  on(event: string, listener: (value: unknown) => void): unknown;
  off(event: string, listener: (value: unknown) => void): unknown;
}

/** Where a messenger is exposed or reached. It stays the caller's: it is listened to, never closed. */
export type RemotePort = WebRemotePort | NodeRemotePort;

/** What a port says. */
export interface PortListener {
  /** Anything at all. */
  message(data: unknown): void;
  /** The port, or what is behind it, has ended. Not every port says so. */
  ended(): void;
}

/** How a web port and a Node port tell that nothing comes any more; `exit` is a Node worker's. */
const webEndings = ['close'] as const;
const nodeEndings = ['close', 'exit'] as const;

/** Listens to a port. @returns stops listening */
export function listenTo(port: RemotePort, listener: PortListener): () => void {
  return 'addEventListener' in port ? listenToWeb(port, listener) : listenToNode(port, listener);
}

function listenToWeb(port: WebRemotePort, listener: PortListener): () => void {
  const message = (event: { readonly data?: unknown }) => {
    listener.message(event.data);
  };
  const ended = () => {
    listener.ended();
  };
  port.addEventListener('message', message);
  for (const name of webEndings) port.addEventListener(name, ended);
  port.start?.();
  return () => {
    port.removeEventListener('message', message);
    for (const name of webEndings) port.removeEventListener(name, ended);
  };
}

function listenToNode(port: NodeRemotePort, listener: PortListener): () => void {
  const message = (value: unknown) => {
    listener.message(value);
  };
  const ended = () => {
    listener.ended();
  };
  port.on('message', message);
  for (const name of nodeEndings) port.on(name, ended);
  return () => {
    port.off('message', message);
    for (const name of nodeEndings) port.off(name, ended);
  };
}
