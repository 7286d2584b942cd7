/** What must be true of a world whenever it has come to rest, whatever has happened in it. */
import { limits } from '../../limits.js';
import type { Message } from '../../messages/index.js';
import type { Actor } from './actor.js';
import { rest } from './heal.js';
import { differences, isLedTo, isOfLateness } from './reasons.js';
import type { Stage } from './stage.js';
import { concernOf, nameOf } from './stored.js';
import { Violation } from './trace.js';
import type { Sent } from './wire-watch.js';

/** After so many exchanges in quiet both sides use one session. */
const maxExchanges = 10;

/** Why a message may fail when users block each other or somebody is there under a new identity. */
const userFailures: ReadonlySet<string> = new Set([
  'contact-blocked',
  'identity-changed',
  'unknown-contact',
  'not-found',
  'send-expired',
  'restored-unsent',
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

  /** Messages that came too late to be read, and those whose receipt did. */
  readonly #lost = new Set<string>();

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
    for (const actor of stage.actors) this.#checkReasons(actor, orderly);
    this.#checkEnvelopes();
    for (const [from, to] of stage.pairs()) this.#checkConversation(from, to, orderly);
    for (const actor of stage.actors) await this.#checkDevice(actor);
    for (const actor of stage.actors) actor.forget();
    stage.wire.forget();
  }

  /** Both sides of every pair that something came between, or of all, agree on one session soon. */
  async checkSessions(all: boolean): Promise<void> {
    const pairs = [...this.#stage.pairs()].filter(
      ([one, other]) => one.name < other.name && (all || this.#stage.isTouched(one, other)),
    );
    for (const [one, other] of pairs) await this.#agree(one, other);
    // What came between them excuses what becomes of these, and nothing later.
    if (pairs.length > 0) await this.check(true);
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
    throw new Violation(`${pair} have not agreed on a session after ${maxExchanges} exchanges`, {
      who: [one.name, other.name],
      what: 'probe',
    });
  }

  async #say(from: Actor, to: Actor, text: string): Promise<void> {
    await from.device.messenger.messages.send(to.id, { text });
    await this.#stage.network.settle();
  }

  /** Every reason was told of something that was sent, and something leads to it. */
  #checkReasons(actor: Actor, orderly: boolean): void {
    const { wire, actors } = this.#stage;
    for (const { envelope, reason } of actor.tellings) {
      const from = wire.senderOf(envelope);
      const sender = actors.find(({ id }) => id === from);
      if (!sender) {
        throw new Violation(`${actor.name} told ${reason} of what nobody sent`, { who: [actor.name] });
      }
      const [between, own] = [this.#stage.touches(actor, sender), this.#stage.touches(actor, actor)];
      if (isLedTo(reason, between, own)) continue;
      // Absent where it is of an earlier time: a restored storage may still have it in quarantine.
      const sent = wire.find(envelope);
      const isLate = sent !== undefined && wire.isOutlived(sent, actor.ledger.readBefore(envelope));
      if (!orderly && isOfLateness(reason) && isLate) continue;
      const what = sent?.content ? nameOf(sent.content) : 'something';
      throw new Violation(
        `${what} of ${sender.name} ended at ${actor.name} in ${reason}, and nothing explains it`,
        concernOf([sender.name, actor.name], sent?.content),
      );
    }
  }

  /** What the relay accepted has come to something, on a device that is still there. */
  #checkEnvelopes(): void {
    const { wire, actors } = this.#stage;
    this.#lost.clear();
    for (const sent of wire.accepts()) {
      const actor = actors.find(({ id }) => id === sent.to);
      const sender = actors.find(({ id }) => id === sent.from);
      if (!actor || !sender || this.#stage.isTouched(actor, actor)) continue;
      const { content, envelopeId } = sent;
      const outcome = envelopeId && actor.ledger.outcome(envelopeId);
      const what = `${content ? nameOf(content) : 'something'} of ${sender.name}`;
      const concern = concernOf([sender.name, actor.name], content);
      if (outcome === undefined) {
        throw new Violation(`${what} was accepted for ${actor.name} and is nowhere`, concern);
      }
      if (this.#stage.isTouched(actor, sender) || ['effect', 'nothing', 'again'].includes(outcome)) continue;
      if (this.#isMadeUpFor(sent, [sender, actor])) continue;
      throw new Violation(`${what} ended at ${actor.name} in ${outcome}, and never came`, concern);
    }
  }

  /**
   * Between two whom nothing but weather came between, only an envelope that was held back for too long ends in
   * a reason (see `#checkReasons`). A message then comes again, unless as many were asked for, or sent again, as
   * may be in an hour; nobody asks for a receipt again.
   */
  #isMadeUpFor({ content, from }: Sent, [sender, actor]: [Actor, Actor]): boolean {
    const isText = content?.type === 'text';
    if (isText && actor.hasReceived(from, content.id as Message['id'])) return true;
    if (isText && !this.#hasAskedOut(actor, sender)) return false;
    for (const id of isText ? [content.id] : (content?.ids ?? [])) this.#lost.add(id);
    return true;
  }

  /** No more is asked for, or sent again, in an hour than the limits allow. */
  #hasAskedOut(receiver: Actor, sender: Actor): boolean {
    const { requests } = receiver.ledger.repeats(sender.id);
    const { resends } = sender.ledger.repeats(receiver.id);
    return requests >= limits.maxResendRequests || resends >= limits.maxResendsPerHour;
  }

  #checkConversation(from: Actor, to: Actor, orderly: boolean): void {
    const written = from.ledger.unchecked(to.id).filter(({ sender }) => sender === from.id);
    const received = to.ledger.unchecked(from.id).filter(({ sender }) => sender === from.id);
    const strict = !this.#stage.isTouched(from, to);
    const what = `${from.name} to ${to.name}`;
    const wrong = (how: string, row?: Message) => {
      const concern = { who: [from.name, to.name], ...(row && { what: textOf(row) }) };
      return new Violation(`${what}: ${how}`, concern);
    };
    for (const row of written) {
      const fault = this.#faultOf(row, from, to, strict);
      if (fault !== undefined) throw wrong(`${textOf(row)} is ${fault}`, row);
    }
    const ids = new Set(received.map(({ id }) => id));
    if (ids.size !== received.length) throw wrong('a message is there twice');
    if (!strict) return;
    const order = received.map((row) => written.findIndex(({ id }) => id === row.id));
    received.forEach((row, index) => {
      const source = written[order[index] as number];
      if (!source) throw wrong(`${textOf(row)} was never written`, row);
      if (textOf(source) !== textOf(row)) throw wrong(`${textOf(row)} was ${textOf(source)}`, row);
    });
    const lacking = written.find(({ id }) => !ids.has(id) && !this.#lost.has(id));
    if (lacking) throw wrong(`${textOf(lacking)} is not among what was received`, lacking);
    const early = order.findIndex((at, index) => index > 0 && at < (order[index - 1] as number));
    if (orderly && early >= 0) {
      throw wrong(`out of order: ${received.map(textOf).join(' | ')}`, received[early]);
    }
  }

  /** What is wrong with how a message of this sender stands, if anything is. */
  #faultOf(row: Message, from: Actor, to: Actor, strict: boolean): string | undefined {
    const { status, failure, id } = row;
    this.tally.written += 1;
    const how = `${status} (${failure ?? 'no failure'})`;
    if (status === 'pending') return how;
    if (status === 'failed') {
      const code = failure ?? 'nothing';
      this.tally.failed.set(code, (this.tally.failed.get(code) ?? 0) + 1);
      return strict || !userFailures.has(code) ? how : undefined;
    }
    if (status === 'delivered') {
      this.tally.delivered += 1;
      return to.hasReceived(from.id, id) ? undefined : `${how}, and ${to.name} has not got it`;
    }
    return strict && !this.#lost.has(id) ? how : undefined;
  }

  /** Observers heard everything; the keys the relay may hand out are there; nothing waits that nobody waits for. */
  async #checkDevice(actor: Actor): Promise<void> {
    const { name, ledger } = actor;
    const unheard = ledger.unheard();
    if (unheard.length > 0)
      throw new Violation(`observers of ${name} have not heard ${unheard.join(', ')}`, { who: [name] });
    const engineKeys = await actor.keys('engine/', 'quarantine/');
    const held = engineKeys.filter((key) => key.startsWith('engine/pre-key/')).length;
    const { oneTime, signedId, kemLastResortId } = this.#stage.network.relay.preKeyStatus(actor.address);
    if (held < oneTime)
      throw new Violation(`${name} has ${held} one-time keys, and the relay ${oneTime}`, { who: [name] });
    for (const key of [`engine/signed-pre-key/${signedId}`, `engine/kem-pre-key/${kemLastResortId}`]) {
      if (!engineKeys.includes(key)) throw new Violation(`${name} has not got ${key}`, { who: [name] });
    }
    const { undecryptable } = await actor.device.messenger.diagnostics.counters();
    const wrong = differences(ledger.told, new Map(Object.entries(undecryptable)));
    if (wrong.length > 0)
      throw new Violation(`${name} told and counts: ${wrong.join(', ')}`, { who: [name] });
    const waiting = engineKeys.find((key) => key.startsWith('quarantine/'));
    if (waiting !== undefined) throw new Violation(`${name} still keeps ${waiting}`, { who: [name] });
  }
}

function textOf({ body }: Message): string {
  return body.kind === 'text' ? body.text : `[${body.type}]`;
}
