/**
 * The application's handler: runs inside the unit that receives a message, so that what it writes
 * and sends is one commit with the ratchet step. Bounded in time, changes and attempts.
 */
import { SottoError, isSottoError, type SottoErrorCode } from '../errors.js';
import type { Host } from '../host.js';
import { limits } from '../limits.js';
import type { HandlerContext, Unit } from '../unit/index.js';
import type { AccountId } from '../wire/index.js';
import type { Composer, OutgoingText } from './composer.js';
import type { Message } from './message-record.js';

/** What a handler may do. It closes when the handler returns; whatever is awaited must be done by then. */
export interface MessageUnit {
  /** An application record, changes of this unit included. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Stages an application record. Keys follow the storage port's rules, in a space of the application's own. */
  put(key: string, value: Uint8Array): void;
  /** Stages the removal of an application record. */
  delete(key: string): void;
  /**
   * Stages a message; it is encrypted now and sent once the unit is durable. A send that fails
   * fails the whole unit, caught or not: look at `message.request` before answering a stranger.
   * @throws SottoError as `messages.send`
   */
  send(recipient: AccountId, content: OutgoingText): Promise<Message>;
}

/**
 * Called once per message in effect; again only if a crash or a failure threw the whole unit away.
 * It has ten seconds; after three failures the message is committed without its changes.
 */
export type MessageHandler = (message: Message, unit: MessageUnit) => Promise<void> | void;

/** Application records lie in a space of their own. */
export const applicationSpace = 'app/';

/** See the header. */
export class HandlerRunner {
  readonly #handler: MessageHandler | undefined;
  readonly #composer: Composer;
  readonly #context: HandlerContext;
  readonly #host: Host;

  constructor(parts: {
    handler: MessageHandler | undefined;
    composer: Composer;
    context: HandlerContext;
    host: Host;
  }) {
    this.#handler = parts.handler;
    this.#composer = parts.composer;
    this.#context = parts.context;
    this.#host = parts.host;
  }

  /**
   * Runs the handler for a message inside its unit.
   * @returns nothing, or why its changes are not in the unit
   */
  async run(unit: Unit, message: Message): Promise<SottoErrorCode | 'handler-threw' | undefined> {
    if (!this.#handler) return undefined;
    let reason: SottoErrorCode | 'handler-threw' | undefined;
    for (let attempt = 0; attempt < limits.maxHandlerAttempts; attempt += 1) {
      const checkpoint = unit.checkpoint();
      try {
        await this.#runOnce(this.#handler, unit, message);
        return undefined;
      } catch (error) {
        checkpoint.restore();
        reason = isSottoError(error) ? error.code : 'handler-threw';
      }
    }
    return reason;
  }

  async #runOnce(handler: MessageHandler, unit: Unit, message: Message): Promise<void> {
    const facade = new HandlerUnit(unit, this.#composer);
    let cancel: (() => void) | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      cancel = this.#host.clock.schedule(limits.handlerTimeoutMs, () => {
        reject(new SottoError('handler-timeout'));
      });
    });
    try {
      const run = async () => {
        await handler(message, facade);
      };
      await Promise.race([this.#context.run(run), timeout]);
      await facade.settled();
    } finally {
      cancel?.();
      await facade.close();
    }
  }
}

class HandlerUnit implements MessageUnit {
  readonly #unit: Unit;
  readonly #composer: Composer;
  readonly #sends: Promise<unknown>[] = [];
  #tail: Promise<unknown> = Promise.resolve();
  #changes = 0;
  #bytes = 0;
  #closed = false;

  constructor(unit: Unit, composer: Composer) {
    this.#unit = unit;
    this.#composer = composer;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    return (await this.#unit.get(applicationSpace + key))?.slice();
  }

  put(key: string, value: Uint8Array): void {
    this.#count(value.length);
    this.#unit.put(applicationSpace + key, value.slice());
  }

  delete(key: string): void {
    this.#count(0);
    this.#unit.delete(applicationSpace + key);
  }

  send(recipient: AccountId, content: OutgoingText): Promise<Message> {
    this.#assertOpen();
    if (this.#sends.length >= limits.maxHandlerSends) throw new SottoError('unit-too-large');
    // One after another: two steps of one ratchet must not interleave.
    const sent = this.#tail.then(() => {
      this.#assertOpen();
      return this.#composer.stageText(this.#unit, recipient, content);
    });
    this.#tail = sent.catch(() => undefined);
    this.#sends.push(sent);
    return sent;
  }

  /** Waits for sends the handler did not await. A failed one fails the handler, caught or not: it may be half staged. */
  async settled(): Promise<void> {
    await Promise.all(this.#sends);
  }

  /** Nothing may be staged any more; a send under way ends first, so that what it staged can be taken back. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
  }

  #count(bytes: number): void {
    this.#assertOpen();
    this.#changes += 1;
    this.#bytes += bytes;
    if (this.#changes > limits.maxHandlerChanges || this.#bytes > limits.maxHandlerBytes) {
      throw new SottoError('unit-too-large');
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new SottoError('unit-closed');
  }
}
