/**
 * One device's live connection: what it asks is answered, what its mailbox holds is delivered.
 * Knows its socket by three calls, and nothing of other connections but a bell to ring.
 */
import { randomUUID } from 'node:crypto';
import type {
  AcknowledgeRequest,
  DeviceAddress,
  Envelope,
  ResumeRequest,
  ResumeResponse,
  SendRequest,
  SendResponse,
  SocketGoodbye,
} from '@sotto/sdk/wire';
import { describeUnexpected } from '../logging/relay-log.js';
import type { AcceptOutcome, Delivery, StoredEnvelope } from '../mailbox/mailbox.js';
import type { ShedReason } from '../metrics/meter.js';
import { ProblemError, type LimitSubject } from '../ports.js';
import { toProblem } from '../problems.js';
import { relayLimits } from '../relay-limits.js';
import { DeliveryPump } from './delivery-pump.js';
import { parseRequest, readFrame, type Frame, type SocketRequest } from './frames.js';
import { MinuteCount } from './minute-count.js';
import { OrderedLane, type Admitted } from './ordered-lane.js';
import type { GatewayServices } from './services.js';

/** What a connection needs of its socket. */
export interface ConnectionSocket {
  emit(event: string, payload?: unknown): void;
  /** Ends the connection once what was emitted is out. */
  end(): void;
}

/** Who is at the other end. */
export interface ConnectionPeer {
  readonly device: DeviceAddress;
  /** The network address, for limits. */
  readonly address: string;
}

/** What a connection tells the gateway. */
export interface ConnectionHooks {
  /** Envelopes were accepted for devices. */
  delivered(deliveries: readonly Delivery[]): void;
  /** True while the relay takes no new sends. */
  draining(): boolean;
}

/** A request, as far as its answer is concerned. */
interface Asked extends Pick<Extract<Frame, { kind: 'request' }>, 'operation' | 'reply'> {
  /** When it came. */
  readonly at: number;
}

const done = Promise.resolve();

/** See the file's header. */
export class Connection {
  readonly peer: ConnectionPeer;
  /** Its own among all connections of all nodes. */
  readonly id = randomUUID();
  /** When it was made, by this node's clock. */
  readonly since: number;
  readonly #socket: ConnectionSocket;
  readonly #services: GatewayServices;
  readonly #hooks: ConnectionHooks;
  readonly #pump: DeliveryPump;
  readonly #sends: OrderedLane;
  readonly #subject: LimitSubject;
  #acknowledgements = 0;
  #invalidFrames = 0;
  readonly #refusals = new MinuteCount();
  #greeted = false;
  /** How far the mailbox had come when the connection was last rung for being behind. */
  #knownHead = 0;
  #ended = false;

