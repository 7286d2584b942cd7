/**
 * A user who goes on whatever happens, as a real client does: one attempt at a time, repeated to the letter
 * until it is answered; what arrives is noted and acknowledged; a connection that fails is made anew.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Envelope, ProblemDocument, SendResponse } from '@sotto/sdk/wire';
import { io, type Socket } from 'socket.io-client';
import type { SeededAccount } from '../support/seeded-accounts.js';

/** An answer takes this long at most; then the connection counts as broken. */
const answerTimeoutMs = 3_000;
/** Between two tries. */
const pauseMs = 50;
const ciphertextBytes = 256;

type Reply =
  | { readonly ok: true; readonly response: SendResponse }
  | { readonly ok: false; readonly problem: ProblemDocument };

/** A refusal that no repetition can help. */
class Refused extends Error {
  override readonly name = 'Refused';
}

/** See the file's header. */
export class FaultUser {
  /** Numbers of the messages that came, in the order in which each came first. */
  readonly received: number[] = [];
  /** Envelope ids by number: two for one number mean that a message took effect twice. */
  readonly ids = new Map<number, Set<string>>();
  accepted = 0;
  /** How often something had to be tried again. */
  repeats = 0;
  #socket: Socket | undefined;
  #closed = false;
  #storeSeq = 0;

  constructor(
    readonly url: string,
    readonly account: SeededAccount,
  ) {}

  /** Sends messages numbered from `first`, one after the other, until `done` says so. */
  async run(done: () => boolean): Promise<void> {
    while (!done()) {
      await this.#sendUntilAccepted(this.accepted);
      this.accepted += 1;
    }
  }

  /** Keeps a connection open without sending. */
  async connect(): Promise<void> {
    while (!this.#closed && this.#socket?.connected !== true) await this.#reconnect();
  }

  /** Loses its connection; the next one may be with another node. */
  hangUp(): void {
    this.#socket?.disconnect();
  }

  close(): void {
    this.#closed = true;
    this.#socket?.disconnect();
  }

  async #sendUntilAccepted(number: number): Promise<void> {
    const ciphertext = randomBytes(ciphertextBytes);
    ciphertext.writeUInt32BE(number);
    const { recipientId: recipient, reachToken } = this.account;
    const body = { deviceId: 1, registrationId: 1, kind: 'message', ciphertext };
    const request = { attemptId: randomBytes(16), recipient, reachToken, bodies: [body] };
    for (;;) {
      if (this.#closed) throw new Refused('closed');
      try {
        await this.connect();
        const storeSeq = (this.#storeSeq += 1);
        const reply = (await this.#ask('send', { ...request, storeSeq })) as Reply;
        if (reply.ok && reply.response.kind === 'accepted') return;
        const { code } = reply.ok ? { code: reply.response.kind } : reply.problem;
        if (!['unavailable', 'rate-limited', 'internal-error'].includes(code)) throw new Refused(code);
      } catch (error) {
        if (error instanceof Refused) throw error;
        this.#socket?.disconnect();
      }
      this.repeats += 1;
      await sleep(pauseMs);
    }
  }

  #ask(operation: string, payload: unknown): Promise<unknown> {
    return this.#socket!.timeout(answerTimeoutMs).emitWithAck(operation, payload);
  }

  async #reconnect(): Promise<void> {
    this.#socket?.disconnect();
    const { accessToken } = this.account;
    const socket = io(this.url, {
      ...{ path: '/v1/socket', transports: ['websocket'], forceNew: true, reconnection: false },
      timeout: answerTimeoutMs,
      auth: { protocol: 1, accessToken },
    });
    this.#socket = socket;
    socket.on('envelopes', ({ envelopes }: { envelopes: Envelope[] }) => this.#take(socket, envelopes));
    socket.on('disconnect', () => void this.#comeBack(socket));
    const greeted = await new Promise<boolean>((resolve) => {
      socket.on('ready', () => resolve(true));
      socket.on('connect_error', () => resolve(false));
      socket.on('disconnect', () => resolve(false));
    });
    if (greeted) return;
    socket.disconnect();
    await sleep(pauseMs);
  }

  /** A receiver who sends nothing at the moment comes back as well. */
  async #comeBack(socket: Socket): Promise<void> {
    await sleep(pauseMs);
    if (this.#socket === socket) await this.connect();
  }

  #take(socket: Socket, envelopes: readonly Envelope[]): void {
    for (const { id, ciphertext } of envelopes) {
      const number = Buffer.from(ciphertext).readUInt32BE();
      const known = this.ids.get(number);
      if (known) known.add(id);
      else {
        this.ids.set(number, new Set([id]));
        this.received.push(number);
      }
    }
    const request = { ids: envelopes.map(({ id }) => id), storeSeq: (this.#storeSeq += 1) };
    // What is not acknowledged comes again.
    socket
      .timeout(answerTimeoutMs)
      .emitWithAck('acknowledge', request)
      .catch(() => socket.disconnect());
  }
}
