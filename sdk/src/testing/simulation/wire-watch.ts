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
import { contentOf, type SeenContent } from './stored.js';
import type { Trace } from './trace.js';

/** Something that is for another device. */
export interface Sent {
  readonly from: AccountId;
  readonly to: AccountId;
  readonly kind: CiphertextKind;
  readonly content: SeenContent | undefined;
  /** The relay has accepted it. */
  accepted: boolean;
  /** Known once it was delivered: that may be before its acceptance is. */
  envelopeId: EnvelopeId | undefined;
}

/** See the header. */
export class WireWatch {
  readonly #trace: Trace;
  /** The ciphertext of every message key that was seen. */
  readonly #ciphertexts = new Map<string, string>();
  readonly #contents = new Map<string, SeenContent>();
  readonly #sent = new Map<string, Sent>();
  readonly #byEnvelope = new Map<EnvelopeId, Sent>();
  /** The kind of the last ciphertext from one account to another. */
  readonly #lastKinds = new Map<string, CiphertextKind>();

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** How many message keys were seen in use. */
  get keyCount(): number {
    return this.#ciphertexts.size;
  }

  /** The engine, watched: what is in its ciphertexts is remembered. */
  watched(engine: ProtocolEngine): ProtocolEngine {
    return {
      ...engine,
      encrypt: async (view, input) => {
        const step = await engine.encrypt(view, input);
        this.#contents.set(tagOf(step.result.ciphertext), contentOf(input.plaintext));
        return step;
      },
    };
  }

  /** A call has left a device, whether or not it arrives. */
  called({ operation, request, device }: RelayCall): void {
    if (operation !== 'send' || !device) return;
    for (const { kind, ciphertext } of request.bodies) {
      const key = messageKeyOf(kind, ciphertext);
      const tag = tagOf(ciphertext);
      const before = this.#ciphertexts.get(key) ?? tag;
      if (before !== tag) this.#trace.accuse(`message key ${key} used twice`);
      this.#ciphertexts.set(key, tag);
      const [from, to] = [device.accountId, request.recipient];
      const content = this.#contents.get(tag);
      const sent = { from, to, kind, content, accepted: false, envelopeId: undefined };
      if (!this.#sent.has(tag)) this.#sent.set(tag, sent);
    }
  }

  /** The relay has accepted an attempt. */
  accepted(request: SendRequest): void {
    for (const { ciphertext, kind } of request.bodies) {
      const sent = this.#sent.get(tagOf(ciphertext));
      if (!sent || sent.accepted) continue;
      sent.accepted = true;
      const { from, to, content } = sent;
      this.#lastKinds.set(`${from} ${to}`, kind);
      const what = content ? `${content.type} ${content.text ?? content.id}` : 'something';
      this.#trace.note(`relay accepts ${kind} of ${from.slice(0, 4)}: ${what}`);
    }
  }

  /** Envelopes go to a device. */
  delivered(page: readonly Envelope[]): void {
    for (const { id, ciphertext } of page) {
      const sent = this.#sent.get(tagOf(ciphertext));
      if (!sent) continue;
      sent.envelopeId = id;
      this.#byEnvelope.set(id, sent);
    }
  }

  /** What an envelope is, as far as it was seen. */
  find(envelope: EnvelopeId): Sent | undefined {
    return this.#byEnvelope.get(envelope);
  }

  /** What was accepted since the last `forget`. */
  accepts(): Sent[] {
    return [...this.#sent.values()].filter(({ accepted }) => accepted);
  }

  /** The kind of the last ciphertext from one account to another that was accepted. */
  lastKind(from: AccountId, to: AccountId): CiphertextKind | undefined {
    return this.#lastKinds.get(`${from} ${to}`);
  }

  /** All of it has been checked. Message keys are never forgotten. */
  forget(): void {
    this.#contents.clear();
    this.#sent.clear();
    this.#byEnvelope.clear();
  }
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
