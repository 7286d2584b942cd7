/**
 * Sees everything that is encrypted and everything that passes the relay: no message key may ever encrypt two
 * messages, and whatever the relay has accepted can be told by its ciphertext. Knows no device's inside.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { parsePreKeySignalMessage } from '../../engines/portable/messages/pre-key-signal-message.js';
import { parseSignalMessage } from '../../engines/portable/messages/signal-message.js';
import type { ProtocolEngine } from '../../ports/engine.js';
import {
  toBase64Url,
  type AccountId,
  type CiphertextKind,
  type Envelope,
  type EnvelopeId,
  type SendRequest,
} from '../../wire/index.js';
import type { RelayCall } from '../network/tamper.js';
import { contentOf, nameOf, type SeenContent } from './stored.js';
import type { Trace } from './trace.js';

/** Receiving chains that a session keeps (Double Ratchet as the protocol's peers do it). */
const keptChains = 5;

/** Something that is for another device. */
export interface Sent {
  readonly from: AccountId;
  readonly to: AccountId;
  readonly kind: CiphertextKind;
  /** Of its sending chain. */
  readonly ratchetKey: string;
  /** Its place among all ciphertexts in the order they were made. */
  readonly madeAt: number;
  readonly content: SeenContent | undefined;
  /** The relay has accepted it. */
  accepted: boolean;
  /** Known once it was delivered: that may be before its acceptance is. */
  envelopeId: EnvelopeId | undefined;
}

/** What a message key was seen with. */
interface KeyUse {
  readonly tag: string;
  readonly from: AccountId;
  /** The relay has seen it, or it is on its way there. */
  arrived: boolean;
}

/** See the header. */
export class WireWatch {
  readonly #trace: Trace;
  /** Every message key that was seen in use. */
  readonly #keys = new Map<string, KeyUse>();
  /** The places of ciphertexts in the order they were made, and that of the first one of each chain. */
  readonly #madeAt = new Map<string, number>();
  readonly #begunAt = new Map<string, number>();
  #made = 0;
  /** Accounts with a device that runs twice. */
  readonly #doubles = new Set<AccountId>();
  readonly #contents = new Map<string, SeenContent>();
  readonly #sent = new Map<string, Sent>();
  readonly #byEnvelope = new Map<EnvelopeId, Sent>();
  /** Who sent each envelope, from the beginning on. */
  readonly #senders = new Map<EnvelopeId, AccountId>();

  /** What a relay kept back and went on as if it had shown it. */
  readonly #dropped = new Set<EnvelopeId>();

  /** The kind of the last ciphertext from one account to another. */
  readonly #lastKinds = new Map<string, CiphertextKind>();

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** How many message keys were seen in use. */
  get keyCount(): number {
    return this.#keys.size;
  }

