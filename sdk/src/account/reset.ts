/**
 * Resets the own account: everything is lost but name and password, and it gets a new identity. Contacts see
 * another key and are warned. Knows no contacts and no messages.
 */
import { SottoError, isSottoError } from '../errors.js';
import type { Host } from '../host.js';
import type { ProtocolEngine } from '../ports/engine.js';
import type { Secret } from '../secret.js';
import type { Writer } from '../unit/index.js';
import type { AccountId, TokenPair, Username } from '../wire/index.js';
import {
  credentialsKey,
  credentialsRecord,
  ownAccountKey,
  ownAccountRecord,
  resetDraftKey,
  restoreDraftKey,
  type OwnAccount,
} from './account-record.js';
import { profileOf, type AccountService, type OwnProfile, type RegistrationInput } from './account.js';
import { drawDeviceId, maxDeviceIdAttempts } from './device-ids.js';
import { askAsIdentity } from './identity-proof.js';
import { deriveLoginKey } from './login-key.js';
import type { RelayClient } from './relay-client.js';
import { parseUsername } from './username.js';

/** How a reset stands. */
export type ResetState =
  | {
      readonly state: 'waiting';
      /** The account's devices may object this long; then call again. */
      readonly retryAfterMs: number;
    }
  | { readonly state: 'done'; readonly profile: OwnProfile };

interface Parts {
  readonly writer: Writer;
  readonly engine: ProtocolEngine;
  readonly relay: RelayClient;
  readonly account: AccountService;
  readonly host: Host;
}

interface Asked {
  readonly username: Username;
  readonly relayId: string;
  readonly loginKey: Uint8Array<ArrayBuffer>;
}

/** See `Messenger.account.reset`. */
export async function resetAccount(parts: Parts, input: RegistrationInput): Promise<ResetState> {
  if (await parts.account.find()) throw new SottoError('already-registered');
  const username = parseUsername(input.username);
  const { relayId } = await parts.relay.anonymous('relay.info', {});
  const loginKey: Secret = await deriveLoginKey({ password: input.password, relayId, username });
  try {
    const asked = { username, relayId, loginKey: loginKey.expose() as Uint8Array<ArrayBuffer> };
    return (await repeated(parts, asked)) ?? (await ask(parts, asked));
  } finally {
    loginKey.wipe();
  }
}

/** What an earlier call was about to put in force may be so by now: its answer was lost. */
async function repeated(parts: Parts, asked: Asked): Promise<ResetState | undefined> {
  const draft = await parts.writer.read(resetDraftKey, ownAccountRecord);
  if (!draft || draft.username !== asked.username || draft.relayId !== asked.relayId) return undefined;
  try {
    return await complete(parts, asked, draft);
  } catch (error) {
    if (isSottoError(error, 'reset-waiting') || isSottoError(error, 'device-id-taken')) return undefined;
    throw error;
  }
}

async function ask(parts: Parts, asked: Asked): Promise<ResetState> {
  const { username, loginKey } = asked;
  const { accountId, waitMs } = await parts.relay.anonymous('reset.request', { username, loginKey });
  if (waitMs > 0) return { state: 'waiting', retryAfterMs: waitMs };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await complete(parts, asked, await makeDraft(parts, asked, accountId));
    } catch (error) {
      if (!isSottoError(error, 'device-id-taken') || attempt >= maxDeviceIdAttempts) throw error;
    }
  }
}

async function makeDraft(
  { writer, account, host }: Parts,
  { username, relayId }: Asked,
  accountId: AccountId,
): Promise<OwnAccount> {
  const deviceId = drawDeviceId(host.random);
  const draft = await account.makeDraft({ username, relayId, accountId, deviceId });
  await writer.run(async (unit) => {
    unit.write(resetDraftKey, ownAccountRecord, draft);
  });
  return draft;
}

async function complete(parts: Parts, asked: Asked, draft: OwnAccount): Promise<ResetState> {
  const { relay, engine, writer } = parts;
  const { username, loginKey } = asked;
  const { statement, manifest, identityPrivateKey: privateKey } = draft;
  const identity = { publicKey: statement.identityKey, privateKey };
  const tokens: TokenPair = await askAsIdentity({ relay, engine, identity }, 'reset.complete', {
    ...{ username, loginKey, statement, manifest },
  });
  const account: OwnAccount = { ...draft, state: 'open' };
  await writer.run(async (unit) => {
    unit.write(ownAccountKey, ownAccountRecord, account);
    unit.write(credentialsKey, credentialsRecord, relay.credentialsFrom(tokens));
    unit.delete(resetDraftKey);
    unit.delete(restoreDraftKey);
  });
  return { state: 'done', profile: profileOf(account) };
}
