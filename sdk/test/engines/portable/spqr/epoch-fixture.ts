/** One epoch between two braids, driven by hand: every state with nothing, and with all but one chunk, received. */
import { initialBraid, type Braid, type EpochSecret } from '../../../../src/engines/portable/spqr/braid.js';
import { braidReceive } from '../../../../src/engines/portable/spqr/braid-receive.js';
import { braidSend } from '../../../../src/engines/portable/spqr/braid-send.js';
import type { Payload } from '../../../../src/engines/portable/spqr/message.js';
import { seededRandom, type SeededRandom } from '../../../../src/testing/seeded-random.js';
import type { PayloadKind, StateKind, Wait } from './rows.js';
import { authKey } from './support.js';

/** A braid, the payload it waits for, and what is left to wait for. */
export interface Waiting {
  readonly braid: Braid;
  /** Whether the next new chunk is the last one needed. */
  readonly wait: Wait;
}

export interface EpochFixture {
  /** Every state at least once. */
  readonly states: readonly Waiting[];
  /** Genuine payloads that no state of the fixture has seen, by kind. */
  readonly fresh: Readonly<Record<PayloadKind, Payload>>;
  /** What both sides agree on. */
  readonly secret: EpochSecret;
}

/** A braid and what it was sent and told so far. */
class Hand {
  constructor(
    public braid: Braid,
    readonly random: SeededRandom,
  ) {}

  /** Sends so many payloads and gives the last. */
  send(count = 1): Payload {
    let payload: Payload | undefined;
    for (let sent = 0; sent < count; sent += 1) {
      const result = braidSend(this.braid, this.random);
      this.braid = result.braid;
      payload = result.payload;
      this.secret ??= result.secret;
    }
    return payload!;
  }

  secret: EpochSecret | undefined;

  receive(payload: Payload): void {
    const { braid, secret } = braidReceive(this.braid, this.braid.epoch, payload);
    this.braid = braid;
    this.secret ??= secret;
  }

  /** Takes so many new payloads of the other side. */
  take(count: number, other: Hand): void {
    for (let taken = 0; taken < count; taken += 1) this.receive(other.send());
  }

  copy(): Hand {
    return new Hand(this.braid, this.random);
  }
}

/** Plays an epoch. */
export function playEpoch(seed: string): EpochFixture {
  const random = seededRandom(seed);
  const owner = new Hand(initialBraid('initiator', authKey), random);
  const other = new Hand(initialBraid('responder', authKey), random);
  const states: Waiting[] = [];
  const note = (hand: Hand, wait: Wait = 'more') => states.push({ braid: hand.braid, wait });

  note(owner);
  note(other);
  other.take(2, owner);
  note(owner);
  note(other, 'last');
  const hdr = owner.copy().send();
  other.take(1, owner);
  note(other);

  const ct1First = other.send();
  note(other);
  const atCt1Sampled = other.copy();
  owner.receive(ct1First);
  note(owner);
  const ek = owner.copy().send(60);
  owner.take(28, other);
  note(owner, 'last');
  const ct1 = other.copy().send(60);

  // The vector arrives whole while the first part of the ciphertext is unacknowledged.
  const vectorSender = owner.copy();
  atCt1Sampled.take(35, vectorSender);
  note(atCt1Sampled, 'last');
  const vectorFirst = atCt1Sampled.copy();
  vectorFirst.take(1, vectorSender);
  note(vectorFirst);

  owner.take(1, other);
  note(owner);
  const ekCt1Ack = owner.copy().send(60);
  other.take(1, owner);
  note(other);
  other.take(34, owner);
  note(other, 'last');
  other.take(1, owner);
  note(other);

  const ct2 = other.copy().send(60);
  owner.take(1, other);
  note(owner);
  const ct1Ack = owner.copy().send();
  owner.take(3, other);
  note(owner, 'last');
  owner.take(1, other);
  note(owner);

  const fresh = { none: { kind: 'none' }, hdr, ek, ekCt1Ack, ct1Ack, ct1, ct2 } as const;
  return { states, fresh, secret: owner.secret! };
}

/** The state of one kind with as much received as was asked for. */
export function stateOf({ states }: EpochFixture, kind: StateKind, wait: Wait = 'more'): Braid {
  const found = states.find(({ braid, wait: held }) => braid.state.kind === kind && held === wait);
  if (!found) throw new Error(`no ${kind} that waits for ${wait}`);
  return found.braid;
}
