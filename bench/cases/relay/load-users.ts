/**
 * The users of the two relays: each sends to the one after it and receives from the one before. Ours speak
 * the relay protocol, with ciphertexts prepared beforehand; the bare one's say as little as possible.
 */
import { randomBytes } from 'node:crypto';
import { frame } from './raw-websocket.js';
import { SocketIoClient } from './socket-io-client.js';

/** One user and what it needs to write to the next. */
export interface Account {
  readonly accountId: string;
  readonly accessToken: string;
  readonly recipientId: string;
  readonly reachToken: string;
}

/** What the load asks of a user, and what it hears. */
export interface User {
  readonly connected: Promise<void>;
  /** Sends one message; calls back when it was accepted. */
  send(accepted: () => void): void;
  close(): void;
}

/** Told of every message a user received and is done with. */
export type Received = () => void;

/** Told of every envelope that came, also when it comes again. */
export type Came = (id: string) => void;

/** Bytes of one message. */
const payloadBytes = 512;

function failed(what: string): never {
  throw new Error(what);
}

/** Ends the load when a server hangs up: a bench that waits for what cannot come would wait for ever. */
class Farewell {
  #said = false;

  say(): void {
    this.#said = true;
  }

  readonly closed = (): void => {
    if (!this.#said) failed('a relay ended a connection');
  };
}

const firstBackoffMs = 1_000;
const longestBackoffMs = 60_000;

/** What a client waits by itself, whatever it is told: longer each time, and no two the same. */
function clientBackoffMs(failures: number): number {
  return Math.random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** failures);
}

/** Sixteen fresh bytes: a random prefix and a counter. */
class AttemptIds {
  readonly #bytes = randomBytes(16);
  #count = 0;

  next(): Buffer {
    this.#count += 1;
    this.#bytes.writeUInt32BE(this.#count, 12);
    return frame(this.#bytes);
  }
}

const idPattern = /"id":"([0-9a-f-]{36})"/g;

/** A user of ours. Received envelopes are acknowledged: all that came while the request before was under way. */
export class RelayUser implements User {
  readonly #client: SocketIoClient;
  readonly #farewell = new Farewell();
  readonly #received: Received;
  readonly #came: Came;
  readonly #turnedAway: (() => void) | undefined;
  readonly #ciphertext = frame(randomBytes(payloadBytes));
  readonly #attemptIds = new AttemptIds();
  readonly #sendJson: string;
  /** As of a device that commits before each send and each acknowledgement. */
  #storeSeq = 0;
  readonly #waiting: string[] = [];
  #acknowledging = false;

  /** @param turnedAway - told when the relay is too busy for a send, or has had too many, which is then repeated as a client does; without it that is a failure */
  constructor(
    url: string,
    account: Account,
    received: Received,
    came: Came = () => {},
    turnedAway?: () => void,
  ) {
    this.#received = received;
    this.#came = came;
    this.#turnedAway = turnedAway;
    const body = `{"deviceId":1,"registrationId":1,"kind":"message","ciphertext":{"_placeholder":true,"num":1}}`;
    this.#sendJson =
      `["send",{"attemptId":{"_placeholder":true,"num":0},"recipient":"${account.recipientId}",` +
      `"reachToken":"${account.reachToken}","bodies":[${body}],"storeSeq":`;
    const auth = { protocol: 1, accessToken: account.accessToken };
    this.#client = new SocketIoClient(url, '/v1/socket', auth, {
      event: (json) => this.#heard(json),
      closed: this.#farewell.closed,
    });
  }

  get connected(): Promise<void> {
    return this.#client.connected;
  }

  send(accepted: () => void): void {
    this.#storeSeq += 1;
    this.#attempt(`${this.#sendJson}${this.#storeSeq}}]`, this.#attemptIds.next(), accepted);
  }

  #attempt(json: string, attemptId: Buffer, accepted: () => void, failures = 0): void {
    this.#client.request(json, [attemptId, this.#ciphertext], (reply) => {
      if (reply.includes('"kind":"accepted"')) return accepted();
      const [, retryAfterMs] =
        /"code":"(?:unavailable|rate-limited)".*"retryAfterMs":(\d+)/.exec(reply) ?? [];
      if (retryAfterMs === undefined || !this.#turnedAway) return failed(`a send was refused: ${reply}`);
      this.#turnedAway();
      const waitMs = Math.max(Number(retryAfterMs), clientBackoffMs(failures));
      setTimeout(() => this.#attempt(json, attemptId, accepted, failures + 1), waitMs);
    });
  }

  close(): void {
    this.#farewell.say();
    this.#client.close();
  }

  #heard(json: string): void {
    if (!json.startsWith('["envelopes"')) return;
    for (const [, id] of json.matchAll(idPattern)) {
      this.#waiting.push(id as string);
      this.#came(id as string);
    }
    if (!this.#acknowledging) this.#acknowledge();
  }

  #acknowledge(): void {
    const ids = this.#waiting.splice(0, 256);
    this.#acknowledging = ids.length > 0;
    if (ids.length === 0) return;
    this.#storeSeq += 1;
    this.#client.request(
      `["acknowledge",${JSON.stringify({ ids, storeSeq: this.#storeSeq })}]`,
      [],
      (reply) => {
        if (!reply.includes('"ok":true')) failed(`an acknowledgement was refused: ${reply}`);
        for (const _ of ids) this.#received();
        this.#acknowledge();
      },
    );
  }
}

/** A user of the bare relay, which passes bytes on and keeps nothing. */
export class BareUser implements User {
  readonly #client: SocketIoClient;
  readonly #farewell = new Farewell();
  readonly #payload = frame(randomBytes(payloadBytes));
  readonly #sendJson: string;

  constructor(url: string, name: number, next: number, received: Received) {
    this.#sendJson = `["send","${next}",{"_placeholder":true,"num":0}]`;
    this.#client = new SocketIoClient(
      url,
      '/socket.io',
      { name: String(name) },
      {
        event: received,
        closed: this.#farewell.closed,
      },
    );
  }

  get connected(): Promise<void> {
    return this.#client.connected;
  }

  send(accepted: () => void): void {
    this.#client.request(this.#sendJson, [this.#payload], accepted);
  }

  close(): void {
    this.#farewell.say();
    this.#client.close();
  }
}
