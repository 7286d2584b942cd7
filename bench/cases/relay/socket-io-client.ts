/** As much of the Socket.IO protocol as a load generator needs, over {@link RawWebSocket}. Knows no operation. */
import { frame, RawWebSocket } from './raw-websocket.js';

/** What one connection hears. */
export interface SocketIoEvents {
  /** An event: the JSON of its array, placeholders in place of bytes, and how many bytes came with it. */
  event(json: string, attachedBytes: number): void;
  /** A connection that was there is gone. One that never came about rejects `connected` instead. */
  closed(): void;
}

const types = {
  connect: '40',
  event: '42',
  acknowledgement: '43',
  refusal: '44',
  binaryEvent: '45',
} as const;

/** One connection to the default namespace. */
export class SocketIoClient {
  readonly #socket: RawWebSocket;
  readonly #events: SocketIoEvents;
  readonly #replies = new Map<number, (json: string) => void>();
  readonly connected: Promise<void>;
  #connected: { resolve: () => void; reject: (error: Error) => void };
  #isConnected = false;
  #nextId = 0;
  #pending = { json: '', attachments: 0, bytes: 0 };

  /** @param auth - of the handshake */
  constructor(url: string, path: string, auth: unknown, events: SocketIoEvents) {
    this.#events = events;
    this.#connected = { resolve: () => {}, reject: () => {} };
    this.connected = new Promise((resolve, reject) => (this.#connected = { resolve, reject }));
    this.#socket = new RawWebSocket(url, `${path}/?EIO=4&transport=websocket`, {
      text: (message) => this.#text(message, auth),
      binary: (message) => this.#binary(message),
      closed: () => {
        this.#connected.reject(new Error('the connection was closed'));
        if (this.#isConnected) events.closed();
      },
    });
  }

  /**
   * Sends an event and calls back with the JSON of the reply's array.
   * @param json - of the event's array, with placeholders for the attachments
   */
  request(json: string, attachments: readonly Buffer[], reply: (json: string) => void): void {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#replies.set(id, reply);
    const type = attachments.length === 0 ? types.event : `${types.binaryEvent}${attachments.length}-`;
    this.#socket.send(Buffer.concat([frame(`${type}${id}${json}`), ...attachments]));
  }

  close(): void {
    this.#socket.close();
  }

  #text(message: string, auth: unknown): void {
    if (message === '2') return this.#socket.send(frame('3'));
    if (message.startsWith('0')) return this.#socket.send(frame(`${types.connect}${JSON.stringify(auth)}`));
    const type = message.slice(0, 2);
    if (type === types.connect) this.#open();
    else if (type === types.refusal) this.#connected.reject(new Error(message));
    else if (type === types.event) this.#events.event(message.slice(2), 0);
    else if (type === types.acknowledgement) this.#reply(message);
    else if (type === types.binaryEvent) this.#expect(message);
  }

  #open(): void {
    this.#isConnected = true;
    this.#connected.resolve();
  }

  #reply(message: string): void {
    const start = message.indexOf('[');
    const id = Number(message.slice(2, start));
    const reply = this.#replies.get(id);
    this.#replies.delete(id);
    reply?.(message.slice(start));
  }

  #expect(message: string): void {
    const dash = message.indexOf('-');
    this.#pending = { json: message.slice(dash + 1), attachments: Number(message.slice(2, dash)), bytes: 0 };
  }

  #binary(message: Buffer): void {
    const pending = this.#pending;
    pending.bytes += message.length;
    pending.attachments -= 1;
    if (pending.attachments === 0) this.#events.event(pending.json, pending.bytes);
  }
}
