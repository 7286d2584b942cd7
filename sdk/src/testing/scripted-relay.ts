/**
 * A relay without a mind of its own: it records what reaches it and says what a case tells it to. For
 * the transport suite. Knows the link, no transport.
 */
import type { RelayLink, RelayLinkAnswer, StreamEvents, StreamSession } from '../transport/memory/index.js';
import type {
  HttpOperationName,
  ProblemDocument,
  SocketHandshake,
  SocketOperationName,
} from '../wire/index.js';
import type { Happenings } from './happenings.js';

/** The relay's clock as it greets connections: milliseconds since the Unix epoch. */
export const scriptedRelayTime = 1_750_000_000_000;

/** A request that reached the relay. */
export interface RecordedRequest {
  readonly operation: HttpOperationName;
  /** JSON as on the wire. */
  readonly body: unknown;
  readonly accessToken: string | undefined;
}

/** Never answers. */
export function silence(): Promise<never> {
  return new Promise(() => undefined);
}

/** See the header. */
export class ScriptedRelay implements RelayLink {
  readonly happenings: Happenings;
  readonly requests: RecordedRequest[] = [];
  readonly connections: ScriptedConnection[] = [];
  /** What it answers. A rejection breaks the connection the request came over. */
  answer: (request: RecordedRequest) => Promise<RelayLinkAnswer> = () =>
    Promise.reject(new Error('not scripted'));
  /** What it does with a connection; it accepts by default. */
  welcome: (connection: ScriptedConnection) => void = (connection) => {
    connection.accept();
  };

  constructor(happenings: Happenings) {
    this.happenings = happenings;
  }

  /** The connections that are open. */
  get open(): ScriptedConnection[] {
    return this.connections.filter(({ isOpen }) => isOpen);
  }

  /** The connection that came last. */
  get latest(): ScriptedConnection {
    const latest = this.connections.at(-1);
    if (!latest) throw new Error('nobody has connected');
    return latest;
  }

  request(
    operation: HttpOperationName,
    body: unknown,
    { accessToken }: { readonly accessToken?: string },
  ): Promise<RelayLinkAnswer> {
    const request = { operation, body, accessToken };
    this.requests.push(request);
    this.happenings.happened();
    return this.answer(request);
  }

  connect(handshake: SocketHandshake, events: StreamEvents): StreamSession {
    const connection = new ScriptedConnection(handshake, events, this.happenings);
    this.connections.push(connection);
    queueMicrotask(() => {
      this.welcome(connection);
      this.happenings.happened();
    });
    return connection;
  }
}

/** One connection to a {@link ScriptedRelay}. */
export class ScriptedConnection implements StreamSession {
  readonly handshake: SocketHandshake;
  readonly requests: { readonly operation: SocketOperationName; readonly payload: unknown }[] = [];
  /** What it replies, in the form of `socketReply`. */
  reply: (operation: SocketOperationName, payload: unknown) => Promise<unknown> = () =>
    Promise.resolve({ ok: true, response: {} });
  isOpen = true;
  readonly #events: StreamEvents;
  readonly #happenings: Happenings;

  constructor(handshake: SocketHandshake, events: StreamEvents, happenings: Happenings) {
    this.handshake = handshake;
    this.#events = events;
    this.#happenings = happenings;
  }

  /** Greets it. */
  accept(): void {
    this.push('ready', { relayTime: scriptedRelayTime });
  }

  push(name: string, payload: unknown): void {
    if (this.isOpen) this.#events.event(name, payload);
  }

  refuse(problem: ProblemDocument): void {
    this.isOpen = false;
    this.#events.refused(problem);
  }

  /** Breaks it without a word. */
  cut(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#events.ended();
  }

  request(operation: SocketOperationName, payload: unknown): Promise<unknown> {
    this.requests.push({ operation, payload });
    this.#happenings.happened();
    return this.reply(operation, payload);
  }

  close(): void {
    this.isOpen = false;
    this.#happenings.happened();
  }
}
