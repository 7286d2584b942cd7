/**
 * Brings an account back from the sections of an archive: what the relay has of it, the rows, a device in the place
 * of the one that was backed up, and the account itself, in this order. Up to the last commit this device is what
 * it was; the relay's part may be repeated until its answer is known. Knows no file format and no session.
 */
import {
  askAsIdentity,
  credentialsKey,
  credentialsRecord,
  drawDeviceId,
  maxDeviceId,
  maxDeviceIdAttempts,
  newDevice,
  ownAccountKey,
  ownAccountRecord,
  resetDraftKey,
  restoreDraftKey,
  signManifest,
  type AccountService,
  type OwnAccount,
  type RelayClient,
} from '../account/index.js';
import { equalBytes } from '../bytes.js';
import { continuityKey, continuityRecord, noContinuity } from '../continuity/index.js';
import { SottoError, isSottoError, type SottoErrorCode } from '../errors.js';
import type { Host } from '../host.js';
import type { ProtocolEngine } from '../ports/engine.js';
import type { Random } from '../ports/host.js';
import type { Writer } from '../unit/index.js';
import { manifestHash, verifyManifest, verifyStatement } from '../verification/index.js';
import {
  deviceId as deviceIdSchema,
  type DeviceId,
  type DeviceManifest,
  type ResponseOf,
  type TokenPair,
} from '../wire/index.js';
import type { ArchiveIdentity, ArchiveSection, BackupRun, StagedRestore } from './archive-content.js';
import { discardStagedRestore, stageRestore } from './staged-restore.js';

const dayMs = 24 * 60 * 60 * 1000;

/** What recovery rests on. */
export interface RecoveryParts {
  readonly writer: Writer;
  readonly engine: ProtocolEngine;
  readonly relay: RelayClient;
  readonly account: AccountService;
  readonly host: Host;
}

type AccountState = ResponseOf<'accounts.state'>;

/** After these it is sure that the relay has not done what was asked. */
const refusals: ReadonlySet<SottoErrorCode> = new Set<SottoErrorCode>([
  'manifest-conflict',
  'device-id-taken',
  'proof-refused',
  'signature-refused',
  'invalid-request',
]);

/**
 * Restores an account into a storage without one. Whatever rejects leaves the storage as it was, but for what is
 * needed to repeat a request to the relay whose answer is unknown.
 * @param sections - of an archive, from the first on
 * @param run - its signal stops the recovery until all of the archive is written down, and not after that
 * @returns what was restored, without its secrets
 * @throws SottoError `already-registered`, `restore-not-empty`, `backup-content-invalid`; `recovery-refused` when
 * the relay has no account under this identity; `statement-mismatch`, `manifest-rollback`, `invalid-signature`
 * when it lies about it; `manifest-conflict` when another device was put in the same place meanwhile; `offline`;
 * and whatever reading the sections and the storage throw
 */
export async function recoverAccount(
  parts: RecoveryParts,
  sections: AsyncIterable<ArchiveSection>,
  { signal }: Pick<BackupRun, 'signal'> = {},
): Promise<Omit<StagedRestore, 'activate' | 'identity'>> {
  if (await parts.account.find()) throw new SottoError('already-registered');
  const recovery = new Recovery(parts, signal);
  try {
    const { begin, totals, expired, leftOut } = await recovery.run(sections);
    return { begin, totals, expired, leftOut };
  } catch (error) {
    // Where the storage fails too, the next start clears it away.
    await discardStagedRestore(parts.writer).catch(() => undefined);
    throw error;
  }
}

class Recovery {
  readonly #parts: RecoveryParts;
  readonly #signal: AbortSignal | undefined;

  constructor(parts: RecoveryParts, signal: AbortSignal | undefined) {
    this.#parts = parts;
    this.#signal = signal;
  }