  constructor(
    peer: ConnectionPeer,
    socket: ConnectionSocket,
    services: GatewayServices,
    hooks: ConnectionHooks,
  ) {
    this.peer = peer;
    this.#socket = socket;
    this.#services = services;
    this.#hooks = hooks;
    const { bounds, mailbox, now } = services;
    this.since = now();
    this.#subject = { accountId: peer.device.accountId, address: peer.address };
    this.#pump = new DeliveryPump(
      {
        page: (afterSeq, limit) => mailbox.page(peer.device, afterSeq, limit, now()),
        deliver: (envelopes) => this.#deliver(envelopes),
        soon: (work) => void setImmediate(work),
        caughtUp: () => socket.emit('caught-up'),
        failed: (error) => this.#deliveryFailed(error),
      },
      bounds,
    );
    this.#sends = new OrderedLane({
      maxRequests: bounds.maxSendsInFlight,
      maxBytes: bounds.maxSendBytesInFlight,
      retryAfterMs: bounds.busyRetryAfterMs,
    });
  }

  /** Greets the device and begins to deliver. */
  start(): void {
    if (this.#ended) return;
    this.#greeted = true;
    this.#socket.emit('ready', { relayTime: this.#services.now() });
    this.#pump.ring();
  }

  /**
   * The device's mailbox may hold something new. Before the greeting nothing is pushed: the client
   * would drop it, and the pump begins with all of it then.
   */
  ring(): void {
    if (this.#greeted) this.#pump.ring();
  }

  /** An envelope was stored in the device's mailbox just now. */
  offer(stored: StoredEnvelope): void {
    if (this.#greeted) this.#pump.offer(stored);
  }

  get device(): DeviceAddress {
    return this.peer.device;
  }

  /**
   * The mailbox has come to a place. Rings if the connection is behind, once for each new place: what was
   * acknowledged or expired before it was delivered leaves the cursor behind for good.
   */
  headAt(seq: number): void {
    if (!this.#greeted || seq <= Math.max(this.#pump.cursor, this.#knownHead)) return;
    this.#knownHead = seq;
    this.#pump.ring();
  }

  /** The device's one-time keys run low. Who is not greeted yet looks at its stock by itself. */
  keysLow(): void {
    if (this.#greeted) this.#socket.emit('keys-low');
  }

  /** Says why, and ends the connection. */
  goodbye(reason: SocketGoodbye['reason']): void {
    if (this.#ended) return;
    this.#socket.emit('goodbye', { reason } satisfies SocketGoodbye);
    this.end();
  }

  /** Ends the connection without a word: its device takes it for lost, and comes back. */
  end(): void {
    this.closed();
    this.#socket.end();
  }

  /** The socket has closed: nothing more is delivered. Sends under way go on. */
  closed(): void {
    this.#ended = true;
    this.#pump.stop();
  }

  /** Takes one event as Socket.IO hands it over. Never throws, never rejects. */
  handle(event: readonly unknown[]): Promise<void> {
    if (this.#ended) return done;
    const frame = readFrame(event);
    if (frame.kind === 'stray') {
      this.#countInvalid();
      return done;
    }
    const asked = { operation: frame.operation, reply: frame.reply, at: this.#services.now() };
    try {
      return this.#answer(asked, this.#respond(this.#parse(frame)));
    } catch (error) {
      this.#refuse(asked, error);
      return done;
    }
  }

  /** Holds on to nothing of the frame but who asked: thousands of these may wait for a commit. */
  async #answer(asked: Asked, work: Promise<unknown>): Promise<void> {
    try {
      const response = await work;
      asked.reply({ ok: true, response });
      const { meter, now } = this.#services;
      const { kind = 'ok' } = response as { kind?: string };
      meter.answered(asked.operation, kind, now() - asked.at);
    } catch (error) {
      this.#refuse(asked, error);
    }
  }

  #parse({ operation, payload }: Extract<Frame, { kind: 'request' }>): SocketRequest {
    try {
      return parseRequest(operation, payload);
    } catch (error) {
      this.#countInvalid();
      throw error;
    }
  }

  #respond(asked: SocketRequest): Promise<unknown> {
    switch (asked.operation) {
      case 'resume':
        return this.#resume(asked.request);
      case 'send':
        return this.#send(asked.request);
      case 'acknowledge':
        return this.#acknowledge(asked.request);
    }
  }

  #deliver(envelopes: readonly Envelope[]): void {
    const { meter, now } = this.#services;
    const nowMs = now();
    for (const { acceptedAt } of envelopes) meter.delivered(nowMs - acceptedAt);
    this.#socket.emit('envelopes', { envelopes });
  }

  async #resume(request: ResumeRequest): Promise<ResumeResponse> {
    const { limits, continuity } = this.#services;
    await limits.consume('resume', this.#subject);
    return continuity.resume(this.peer.device, request);
  }

  async #send(request: SendRequest): Promise<SendResponse> {
    const { device } = this.peer;
    const bytes = request.bodies.reduce((sum, { ciphertext }) => sum + ciphertext.length, 0);
    const outcome = await this.#sends.run(bytes, () => this.#admit(request));
    if (outcome.kind === 'device-mismatch') return outcome as SendResponse;
    this.#hooks.delivered(outcome.delivered);
    const { reachToken, recipient } = request;
    const deliveryToken = this.#services.reach.renewDelivery(reachToken, device.accountId, recipient);
    return { kind: 'accepted', acceptedAt: outcome.acceptedAt, deliveryToken };
  }

  /** Everything that may refuse a send before the mailbox does, then the mailbox, without waiting for it. */
  #admit(request: SendRequest): Admitted<AcceptOutcome> | Promise<Admitted<AcceptOutcome>> {
    this.#refuseWhileBusy();
    const counting = this.#services.limits.consume('send', this.#subject);
    return counting ? counting.then(() => this.#hand(request)) : this.#hand(request);
  }

  #refuseWhileBusy(): void {
    const { bounds, meter, overloaded } = this.#services;
    if (this.#hooks.draining()) {
      meter.shed('draining');
      throw new ProblemError('unavailable', { retryAfterMs: bounds.drainRetryAfterMs });
    }
    if (overloaded()) {
      meter.shed('event-loop');
      throw new ProblemError('unavailable', { retryAfterMs: relayLimits.overloadRetryAfterMs });
    }
  }

  /** To the mailbox, if the token opens the way. */
  #hand(request: SendRequest): Admitted<AcceptOutcome> {
    const { reach, mailbox, now } = this.#services;
    const { device } = this.peer;
    try {
      reach.verify(request.reachToken, device.accountId, request.recipient);
    } catch (error) {
      return { outcome: this.#answerRepeated(request, error) };
    }
    return { outcome: mailbox.accept(device, request, now()) };
  }

  /**
   * A send that was accepted once is answered so again, also when its token has expired since. Of one that was
   * not, how far its device has come is kept all the same: its ciphertexts were seen.
   */
  async #answerRepeated(request: SendRequest, refusal: unknown): Promise<AcceptOutcome> {
    const { mailbox } = this.#services;
    const { device } = this.peer;
    const acceptedAt = await mailbox.acceptedBefore(device, request);
    if (acceptedAt === undefined) {
      await mailbox.acknowledge(device, { ids: [], storeSeq: request.storeSeq });
      throw refusal;
    }
    return { kind: 'accepted', acceptedAt, repeated: true, delivered: [] };
  }

  async #acknowledge(request: AcknowledgeRequest): Promise<object> {
    const { bounds, limits, mailbox, meter } = this.#services;
    if (this.#acknowledgements >= bounds.maxAcknowledgementsInFlight) {
      throw new ProblemError('rate-limited', { retryAfterMs: bounds.busyRetryAfterMs });
    }
    this.#acknowledgements += 1;
    try {
      await limits.consume('acknowledge', this.#subject);
      await mailbox.acknowledge(this.peer.device, request);
    } finally {
      this.#acknowledgements -= 1;
    }
    this.#pump.acknowledged(request.ids);
    meter.acknowledged(request.ids.length);
    return {};
  }

  #refuse({ operation, reply, at }: Asked, error: unknown): void {
    const { bounds, log, now, meter } = this.#services;
    const requestId = randomUUID();
    const problem = toProblem(error, requestId);
    reply({ ok: false, problem });
    const fields = {
      operation,
      status: problem.status,
      problem: problem.code,
      durationMs: now() - at,
    };
    meter.answered(operation, problem.code, fields.durationMs);
    if (this.#refusals.add(now()) > bounds.maxRefusalsPerMinute) this.#shed('refusals');
    if (error instanceof ProblemError) return log.log('info', 'socket-request-refused', fields);
    log.log('error', 'socket-request-failed', { ...fields, requestId, ...describeUnexpected(error) });
  }

  #countInvalid(): void {
    this.#invalidFrames += 1;
    if (this.#invalidFrames > this.#services.bounds.maxInvalidFrames) this.#shed('invalid-frames');
  }

  /** Ends a connection that costs more than it is worth. What it had asked for by then may fail after it. */
  #shed(reason: ShedReason): void {
    if (this.#ended) return;
    this.#services.meter.shed(reason);
    this.end();
  }

  /** The client comes back by itself, and then reads from the start. */
  #deliveryFailed(error: unknown): void {
    this.#services.log.log('error', 'delivery-failed', describeUnexpected(error));
    this.end();
  }
}
