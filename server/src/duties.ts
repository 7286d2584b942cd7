/** Builds the relay's duties over an open storage and ties them together. Knows no server and no socket. */
import { createAccountsService } from './accounts/accounts-service.js';
import { accountsRoutes } from './accounts/accounts-routes.js';
import { createRecoveryService } from './accounts/recovery-service.js';
import { resetRoutes } from './accounts/reset-routes.js';
import { createResetService } from './accounts/reset-service.js';
import { createContactCodes } from './accounts/contact-code.js';
import { createAccessTokens } from './auth/access-tokens.js';
import { authRoutes } from './auth/auth-routes.js';
import { createLoginKeys, type LoginKeys } from './auth/login-keys.js';
import { createLoginDecoy, createLoginService } from './auth/login-service.js';
import { createNonces } from './auth/nonces.js';
import { createOpenLogins } from './auth/open-logins.js';
import { createRefreshService } from './auth/refresh-service.js';
import { createRefreshTokens } from './auth/refresh-tokens.js';
import { createRequestProofs, type RequestProofs } from './auth/request-proofs.js';
import { createTokenIssuer } from './auth/token-issuer.js';
import { contactsRoutes } from './contacts/contacts-routes.js';
import { createContactsService } from './contacts/contacts-service.js';
import { createReachTokens } from './contacts/reach-tokens.js';
import { createContinuityService, type ContinuityService } from './continuity/continuity-service.js';
import { createHashGate } from './hash-gate.js';
import type { Routes } from './http/routes.js';
import { keysRoutes } from './keys/keys-routes.js';
import { createKeysService } from './keys/keys-service.js';
import type { Mailbox } from './mailbox/mailbox.js';
import { noMeter, type Meter } from './metrics/meter.js';
import type { AccessTokenVerifier, ConnectedDevices, Now, RandomBytes, ReachTokens } from './ports.js';
import { dayOf, relayLimits } from './relay-limits.js';
import type { RelayStorage } from './relay-storage.js';
import { createAccountsStore } from './storage/postgres/accounts-store.js';
import { createAuthStore } from './storage/postgres/auth-store.js';
import { createContinuityStore } from './storage/postgres/continuity-store.js';
import type { HandOver } from './storage/postgres/device-retirement.js';
import { createRecoveryStore } from './storage/postgres/recovery-store.js';
import { createResetStore } from './storage/postgres/reset-store.js';
import { createKeysStore } from './storage/postgres/keys-store.js';
import { openPostgresMailbox } from './storage/postgres/postgres-mailbox.js';
import { openRedisMailbox } from './storage/redis/redis-mailbox.js';
import type { Sweep } from './upkeep.js';

/** What the duties are built over. */
export interface DutiesParts {
  readonly storage: Pick<RelayStorage, 'database' | 'secrets' | 'relayId'> &
    Partial<Pick<RelayStorage, 'mailboxServer'>>;
  readonly connected: ConnectedDevices;
  /** Told how many calls the mailbox's transactions carry. */
  readonly meter?: Meter;
  readonly now: Now;
  readonly random: RandomBytes;
  /** Replaces the hashing of login keys, for tests that count its calls. */
  readonly loginKeys?: LoginKeys;
}

/** What the servers in front need of the duties. */
export interface Duties {
  readonly routes: Routes;
  /** Tokens of logins that are open; for requests and for handshakes. */
  readonly openLogins: AccessTokenVerifier;
  readonly proofs: RequestProofs;
  readonly reachTokens: ReachTokens;
  readonly mailbox: Mailbox;
  readonly continuity: ContinuityService;
  readonly sweeps: readonly Sweep[];
}

type Stores = ReturnType<typeof openStores>;

function openMailbox({ database, mailboxServer: server }: DutiesParts['storage'], meter: Meter): Mailbox {
  return server ? openRedisMailbox({ database, server, meter }) : openPostgresMailbox({ database, meter });
}

function openStores(storage: DutiesParts['storage'], meter: Meter = noMeter) {
  const { database } = storage;
  const mailbox = openMailbox(storage, meter);
  const handOver: HandOver = (from, to) => mailbox.handOver(from, to);
  return {
    auth: createAuthStore(database),
    accounts: createAccountsStore(database),
    recovery: createRecoveryStore(database, handOver),
    resets: createResetStore(database, handOver),
    keys: createKeysStore(database),
    mailbox,
    continuities: createContinuityStore(database),
  };
}