  async run(sections: AsyncIterable<ArchiveSection>): Promise<StagedRestore> {
    const { head, identity, rest } = await beginOf(sections);
    try {
      // Before anything is written: what the relay says decides whether it is worth the while, and what has expired.
      const state = await this.#askForState(identity);
      const { writer } = this.#parts;
      const staged = await stageRestore({ writer, now: this.#nowOf(state) }, joined(head, rest));
      // From here on the relay may have put this device in the other's place, whatever comes of it here.
      this.#signal?.throwIfAborted();
      const { draft, tokens } = await this.#takePlace(identity, state);
      await this.#activate(draft, tokens, staged);
      return staged;
    } finally {
      identity.identityPrivateKey.wipe();
    }
  }

  async #askForState(identity: ArchiveIdentity): Promise<AccountState> {
    const { accountId } = identity;
    try {
      const state = await this.#ask(identity, 'accounts.state', { accountId });
      checkState(identity, state);
      return state;
    } catch (error) {
      if (isSottoError(error, 'proof-refused')) throw new SottoError('recovery-refused', { cause: error });
      throw error;
    }
  }

  #ask<Name extends Parameters<typeof askAsIdentity>[1]>(
    identity: ArchiveIdentity,
    operation: Name,
    body: Parameters<typeof askAsIdentity<Name>>[2],
  ) {
    const { relay, engine } = this.#parts;
    const keys = { publicKey: identity.statement.identityKey, privateKey: identity.identityPrivateKey };
    return askAsIdentity({ relay, engine, identity: keys }, operation, body);
  }

  /** The relay's time corrects a clock that was set back, and destroys nothing that has more than a day left. */
  #nowOf({ relayTime }: AccountState): number {
    const now = this.#host.clock.now();
    return Math.min(Math.max(relayTime, now), now + dayMs);
  }

  get #host(): Host {
    return this.#parts.host;
  }

  async #takePlace(
    identity: ArchiveIdentity,
    state: AccountState,
  ): Promise<{ draft: OwnAccount; tokens: TokenPair }> {
    for (let attempt = 1; ; attempt += 1) {
      const draft = await this.#draft(identity, state.manifest, attempt);
      try {
        return { draft, tokens: await this.#replace(identity, state.manifest, draft) };
      } catch (error) {
        if (!isSottoError(error) || !refusals.has(error.code)) throw error;
        await this.#dropDraft();
        if (error.code !== 'device-id-taken' || attempt >= maxDeviceIdAttempts) throw error;
      }
    }
  }

  #replace(identity: ArchiveIdentity, current: DeviceManifest, draft: OwnAccount): Promise<TokenPair> {
    const { manifest, deviceId } = draft;
    const replaces = replacedBy(current, identity.deviceId);
    return this.#ask(identity, 'accounts.replace-device', { replaces, deviceId, manifest });
  }

  /** The device of an earlier call, where it is in place already or still may be; or a new one. */
  async #draft(identity: ArchiveIdentity, current: DeviceManifest, attempt: number): Promise<OwnAccount> {
    const { writer } = this.#parts;
    const earlier = await writer.read(restoreDraftKey, ownAccountRecord);
    if (earlier?.accountId === identity.accountId && isNextOrSame(earlier.manifest, current)) return earlier;
    const draft = await this.#makeDraft(identity, current, attempt);
    await writer.run(async (unit) => {
      unit.write(restoreDraftKey, ownAccountRecord, draft);
    });
    return draft;
  }

  async #makeDraft(identity: ArchiveIdentity, current: DeviceManifest, attempt: number): Promise<OwnAccount> {
    const { accountId, username, relayId, statement, contactCode, identityPrivateKey } = identity;
    const { engine, host } = this.#parts;
    const { listed, ...device } = newDevice(freeDeviceId(current, attempt, host.random), host);
    const replaces = replacedBy(current, identity.deviceId);
    const keys = { publicKey: statement.identityKey, privateKey: identityPrivateKey };
    const manifest = await signManifest(engine, keys, {
      accountId,
      version: current.version + 1,
      previousHash: manifestHash(current) as Uint8Array<ArrayBuffer>,
      devices: current.devices
        .filter(({ deviceId }) => deviceId !== replaces)
        .concat(listed)
        .sort((left, right) => left.deviceId - right.deviceId),
    });
    return {
      ...{ state: 'registering', accountId, username, ...device, relayId },
      ...{ identityPrivateKey, statement, manifest, contactCode },
      engine: { name: engine.name, recordVersion: engine.recordVersion },
    };
  }

  #dropDraft(): Promise<void> {
    return this.#parts.writer.run(async (unit) => {
      unit.delete(restoreDraftKey);
    });
  }

  /** The one commit before which nothing is restored, and after which all of it is. */
  #activate(draft: OwnAccount, tokens: TokenPair, staged: StagedRestore): Promise<void> {
    const { writer, relay } = this.#parts;
    return writer.run(async (unit) => {
      unit.write(ownAccountKey, ownAccountRecord, { ...draft, state: 'open' });
      unit.write(credentialsKey, credentialsRecord, relay.credentialsFrom(tokens));
      unit.write(continuityKey, continuityRecord, {
        ...noContinuity,
        generation: staged.identity.generation + 1,
      });
      unit.delete(restoreDraftKey);
      unit.delete(resetDraftKey);
      staged.activate(unit);
    });
  }
}

