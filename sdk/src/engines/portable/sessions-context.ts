/** What every step between two devices needs: who both are, and whether the other's key may be used. */
import { equalBytes } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import type { EngineView, OurDevice, SessionInput } from '../../ports/index.js';
import { serviceIdFixedWidth } from './messages/service-id.js';
import {
  parseHeldPrivateKey,
  parseExactPublicKey,
  type IdentityKey,
  type KeyPair,
} from './primitives/keys.js';
import type { Primitives } from './primitives/primitives.js';
import { SessionKeys } from './session-record/keys.js';
import { maxJump, maxOwnJump } from './triple-ratchet.js';

/** One step's surroundings. */
export interface SessionContext {
  readonly primitives: Primitives;
  readonly view: EngineView;
  readonly input: SessionInput;
  /** Of the other device's records. */
  readonly keys: SessionKeys;
}

/** @throws TypeError when the other side is not a device address, or the time not a moment */
export function sessionContext(
  primitives: Primitives,
  view: EngineView,
  input: SessionInput,
): SessionContext {
  assertMoment(input.now);
  return { primitives, view, input, keys: new SessionKeys(input.their) };
}

/**
 * Our identity key pair as the curve takes it.
 * @throws SottoError `invalid-key`
 */
export function ourIdentity({ identity }: OurDevice): KeyPair<'identity'> {
  return {
    publicKey: parseExactPublicKey<'identity'>(identity.publicKey),
    privateKey: parseHeldPrivateKey(identity.privateKey.expose()),
  };
}

/** @throws SottoError `identity-changed` when there is a pin and the key is another */
export function assertPinned({ pinnedIdentityKey, their }: SessionInput, shown: IdentityKey): void {
  if (pinnedIdentityKey === undefined || equalBytes(pinnedIdentityKey, shown)) return;
  const details = { accountId: their.accountId, shownIdentityKey: shown.slice() };
  throw new SottoError('identity-changed', { details });
}

/** How far messages of a session may jump: farther between devices of one account (spec: pqxdh 2.1). */
export function jumpLimit({ our, their }: SessionInput, ours: IdentityKey, theirs: IdentityKey): number {
  if (!equalBytes(ours, theirs)) return maxJump;
  const ourId = serviceIdFixedWidth(our.address.accountId);
  const theirId = serviceIdFixedWidth(their.accountId);
  return ourId && theirId && equalBytes(ourId, theirId) ? maxOwnJump : maxJump;
}

/** @throws TypeError unless it is a moment that a record can keep */
export function assertMoment(nowMs: number): void {
  if (!Number.isSafeInteger(nowMs) || nowMs < 0)
    throw new TypeError('a moment is whole milliseconds from 1970 on');
}

/** @throws TypeError unless it is a byte string */
export function assertBytes(value: Uint8Array): void {
  if (!(value instanceof Uint8Array)) throw new TypeError('expected a Uint8Array');
}