  /** The engine, watched: what is in its ciphertexts is remembered. */
  watched(engine: ProtocolEngine): ProtocolEngine {
    return {
      ...engine,
      encrypt: async (view, input) => {
        const step = await engine.encrypt(view, input);
        const { kind, ciphertext } = step.result;
        const content = contentOf(input.plaintext);
        this.#made += 1;
        this.#contents.set(tagOf(ciphertext), content);
        this.#madeAt.set(tagOf(ciphertext), this.#made);
        const chain = chainOf(messageKeyOf(kind, ciphertext));
        if (!this.#begunAt.has(chain)) this.#begunAt.set(chain, this.#made);
        const [from, to] = [input.our.address.accountId, input.their.accountId];
        this.#note(from, to, `encrypts ${kind} ${keyText(messageKeyOf(kind, ciphertext))}`, content);
        return step;
      },
    };
  }

  /** A page was kept back. */
  dropped(page: readonly Envelope[]): void {
    for (const { id } of page) this.#dropped.add(id);
  }

  /** Whether the relay has once said that everything had come, and this had not. */
  wasDropped(envelope: EnvelopeId): boolean {
    return this.#dropped.has(envelope);
  }

  /** A call has left a device, whether or not it arrives. */
  called({ operation, request, device }: RelayCall): void {
    if (operation !== 'send' || !device) return;
    for (const { kind, ciphertext } of request.bodies) {
      const tag = tagOf(ciphertext);
      const [from, to] = [device.accountId, request.recipient];
      const messageKey = messageKeyOf(kind, ciphertext);
      this.#use(messageKey, { tag, from, arrived: false });
      const content = this.#contents.get(tag);
      const madeAt = this.#madeAt.get(tag) ?? Infinity;
      const made = { from, to, kind, ratchetKey: chainOf(messageKey), madeAt, content };
      const sent = { ...made, accepted: false, envelopeId: undefined };
      if (!this.#sent.has(tag)) this.#sent.set(tag, sent);
    }
  }

  /** A call was not lost on its way to the relay. */
  arrived({ operation, request, device }: RelayCall): void {
    if (operation !== 'send' || !device) return;
    for (const { kind, ciphertext } of request.bodies) {
      const use = { tag: tagOf(ciphertext), from: device.accountId, arrived: true };
      this.#use(messageKeyOf(kind, ciphertext), use);
    }
  }

  /**
   * A device of this account is an older one or a copy from now on. Neither it nor the relay can know of keys
   * whose messages were lost before the relay saw them: their next use is the first that anybody can read.
   */
  setBack(account: AccountId): void {
    for (const [key, { from, arrived }] of this.#keys) {
      if (from === account && !arrived) this.#keys.delete(key);
    }
  }

  /** There are two of a device of this account, or one again: each can lose what the other cannot know of. */
  setDouble(account: AccountId, isDouble: boolean): void {
    this.setBack(account);
    if (isDouble) this.#doubles.add(account);
    else this.#doubles.delete(account);
  }

  #note(one: AccountId, other: AccountId, does: string, content: SeenContent | undefined): void {
    const [who, peer] = [this.#trace.nameOf(one), this.#trace.nameOf(other)];
    const what = content ? nameOf(content) : 'something';
    this.#trace.note(`${who} ${does}: ${what} (with ${peer})`, who, peer);
  }

  #use(key: string, use: KeyUse): void {
    const before = this.#keys.get(key);
    const isUnknown = before && before.tag !== use.tag && !before.arrived && this.#doubles.has(use.from);
    if (!before || isUnknown) {
      this.#keys.set(key, use);
      return;
    }
    if (before.tag !== use.tag) {
      const concern = { who: [this.#trace.nameOf(use.from)], what: keyText(key) };
      this.#trace.accuse(`message key ${key} used twice`, concern);
    }
    before.arrived ||= use.arrived;
  }

  /** The relay has accepted an attempt. */
  accepted(request: SendRequest): void {
    for (const { ciphertext, kind } of request.bodies) {
      const sent = this.#sent.get(tagOf(ciphertext));
      if (!sent || sent.accepted) continue;
      sent.accepted = true;
      const { from, to, content } = sent;
      this.#lastKinds.set(`${from} ${to}`, kind);
      this.#note(from, to, `brings ${kind} to the relay`, content);
    }
  }

  /** Envelopes go to a device. */
  delivered(page: readonly Envelope[]): void {
    for (const { id, ciphertext } of page) {
      const sent = this.#sent.get(tagOf(ciphertext));
      if (!sent) continue;
      this.#note(sent.to, sent.from, 'is shown', sent.content);
      sent.envelopeId = id;
      this.#byEnvelope.set(id, sent);
      this.#senders.set(id, sent.from);
    }
  }

  /** What an envelope is, as far as it was seen. */
  find(envelope: EnvelopeId): Sent | undefined {
    return this.#byEnvelope.get(envelope);
  }

  /** Who sent an envelope, however long ago. */
  senderOf(envelope: EnvelopeId): AccountId | undefined {
    return this.#senders.get(envelope);
  }

  /** What was accepted since the last `forget`. */
  accepts(): Sent[] {
    return [...this.#sent.values()].filter(({ accepted }) => accepted);
  }

  /**
   * Whether its receiver had read so many younger chains of its sender that no state need know its own any more: what
   * a handler answers is encrypted at once, and goes out after all that waited for the same contact before.
   * Chains of a session that was begun in between count too: which session a chain is of cannot be seen from here.
   * @param read - what the receiver had read before
   */
  isOutlived({ from, to, madeAt }: Sent, read: ReadonlySet<EnvelopeId>): boolean {
    const younger = this.accepts().filter(
      (other) =>
        other.from === from &&
        other.to === to &&
        (this.#begunAt.get(other.ratchetKey) ?? 0) > madeAt &&
        other.envelopeId !== undefined &&
        read.has(other.envelopeId),
    );
    return new Set(younger.map((other) => other.ratchetKey)).size >= keptChains;
  }

  /** The kind of the last ciphertext from one account to another that was accepted. */
  lastKind(from: AccountId, to: AccountId): CiphertextKind | undefined {
    return this.#lastKinds.get(`${from} ${to}`);
  }

  /** All of it has been checked. Message keys, and who sent what, are never forgotten. */
  forget(): void {
    this.#contents.clear();
    this.#madeAt.clear();
    this.#sent.clear();
    this.#byEnvelope.clear();
  }
}

/** The chain of a message key. */
function chainOf(key: string): string {
  const [ratchetKey = ''] = key.split(' ');
  return ratchetKey;
}

/** How a message key is told: enough of it. */
function keyText(key: string): string {
  const [ratchetKey = '', counter = ''] = key.split(' ');
  return `${ratchetKey.slice(1, 9)}/${counter}`;
}

/** A ciphertext's name. */
function tagOf(ciphertext: Uint8Array): string {
  return toBase64Url(sha256(ciphertext).subarray(0, 16));
}

/** Which message key a ciphertext was made with: the ratchet key and the counter in its chain. */
function messageKeyOf(kind: CiphertextKind, ciphertext: Uint8Array): string {
  const { ratchetKey, counter } =
    kind === 'prekey' ? parsePreKeySignalMessage(ciphertext).message : parseSignalMessage(ciphertext);
  return `${toBase64Url(ratchetKey)} ${counter}`;
}
