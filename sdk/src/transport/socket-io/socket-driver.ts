/**
 * The live stream over Socket.IO: one websocket per connection, events and replies handed on as they
 * come. Reconnecting, checking and waiting are the stream's; here Socket.IO's own are switched off.
 */
import type { ManagerOptions, Socket, SocketOptions } from 'socket.io-client';
import { wireLimits, type SocketHandshake, type SocketOperationName } from '../../wire/index.js';
import type { StreamDriver, StreamEvents, StreamSession } from '../stream-driver.js';
import { plainBytes } from './plain-bytes.js';

/** Where the relay's websocket is. */
const socketPath = '/v1/socket';

/** `io` of `socket.io-client`, or one that behaves like it. */
export type SocketIo = (url: string, options: Partial<ManagerOptions & SocketOptions>) => Socket;

/** Makes a driver for a relay. @param loadIo - called at every connection; cheap from the second time on */
export function socketDriver(origin: string, loadIo: () => Promise<SocketIo>): StreamDriver {
  return {
    connect: (handshake, events) => new SocketSession(origin, loadIo, handshake, events),
  };
}

class SocketSession implements StreamSession {
  readonly #events: StreamEvents;
  #socket: Socket | undefined;
  #closed = false;

  constructor(
    origin: string,
    loadIo: () => Promise<SocketIo>,
    handshake: SocketHandshake,
    events: StreamEvents,
  ) {
    this.#events = events;
    loadIo().then(
      (io) => {
        if (!this.#closed) this.#listen(io(origin, socketOptions(handshake)));
      },
      () => {
        this.#end();
      },
    );
  }

  request(operation: SocketOperationName, payload: unknown): Promise<unknown> {
    const socket = this.#socket;
    // Socket.IO would keep it for a connection that never comes.
    if (!socket?.connected) return Promise.reject(new Error('the socket is not connected'));
    return new Promise((resolve) => {
      socket.emit(operation, payload, (reply: unknown) => {
        resolve(plainBytes(reply));
      });
    });
  }

  close(): void {
    this.#closed = true;
    this.#socket?.offAny();
    this.#socket?.removeAllListeners();
    this.#socket?.disconnect();
    this.#socket = undefined;
  }

  #listen(socket: Socket): void {
    this.#socket = socket;
    socket.onAny((name: string, payload: unknown) => {
      if (!this.#closed) this.#events.event(name, plainBytes(payload));
    });
    socket.on('connect_error', (error: Error & { readonly data?: unknown }) => {
      // Only a relay that was reached and refused says so with data.
      if (error.data === undefined) this.#end();
      else this.#refused(error.data);
    });
    socket.on('disconnect', () => {
      this.#end();
    });
    socket.connect();
  }

  #refused(problem: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#events.refused(problem);
  }

  #end(): void {
    if (this.#closed) return;
    this.close();
    this.#events.ended();
  }
}

/**
 * The largest single message: the text of a frame, or one byte string of it. Socket.IO takes no more
 * than ten byte strings in one frame, so this bounds a frame too.
 */
const maxMessageBytes = wireLimits.maxCiphertextBytes + 32 * 1024;

/** What Node's websockets take and Socket.IO's types do not know. Browsers have bounds of their own. */
const nodeOptions: object = {
  maxPayload: maxMessageBytes,
  // Nothing here is compressible, and what a relay would unpack to is not known beforehand.
  perMessageDeflate: false,
};

function socketOptions(handshake: SocketHandshake): Partial<ManagerOptions & SocketOptions> {
  return {
    ...nodeOptions,
    path: socketPath,
    transports: ['websocket'],
    upgrade: false,
    // A connection of its own each time: nothing of an earlier one lives on.
    forceNew: true,
    multiplex: false,
    reconnection: false,
    autoConnect: false,
    // Sent in the first frame of the connection, never in the address.
    auth: (give) => {
      give({ ...handshake });
    },
    withCredentials: false,
  };
}
