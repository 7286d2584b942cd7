/** What the lies about envelopes have in common. */
import { limits } from '../../limits.js';
import type { Envelope } from '../../wire/index.js';
import { assertEqual } from '../assert.js';
import type { Actor } from './actor.js';
import type { Stage } from './stage.js';

/** What a ciphertext is. */
export type Kind = Envelope['kind'];
/** Both. */
export const kinds: readonly Kind[] = ['message', 'prekey'];

/** Forged envelopes of a contact that somebody answers in an hour. */
const maxForged = limits.maxSessionRenewals * limits.maxResendRequests;
/** The hour is not over before a lie has been told: what follows it takes long by the clock of the network. */
const marginMs = 30 * 60 * 1000;

/** When bob, of a stage, had begun sessions anew as often as he does in an hour. */
const renewalsSpentAt = new WeakMap<Stage, number>();

/** A field of an envelope. */
export const path = (field: string) => `frame:envelopes/envelopes/*/${field}`;

/** Catches alice's next message to bob, which is of that kind. */
export async function interceptKind(stage: Stage, kind: Kind, text: string): Promise<Envelope> {
  if (kind === 'prekey') await stage.alice.messenger.sessions.reset(stage.bob.id);
  const honest = await stage.intercept(text);
  assertEqual(honest.kind, kind, 'the kind of the message');
  return honest;
}

/**
 * Lets forged envelopes of his contacts come to bob, who begins their sessions anew and asks for what he could not
 * read, and no more within the hour: what is lied about then leaves them as they are.
 */
export async function spendRenewals(stage: Stage): Promise<void> {
  const { alice, bob, carol } = stage;
  const { clock } = stage.network;
  const leftMs = (renewalsSpentAt.get(stage) ?? -Infinity) + limits.sessionRenewalIntervalMs - clock.now();
  if (leftMs > marginMs) return;
  if (leftMs > 0) await stage.network.pass(leftMs);
  const forged = (contact: Actor): Envelope => ({
    id: stage.freshId(),
    sender: contact.address,
    kind: 'message',
    ciphertext: Uint8Array.of(0x44),
    acceptedAt: clock.now(),
  });
  await stage.deliver(...Array.from({ length: maxForged }, () => [forged(alice), forged(carol)]));
  renewalsSpentAt.set(stage, clock.now());
  for (const contact of [alice, carol]) {
    await stage.talk(bob, contact, 'anew');
    await stage.talk(contact, bob, 'anew');
  }
}