function createSweeps({ auth, keys, mailbox, resets }: Stores): readonly Sweep[] {
  const { maxNonces, handedOutKeyTtlDays } = relayLimits;
  return [
    { part: 'nonces', run: (now) => auth.sweepNonces(now, maxNonces) },
    { part: 'refresh-families', run: (now) => auth.sweepFamilies(now) },
    { part: 'handed-out-keys', run: (now) => keys.sweepHandedOut(dayOf(now) - handedOutKeyTtlDays - 1) },
    { part: 'resets', run: (now) => resets.sweep(now - relayLimits.resetValidMs) },
    {
      part: 'mailbox',
      run: async (now) => {
        const { envelopes, attempts } = await mailbox.sweep(now);
        return envelopes + attempts;
      },
    },
  ];
}

async function createAuth(parts: DutiesParts, store: Stores['auth'], loginKeys: LoginKeys) {
  const { storage, connected, now, random } = parts;
  const { secrets, relayId } = storage;
  const accessTokens = createAccessTokens({ key: secrets.accessTokenKey, relayId, now });
  const refreshTokens = createRefreshTokens(secrets.refreshTokenKey);
  const tokens = createTokenIssuer({ store, accessTokens, refreshTokens, now });
  const nonces = createNonces(store, now, random);
  const decoy = await createLoginDecoy(secrets.decoyKey, loginKeys);
  const logins = createLoginService({ store, loginKeys, nonces, tokens, decoy });
  const refreshes = createRefreshService({ store, refreshTokens, tokens, connected, now });
  const routes = authRoutes(nonces, logins, refreshes);
  const openLogins = createOpenLogins(accessTokens, store, now);
  const decoyHash = decoy.loginKeyHash;
  return { openLogins, tokens, nonces, decoyHash, proofs: createRequestProofs(store, nonces), routes };
}

/** See the file's header. */
export async function createDuties(parts: DutiesParts): Promise<Duties> {
  const { storage, connected, now } = parts;
  const { secrets, relayId } = storage;
  const stores = openStores(storage, parts.meter);
  const gate = createHashGate();
  const loginKeys = parts.loginKeys ?? createLoginKeys(gate);
  const auth = await createAuth(parts, stores.auth, loginKeys);
  const reachTokens = createReachTokens(secrets.reachTokenKey, now);
  const contactCodes = createContactCodes(gate);
  const accounts = createAccountsService({
    store: stores.accounts,
    loginKeys,
    contactCodes,
    tokens: auth.tokens,
    connected,
  });
  const recovery = createRecoveryService({
    accounts: stores.accounts,
    store: stores.recovery,
    nonces: auth.nonces,
    tokens: auth.tokens,
    connected,
    now,
  });
  const resets = createResetService({
    ...{
      accounts: stores.accounts,
      store: stores.resets,
      auth: stores.auth,
      loginKeys,
      contactCodes,
      connected,
    },
    ...{ nonces: auth.nonces, tokens: auth.tokens, decoyHash: auth.decoyHash, now },
  });
  const contacts = createContactsService({
    accounts: stores.accounts,
    reachTokens,
    decoyKey: secrets.decoyKey,
  });
  const keys = createKeysService({
    store: stores.keys,
    accounts: stores.accounts,
    reachTokens,
    connected,
    now,
  });
  const info = { relayId, protocol: 1, authScheme: 'scrypt-hkdf-v1' } as const;
  const routes: Routes = {
    'relay.info': { handle: async () => info },
    ...auth.routes,
    ...accountsRoutes(accounts, recovery),
    ...resetRoutes(resets),
    ...contactsRoutes(contacts),
    ...keysRoutes(keys),
  };
  const { openLogins, proofs } = auth;
  const sweeps = createSweeps(stores);
  const continuity = createContinuityService(stores.continuities, parts.random);
  return { routes, openLogins, proofs, reachTokens, mailbox: stores.mailbox, continuity, sweeps };
}
