/** Starting a session from a bundle (spec: pqxdh 2.3). Knows no message. */
import { SottoError } from '../../errors.js';
import type { EngineStep, EngineView, SessionBundle, SessionInput } from '../../ports/index.js';
import { verifySignatureLater } from '../../verification/xeddsa.js';
import { initiatorRatchet } from './double-ratchet/state.js';
import { blaming } from './failures.js';
import { initiate } from './pqxdh.js';
import {
  parseExactPublicKey,
  type BaseKey,
  type IdentityKey,
  type PublicKey,
  type RemoteRatchetKey,
} from './primitives/keys.js';
import { kemPublicKeyLength, kyber1024Type } from './primitives/kyber1024.js';
import type { Primitives } from './primitives/primitives.js';
import { emptySessionRecord, loadSessionRecord, replaceCurrent } from './session-record/store.js';
import type { Session } from './session-record/session.js';
import {
  assertPinned,
  jumpLimit,
  ourIdentity,
  sessionContext,
  type SessionContext,
} from './sessions-context.js';
import { initialSpqrState } from './spqr/ratchet.js';

/** A bundle whose keys have their form; their signatures may be anything. */
interface ParsedBundle {
  readonly identityKey: IdentityKey;
  readonly registrationId: number;
  readonly signedPreKey: RemoteRatchetKey;
  readonly signedId: number;
  readonly oneTimePreKey: PublicKey | undefined;
  readonly oneTimeId: number | undefined;
  readonly kemPreKey: Uint8Array;
  readonly kemId: number;
}

/** See `ProtocolEngine.startSession`. */
export async function startSession(
  primitives: Primitives,
  view: EngineView,
  input: SessionInput & { readonly bundle: SessionBundle },
): Promise<EngineStep<undefined>> {
  const context = sessionContext(primitives, view, input);
  const bundle = await blaming('invalid-bundle', async () => parseBundle(input.bundle));
  assertPinned(input, bundle.identityKey);
  await blaming('invalid-bundle', () => verifyBundle(input.bundle));
  const record = (await loadSessionRecord(view, context.keys)) ?? emptySessionRecord;
  const session = await initiatorSession(context, bundle, record.nextId);
  return { result: undefined, changes: await replaceCurrent(view, context.keys, record, session) };
}

function parseBundle(bundle: SessionBundle): ParsedBundle {
  const { identityKey, registrationId, signedPreKey, oneTimePreKey, kemPreKey } = bundle;
  for (const number of [registrationId, signedPreKey.id, kemPreKey.id, oneTimePreKey?.id ?? 0]) {
    if (!Number.isInteger(number) || number < 0 || number > 0xffffffff)
      throw new SottoError('invalid-bundle');
  }
  const kem = kemPreKey.publicKey;
  if (kem.length !== kemPublicKeyLength || kem[0] !== kyber1024Type) throw new SottoError('invalid-bundle');
  return {
    identityKey: parseExactPublicKey<'identity'>(identityKey),
    registrationId,
    signedPreKey: parseExactPublicKey<'remote-ratchet'>(signedPreKey.publicKey),
    signedId: signedPreKey.id,
    oneTimePreKey: oneTimePreKey && parseExactPublicKey(oneTimePreKey.publicKey),
    oneTimeId: oneTimePreKey?.id,
    kemPreKey: kem,
    kemId: kemPreKey.id,
  };
}

async function verifyBundle({ identityKey, signedPreKey, kemPreKey }: SessionBundle): Promise<void> {
  await verifySignatureLater(identityKey, signedPreKey.publicKey, signedPreKey.signature);
  await verifySignatureLater(identityKey, kemPreKey.publicKey, kemPreKey.signature);
}

async function initiatorSession(
  { primitives, input }: SessionContext,
  bundle: ParsedBundle,
  id: number,
): Promise<Session> {
  const identity = ourIdentity(input.our);
  const base = await primitives.curve.generateKeyPair();
  const our = { identityKey: identity.privateKey, baseKey: base.privateKey };
  const { secrets, doubleRatchet } = await blaming('invalid-bundle', async () => {
    const agreed = await initiate(primitives, our, bundle);
    return {
      secrets: agreed,
      doubleRatchet: await initiatorRatchet(primitives.curve, agreed, bundle.signedPreKey),
    };
  });
  const maxJump = jumpLimit(input, identity.publicKey, bundle.identityKey);
  return {
    id,
    baseKey: base.publicKey as BaseKey,
    ourRegistrationId: input.our.registrationId,
    theirRegistrationId: bundle.registrationId,
    pending: {
      oneTimeId: bundle.oneTimeId,
      signedId: bundle.signedId,
      kemId: bundle.kemId,
      kemCiphertext: secrets.kemCiphertext,
      createdSeconds: Math.floor(input.now / 1000),
    },
    ratchet: {
      ourIdentity: identity.publicKey,
      theirIdentity: bundle.identityKey,
      doubleRatchet,
      spqr: initialSpqrState({ role: 'initiator', authKey: secrets.pqKey, maxJump }),
    },
  };
}
