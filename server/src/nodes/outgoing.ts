/** Gathers hints until the end of a turn of the event loop, within bounds. Knows no channel. */
import { nodeLimits } from './limits.js';
import type { NodeMessage } from './node-exchange.js';

/** Takes what one turn gathered. Rejects when it could not be passed on; it is not tried again. */
export type PassOn = (messages: readonly NodeMessage[]) => Promise<void>;

/** See the file's header. */
export class Outgoing {
  readonly #passOn: PassOn;
  #waiting: NodeMessage[] = [];
  #underWay = 0;

  constructor(passOn: PassOn) {
    this.#passOn = passOn;
  }

  /** Adds hints to this turn's. What is too much is dropped: connections catch up. */
  add(messages: readonly NodeMessage[]): void {
    if (messages.length === 0) return;
    const { maxWaitingMessages } = nodeLimits;
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    if (this.#waiting.length + messages.length <= maxWaitingMessages)
      this.#waiting.push(...messages.map(carried));
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (this.#underWay >= nodeLimits.maxPublicationsUnderWay) return;
    this.#underWay += 1;
    this.#passOn(waiting)
      .catch(() => undefined)
      .finally(() => (this.#underWay -= 1));
  }
}

/** Large ciphertexts stay in the mailbox. */
function carried(message: NodeMessage): NodeMessage {
  if (message.kind !== 'delivered' || message.envelope === undefined) return message;
  if (message.envelope.ciphertext.length <= nodeLimits.maxCarriedBytes) return message;
  const { kind, device, seq } = message;
  return { kind, device, seq };
}
