/** What must be true of a world whenever it has come to rest, whatever has happened in it. */
import type { Message } from '../../messages/index.js';
import type { Actor } from './actor.js';
import { rest } from './heal.js';
import type { Stage } from './stage.js';

/** After so many exchanges in quiet both sides use one session. */
const maxExchanges = 10;

/** Why a message may fail when users block each other or somebody is there under a new identity. */
const userFailures: ReadonlySet<string> = new Set([
  'contact-blocked',
  'identity-changed',
  'unknown-contact',
  'not-found',
  'send-expired',
]);

/** What the checks count. */
export interface Tally {
  /** Messages that were written down. */
  written: number;
  delivered: number;
  /** Messages that ended at their sender, by reason. */
  readonly failed: Map<string, number>;
  /** The most exchanges two sides took to agree on a session. */
  exchanges: number;
}

/** How far the conversations have been checked. */
export class Checks {
  readonly #stage: Stage;
  readonly tally: Tally = { written: 0, delivered: 0, failed: new Map(), exchanges: 0 };

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /**
   * Checks everything that happened since the last time.
   * @param orderly - whether the network has kept the order of envelopes
   * @throws Error that says what is wrong
   */
  async check(orderly: boolean): Promise<void> {
    const stage = this.#stage;
    stage.trace.assertInnocent();
    this.#checkEnvelopes();
    for (const [from, to] of stage.pairs()) this.#checkConversation(from, to, orderly);
    for (const actor of stage.actors) await this.#checkDevice(actor);
    for (const actor of stage.actors) actor.forget();
    stage.wire.forget();
  }

  /** Both sides of every pair that something came between, or of all, agree on one session soon. */
  async checkSessions(all: boolean): Promise<void> {
    for (const [one, other] of this.#stage.pairs()) {
      if (one.name > other.name || !(all || this.#stage.isTouched(one, other))) continue;
      await this.#agree(one, other);
    }
  }

  async #agree(one: Actor, other: Actor): Promise<void> {
    const { wire, trace } = this.#stage;
    const pair = `${one.name} and ${other.name}`;
    for (let exchange = 1; exchange <= maxExchanges; exchange += 1) {
      trace.note(`exchange ${exchange} of ${pair}`);
      await this.#say(one, other, `probe ${exchange}`);
      await this.#say(other, one, `probe ${exchange}`);
      await rest(this.#stage);
      const kinds = [wire.lastKind(one.id, other.id), wire.lastKind(other.id, one.id)];
      if (kinds.some((kind) => kind !== 'message')) continue;
      this.tally.exchanges = Math.max(this.tally.exchanges, exchange);
      return;
    }
    throw new Error(`${pair} have not agreed on a session after ${maxExchanges} exchanges`);
  }

  async #say(from: Actor, to: Actor, text: string): Promise<void> {
    await from.device.messenger.messages.send(to.id, { text });
    await this.#stage.network.settle();
  }

  /** What the relay accepted has come to something, on a device that is still there. */
  #checkEnvelopes(): void {
    const { wire, actors } = this.#stage;
    for (const { from, to, content, envelopeId } of wire.accepts()) {
      const actor = actors.find(({ id }) => id === to);
      const sender = actors.find(({ id }) => id === from);
      if (!actor || !sender || this.#stage.isTouched(actor, actor)) continue;
      const outcome = envelopeId && actor.ledger.outcome(envelopeId);
      const what = `${content?.type} ${content?.text ?? content?.id} of ${sender.name}`;
      if (outcome === undefined) throw new Error(`${what} was accepted for ${actor.name} and is nowhere`);
      const strict = !this.#stage.isTouched(actor, sender);
      // A relay that holds an envelope back for long enough makes it unreadable; then it was asked for again.
      const cameAgain = content?.type === 'text' && actor.hasReceived(from, content.id as Message['id']);
      if (strict && !cameAgain && !['effect', 'nothing', 'again'].includes(outcome)) {
        throw new Error(`${what} ended at ${actor.name} in ${outcome}, and nothing explains it`);
      }
    }
  }

  #checkConversation(from: Actor, to: Actor, orderly: boolean): void {
    const written = from.ledger.unchecked(to.id).filter(({ sender }) => sender === from.id);
    const received = to.ledger.unchecked(from.id).filter(({ sender }) => sender === from.id);
    const strict = !this.#stage.isTouched(from, to);
    const what = `${from.name} to ${to.name}`;
    for (const row of written) this.#checkWritten(what, row, from, to, strict);
    const ids = new Set(received.map(({ id }) => id));
    if (ids.size !== received.length) throw new Error(`${what}: a message is there twice`);
    if (!strict) return;
    const order = received.map((row) => written.findIndex(({ id }) => id === row.id));
    received.forEach((row, index) => {
      const source = written[order[index] as number];
      if (!source) throw new Error(`${what}: ${textOf(row)} was never written`);
      if (textOf(source) !== textOf(row)) throw new Error(`${what}: ${textOf(row)} was ${textOf(source)}`);
    });
    const lacking = written.find(({ id }) => !ids.has(id));
    if (lacking) throw new Error(`${what}: ${textOf(lacking)} is not among what was received`);
    const inOrder = order.every((at, index) => index === 0 || at > (order[index - 1] as number));
    if (orderly && !inOrder) {
      throw new Error(`${what}: out of order: ${received.map(textOf).join(' | ')}`);
    }
  }

  #checkWritten(what: string, row: Message, from: Actor, to: Actor, strict: boolean): void {
    const { status, failure, id } = row;
    this.tally.written += 1;
    const how = `${what}: ${textOf(row)} is ${status} (${failure ?? 'no failure'})`;
    if (status === 'pending') throw new Error(how);
    if (status === 'failed') {
      const code = failure ?? 'nothing';
      this.tally.failed.set(code, (this.tally.failed.get(code) ?? 0) + 1);
      if (strict || !userFailures.has(code)) throw new Error(how);
      return;
    }
    if (status === 'delivered') {
      this.tally.delivered += 1;
      if (!to.hasReceived(from.id, id)) throw new Error(`${how}, and ${to.name} has not got it`);
    } else if (strict) throw new Error(how);
  }

  /** Observers heard everything; the keys the relay may hand out are there; nothing waits that nobody waits for. */
  async #checkDevice(actor: Actor): Promise<void> {
    const { name, ledger } = actor;
    const unheard = ledger.unheard();
    if (unheard.length > 0) throw new Error(`observers of ${name} have not heard ${unheard.join(', ')}`);
    const engineKeys = await actor.keys('engine/', 'quarantine/');
    const held = engineKeys.filter((key) => key.startsWith('engine/pre-key/')).length;
    const { oneTime, signedId, kemLastResortId } = this.#stage.network.relay.preKeyStatus(actor.address);
    if (held < oneTime) throw new Error(`${name} has ${held} one-time keys, and the relay ${oneTime}`);
    for (const key of [`engine/signed-pre-key/${signedId}`, `engine/kem-pre-key/${kemLastResortId}`]) {
      if (!engineKeys.includes(key)) throw new Error(`${name} has not got ${key}`);
    }
    const waiting = engineKeys.find((key) => key.startsWith('quarantine/'));
    if (waiting !== undefined) throw new Error(`${name} still keeps ${waiting}`);
  }
}

function textOf({ body }: Message): string {
  return body.kind === 'text' ? body.text : `[${body.type}]`;
}