/** @throws SottoError when the relay shows another account, another identity or an older list than the backup's */
function checkState(identity: ArchiveIdentity, { statement, manifest }: AccountState): void {
  const { accountId, username, statement: ours } = identity;
  verifyStatement(statement);
  const same =
    statement.accountId === accountId &&
    statement.username === username &&
    equalBytes(statement.identityKey, ours.identityKey);
  if (!same) throw new SottoError('statement-mismatch');
  const previous = { version: identity.manifest.version, hash: manifestHash(identity.manifest) };
  verifyManifest(manifest, { identityKey: ours.identityKey, accountId, previous });
}

/**
 * The device whose place is taken: the one that was backed up, or its successor where an earlier backup was
 * restored before.
 * @throws SottoError `device-replaced` where it cannot be told which that is
 */
function replacedBy({ devices }: DeviceManifest, backedUp: DeviceId): DeviceId {
  const [first, ...others] = devices;
  if (devices.some(({ deviceId }) => deviceId === backedUp)) return backedUp;
  if (!first || others.length > 0) throw new SottoError('device-replaced');
  return first.deviceId;
}

/**
 * The number after the highest; any other where that was in use lately, as what lies next to it was then too.
 * Those in the list are passed over.
 */
function freeDeviceId({ devices }: DeviceManifest, attempt: number, random: Random): DeviceId {
  const listed = new Set<number>(devices.map(({ deviceId }) => deviceId));
  let candidate: number = attempt === 1 ? Math.max(...listed) : drawDeviceId(random);
  do candidate = (candidate % maxDeviceId) + 1;
  while (listed.has(candidate));
  return deviceIdSchema.parse(candidate);
}

function isNextOrSame(draft: DeviceManifest, current: DeviceManifest): boolean {
  const hash = manifestHash(current);
  if (equalBytes(manifestHash(draft), hash)) return true;
  return (
    draft.version === current.version + 1 &&
    draft.previousHash !== null &&
    equalBytes(draft.previousHash, hash)
  );
}

/** The first two sections, which say whose archive it is, and the others as they come. */
async function beginOf(sections: AsyncIterable<ArchiveSection>) {
  const rest = sections[Symbol.asyncIterator]();
  const head: ArchiveSection[] = [];
  for (;;) {
    const next = await rest.next();
    if (next.done) throw new SottoError('backup-content-invalid');
    head.push(next.value);
    if (next.value.type === 'identity') return { head, identity: next.value.identity, rest };
    if (next.value.type !== 'begin') throw new SottoError('backup-content-invalid');
  }
}

async function* joined(
  head: readonly ArchiveSection[],
  rest: AsyncIterator<ArchiveSection>,
): AsyncGenerator<ArchiveSection> {
  yield* head;
  try {
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
