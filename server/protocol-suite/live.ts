/** A device's live connection, with a memory of everything it was told. Knows no case. */
import assert from 'node:assert/strict';
import {
  envelopePage,
  socketGoodbye,
  socketOperations,
  socketReady,
  socketReply,
  type Envelope,
  type EnvelopeId,
  type ProblemDocument,
  type ResumeRequest,
  type ResumeResponse,
  type SendRequest,
  type SendResponse,
  type SocketGoodbye,
  type SocketOperationName,
} from '@sotto/sdk/wire';
import { io, type Socket } from 'socket.io-client';
import * as z from 'zod/mini';

/** How long anything over the socket may take; a failure, never a way to wait. */
const patienceMs = 20_000;

/** A reply over the socket. */
export type Reply<Response> =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly problem: ProblemDocument };

const serverEvents: Readonly<Record<string, z.core.$ZodType>> = {
  ready: z.tuple([socketReady]),
  envelopes: z.tuple([envelopePage]),
  'caught-up': z.tuple([]),
  'keys-low': z.tuple([]),
  goodbye: z.tuple([socketGoodbye]),
};

/** Opens a socket and says nothing on it. @param auth - anything */
function openSocket(url: string, auth: unknown): Socket {
  return io(url, {
    path: '/v1/socket',
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    auth: auth as Record<string, unknown>,
  });
}

/** The problem a handshake is refused with. */
export async function refusedHandshake(url: string, auth: unknown): Promise<ProblemDocument> {
  const socket = openSocket(url, auth);
  try {
    return await new Promise((resolve, reject) => {
      socket.on('connect', () => reject(new Error('the handshake was not refused')));
      socket.on('connect_error', (error: Error & { data?: ProblemDocument }) => {
        if (error.data === undefined) reject(error);
        else resolve(error.data);
      });
    });
  } finally {
    socket.disconnect();
  }
}

/** See the file's header. */
export class LiveConnection {
  readonly events: string[] = [];
  readonly received: Envelope[] = [];
  readonly pageSizes: number[] = [];
  goodbye: SocketGoodbye | undefined;
  /** Events of the relay that the protocol does not know, or with arguments it does not know. */
  readonly violations: string[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(readonly socket: Socket) {
    socket.onAny((event: string, ...payload: unknown[]) => this.#heard(event, payload));
    for (const event of ['connect', 'disconnect', 'connect_error'] as const) {
      socket.on(event as 'connect', () => this.#note(event));
    }
  }

  /** Connects and waits until the mailbox was read once. */
  static async open(url: string, accessToken: string): Promise<LiveConnection> {
    const connection = LiveConnection.begin(url, accessToken);
    await connection.heard('caught-up');
    return connection;
  }

  /** Connects and waits for nothing. */
  static begin(url: string, accessToken: string): LiveConnection {
    return new LiveConnection(openSocket(url, { protocol: 1, accessToken }));
  }

  #heard(event: string, payload: unknown[]): void {
    const schema = serverEvents[event];
    if (schema === undefined || !z.safeParse(schema, payload).success) this.violations.push(event);
    if (event === 'goodbye') this.goodbye = payload[0] as SocketGoodbye;
    if (event === 'envelopes') {
      const { envelopes } = payload[0] as { envelopes: Envelope[] };
      this.pageSizes.push(envelopes.length);
      this.received.push(...envelopes);
    }
    this.#note(event);
  }

  #note(event: string): void {
    this.events.push(event);
    for (const check of this.#waiting) check();
  }

  /** Waits until something is true; it is asked whenever something happens on the socket. */
  async until(what: string, done: () => boolean): Promise<void> {
    if (done()) return;
    await new Promise<void>((resolve, reject) => {
      const fail = () => reject(new Error(`waited for ${what} in vain; heard ${this.events.join(', ')}`));
      const timer = setTimeout(fail, patienceMs);
      const check = () => {
        if (!done()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }

  /** Waits until an event has come as often as said. */
  heard(event: string, times = 1): Promise<void> {
    return this.until(event, () => this.events.filter((one) => one === event).length >= times);
  }

  async receivedCount(count: number): Promise<void> {
    await this.until(`${count} envelopes`, () => this.received.length >= count);
  }

  get connected(): boolean {
    return this.socket.connected;
  }

  /** Sends a request that may be anything; the reply must be one. */
  async ask(operation: SocketOperationName, ...payload: unknown[]): Promise<Reply<unknown>> {
    const reply: unknown = await this.socket.timeout(patienceMs).emitWithAck(operation, ...payload);
    return socketReply(socketOperations[operation].response).parse(reply);
  }

  send(request: SendRequest): Promise<Reply<SendResponse>> {
    return this.ask('send', request) as Promise<Reply<SendResponse>>;
  }

  /** Sends and expects to be accepted. */
  async mustSend(request: SendRequest): Promise<Extract<SendResponse, { kind: 'accepted' }>> {
    const reply = await this.send(request);
    if (!reply.ok) assert.fail(`the send was refused: ${reply.problem.code}`);
    assert.ok(reply.response.kind === 'accepted', 'the devices did not fit');
    return reply.response;
  }

  /** Sends and expects the code of a problem. */
  async refusedSend(request: SendRequest): Promise<string> {
    const reply = await this.send(request);
    assert.ok(!reply.ok, 'the send was not refused');
    return reply.problem.code;
  }

  /** Shows a state and expects a verdict. */
  async resume(shown: ResumeRequest): Promise<ResumeResponse> {
    const reply = (await this.ask('resume', shown)) as Reply<ResumeResponse>;
    if (!reply.ok) assert.fail(`the state was refused: ${reply.problem.code}`);
    return { ...reply.response, continuation: new Uint8Array(reply.response.continuation) };
  }

  async acknowledge(ids: readonly EnvelopeId[], storeSeq = 0): Promise<void> {
    const reply = await this.ask('acknowledge', { ids, storeSeq });
    assert.ok(reply.ok);
  }

  /** Ciphertexts in hex, in the order of arrival. */
  get ciphertexts(): string[] {
    return this.received.map(({ ciphertext }) => hex(ciphertext));
  }

  close(): void {
    this.socket.disconnect();
  }
}

/** Bytes as text, for comparisons that print well. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
