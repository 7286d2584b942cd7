/**
 * Pre-keys: made, uploaded, kept in stock. Private halves and the upload that still has to be made
 * are one commit, so that an upload whose answer was lost is repeated to the letter. Knows no
 * sessions.
 */
import * as z from 'zod/mini';
import { ourDevice, type AccountService, type RelayClient } from '../account/index.js';
import { SottoError } from '../errors.js';
import type { Host } from '../host.js';
import { limits } from '../limits.js';
import type { DecryptedMessage, GeneratePreKeysInput, ProtocolEngine } from '../ports/engine.js';
import { randomInteger } from '../random.js';
import { countUp, defineRecord, stageEngineChanges, type Unit, type Writer } from '../unit/index.js';
import {
  preKeyUpload,
  timestampMs,
  type PreKeyKind,
  type PreKeyStatus,
  type PreKeyUpload,
  type PreKeyUploadResult,
} from '../wire/index.js';
import { changeHeld, heldKey, heldRecord, roomFor, type HeldKeys } from './held-keys.js';
import {
  afterUpload,
  isRotationDue,
  lastingKey,
  lastingRecord,
  type LastingKeys,
  type UploadFate,
} from './lasting-keys.js';
import { lastResortCounts } from './last-resort-counts.js';

const uploadKey = 'prekeys/upload';
const uploadRecord = defineRecord(1, preKeyUpload);
/** There while all keys at the relay are to be replaced. */
const replacementKey = 'prekeys/replacement';
const replacementRecord = defineRecord(1, z.strictObject({}));
/** When keys were replaced that the relay should not have had, lately. */
const strangersKey = 'prekeys/strangers';
const strangersRecord = defineRecord(1, z.strictObject({ at: z.array(timestampMs) }));
/** Libsignal takes 32 bits; 31 leave room for ids of a kind we may need to tell apart. */
const idSpace = 2 ** 31 - 1;

/** What is to be uploaded. */
interface Needs {
  readonly oneTime: number;
  readonly kemOneTime: number;
  /** The relay lacks them, or has had them long enough. */
  readonly lasting: 'new' | 'again' | undefined;
  /** One-time keys that are there go. */
  readonly replace: boolean;
}

/** What a round has found. */
interface Round {
  readonly needs: Needs;
  readonly lasting: LastingKeys | undefined;
  /** The last-resort key has served, or would have. */
  readonly isUsedUp: boolean;
}

const everything: Needs = {
  oneTime: limits.preKeyStock,
  kemOneTime: limits.preKeyStock,
  lasting: 'new',
  replace: true,
};

/** See the header. */
export class PreKeyService {
  readonly #writer: Writer;
  readonly #engine: ProtocolEngine;
  readonly #relay: RelayClient;
  readonly #account: AccountService;
  readonly #host: Host;
  #stocking: Promise<PreKeyStatus> | undefined;

  constructor(parts: {
    writer: Writer;
    engine: ProtocolEngine;
    relay: RelayClient;
    account: AccountService;
    host: Host;
  }) {
    this.#writer = parts.writer;
    this.#engine = parts.engine;
    this.#relay = parts.relay;
    this.#account = parts.account;
    this.#host = parts.host;
  }

  /** What the relay still holds for this device. */
  status(): Promise<PreKeyStatus> {
    return this.#relay.authorized('keys.status', {});
  }

  /**
   * Fills the stock at the relay if it is below its threshold, and uploads what an earlier life
   * made and may not have uploaded. Calls at the same time share one round.
   * @throws SottoError `limit-exceeded` when this device holds as many as it ever will; then the
   * last-resort key serves until some are used
   */
  replenish(): Promise<PreKeyStatus> {
    this.#stocking ??= this.#replenishFully().finally(() => {
      this.#stocking = undefined;
    });
    return this.#stocking;
  }

  /** Stages that a message has used keys up. */
  async noteUsed(unit: Unit, used: DecryptedMessage['usedPreKeys']): Promise<void> {
    const oneTime = used.oneTimeId === undefined ? 0 : -1;
    const kemOneTime = used.kemOneTimeId === undefined ? 0 : -1;
    if (oneTime || kemOneTime) await changeHeld(unit, { oneTime, kemOneTime });
  }

  /**
   * Stages that the next round replaces all keys at the relay: this device may have used, or have lost,
   * what was uploaded before. Private halves stay, for messages that are under way to them.
   */
  stageReplacement(unit: Unit): void {
    unit.delete(uploadKey);
    unit.write(replacementKey, replacementRecord, {});
  }

  /** A round that was under way when a replacement was staged did not see it. */
  async #replenishFully(): Promise<PreKeyStatus> {
    const status = await this.#replenish();
    return (await this.#isReplacementDue()) ? this.#replenish() : status;
  }

  async #isReplacementDue(): Promise<boolean> {
    return (await this.#writer.read(replacementKey, replacementRecord)) !== undefined;
  }

  async #replenish(): Promise<PreKeyStatus> {
    await this.#uploadPending();
    const status = await this.status();
    const lasting = await this.#writer.read(lastingKey, lastingRecord);
    const needs = (await this.#isReplacementDue())
      ? everything
      : ((await this.#strangersOut(status, lasting)) ?? needsOf(status, lasting, this.#host.clock.now()));
    if (!needs) return status;
    await this.#prepareUpload({ needs, lasting, isUsedUp: isUsedUp(status, lasting) });
    return (await this.#uploadPending()) ?? status;
  }

  /**
   * The relay has keys that are not this device's: an older state was put back after they were uploaded. Whoever
   * gets one writes what cannot be read, so all of them go. No more often than a state may begin anew: it is the
   * relay's word alone.
   */
  async #strangersOut(status: PreKeyStatus, lasting: LastingKeys | undefined): Promise<Needs | undefined> {
    if (!lasting) return undefined;
    const held = await this.#writer.read(heldKey, heldRecord);
    if (!hasStrangers(status, lasting, held)) return undefined;
    const now = this.#host.clock.now();
    const { at } = (await this.#writer.read(strangersKey, strangersRecord)) ?? { at: [] };
    const recent = at.filter((time) => time <= now && now - time < limits.continuityRepairWindowMs);
    if (recent.length >= limits.maxContinuityRepairs) return undefined;
    await this.#writer.run(async (unit) => {
      unit.write(strangersKey, strangersRecord, { at: [...recent, now] });
    });
    this.#host.logger.log('warn', 'strange-pre-keys-replaced');
    return { ...everything, lasting: isRotationDue(lasting, now) ? 'new' : 'again' };
  }

  /** Makes what is needed, as far as there is room, and writes down what is to be uploaded. */
  async #prepareUpload({ needs, lasting: known, isUsedUp }: Round): Promise<void> {
    const our = ourDevice(await this.#account.require());
    const now = this.#host.clock.now();
    // Read outside of the unit that counts them, as keys take long to make: meanwhile some may only go.
    const room = roomFor(await this.#writer.read(heldKey, heldRecord));
    const oneTimeIds = this.#freshIds(Math.min(needs.oneTime, room.oneTime));
    const kemOneTimeIds = this.#freshIds(Math.min(needs.kemOneTime, room.kemOneTime));
    if (oneTimeIds.length === 0 && kemOneTimeIds.length === 0 && !needs.lasting) {
      throw new SottoError('limit-exceeded', { details: { limit: 'maxOneTimePreKeys' } });
    }
    const lastingIds = needs.lasting === 'new' ? this.#lastingIds() : {};
    const input = { our, now, oneTimeIds, kemOneTimeIds, ...lastingIds };
    const { result, changes } = await this.#engine.generatePreKeys(input);
    await this.#writer.run(async (unit) => {
      stageEngineChanges(unit, changes);
      if (isUsedUp) await countUp(unit, lastResortCounts.usedUp);
      const again = needs.lasting === 'again' ? known : undefined;
      await this.#stageUpload(unit, result as PreKeyUpload, { again, replace: needs.replace });
    });
  }

  /** @param options - `again`: lasting keys the relay says it lacks although it had them: the very same go there again */
  async #stageUpload(
    unit: Unit,
    made: PreKeyUpload,
    { again, replace }: { readonly again: LastingKeys | undefined; readonly replace: boolean },
  ): Promise<void> {
    const { signed = again?.signed, kemLastResort = again?.kemLastResort } = made;
    const { oneTime = [], kemOneTime = [] } = made;
    await changeHeld(unit, { oneTime: oneTime.length, kemOneTime: kemOneTime.length });
    const replacing = replace ? { replace } : {};
    unit.write(uploadKey, uploadRecord, { oneTime, kemOneTime, signed, kemLastResort, ...replacing });
  }

  #lastingIds(): Pick<GeneratePreKeysInput, 'signedId' | 'kemLastResortId'> {
    const [signedId, kemLastResortId] = this.#freshIds(2) as [number, number];
    return { signedId, kemLastResortId };
  }

  /** Random ids: one that meets another by chance is a `conflict` of that key alone, and made anew. */
  #freshIds(count: number): number[] {
    const ids = new Set<number>();
    while (ids.size < count) ids.add(1 + randomInteger(this.#host.random, idSpace));
    return [...ids];
  }

  async #uploadPending(): Promise<PreKeyStatus | undefined> {
    const keys = await this.#writer.read(uploadKey, uploadRecord);
    if (!keys) return undefined;
    const { results, status } = await this.#relay.proven('keys.upload', { keys });
    const refused = results.filter(({ status }) => status !== 'stored' && status !== 'unchanged');
    await this.#writer.run(async (unit) => {
      unit.delete(uploadKey);
      if (keys.replace) unit.delete(replacementKey);
      await this.#forgetRefused(unit, keys, results);
      await this.#turnLasting(unit, keys, results);
    });
    if (refused.length > 0) {
      this.#host.logger.log('warn', 'pre-keys-refused', { count: refused.length });
    }
    return status;
  }

  /**
   * A key the relay did not take and nobody can have: its private half goes. One that may have been
   * handed out stays, and so does whatever was not in this upload: the relay has no say in it.
   */
  async #forgetRefused(
    unit: Unit,
    keys: PreKeyUpload,
    results: readonly PreKeyUploadResult[],
  ): Promise<void> {
    const ids = (kind: PreKeyKind, uploaded: readonly { readonly id: number }[] = []) =>
      // Each once, however often the relay says it.
      uploaded.filter(({ id }) => fateOf(results, kind, id) === 'refused').map(({ id }) => id);
    const oneTime = ids('one-time', keys.oneTime);
    const kem = ids('kem-one-time', keys.kemOneTime);
    const step = await this.#engine.removePreKeys({ oneTime, kem });
    stageEngineChanges(unit, step.changes);
    await changeHeld(unit, { oneTime: -oneTime.length, kemOneTime: -kem.length });
  }

  /** The lasting keys of an upload take the place of those before, as far as the relay took them. */
  async #turnLasting(
    unit: Unit,
    { signed, kemLastResort }: PreKeyUpload,
    results: readonly PreKeyUploadResult[],
  ): Promise<void> {
    if (!signed || !kemLastResort) return;
    const fates = {
      signed: fateOf(results, 'signed', signed.id),
      kem: fateOf(results, 'kem-last-resort', kemLastResort.id),
    };
    const known = await unit.read(lastingKey, lastingRecord);
    const at = { now: this.#host.clock.now(), random: this.#host.random };
    const { lasting, forgotten } = afterUpload(known, { signed, kemLastResort, fates }, at);
    unit.write(lastingKey, lastingRecord, lasting);
    const step = await this.#engine.removePreKeys(forgotten);
    stageEngineChanges(unit, step.changes);
  }
}

/** What the relay says it did with a key; without a word, or with two, it may have done either. */
function fateOf(results: readonly PreKeyUploadResult[], kind: PreKeyKind, id: number): UploadFate {
  const said = results.filter((result) => result.kind === kind && result.id === id);
  const every = (...statuses: PreKeyUploadResult['status'][]) =>
    said.length > 0 && said.every(({ status }) => statuses.includes(status));
  if (every('stored', 'unchanged')) return 'taken';
  return every('invalid', 'full') ? 'refused' : 'contested';
}

/**
 * Whether the relay has keys that are not this state's: lasting ones that it had not put there last, perhaps its own
 * of before, which a copy of it has put there again, or more one-time keys than it holds.
 */
function hasStrangers(
  { oneTime, kemOneTime, signedId, kemLastResortId }: PreKeyStatus,
  { signed, kemLastResort }: LastingKeys,
  held: HeldKeys = { oneTime: 0, kemOneTime: 0 },
): boolean {
  // Without one of these it hands out none; they are put there again by what it lacks.
  if (signedId === null || kemLastResortId === null) return false;
  if (signedId !== signed.id || kemLastResortId !== kemLastResort.id) return true;
  return oneTime > held.oneTime || kemOneTime > held.kemOneTime;
}

/** Whether the relay has nothing for a new session but keys that it hands out again and again. */
function isUsedUp({ kemOneTime, kemLastResortId }: PreKeyStatus, lasting: LastingKeys | undefined): boolean {
  return kemOneTime === 0 && kemLastResortId !== null && lasting !== undefined;
}

/** What the relay is to have: by its word of what it has, and by our own of how long. */
function needsOf(status: PreKeyStatus, lasting: LastingKeys | undefined, now: number): Needs | undefined {
  const missing = (held: number) => (held < limits.preKeyThreshold ? limits.preKeyStock - held : 0);
  const oneTime = missing(status.oneTime);
  const kemOneTime = missing(status.kemOneTime);
  const lacking = status.signedId === null || status.kemLastResortId === null;
  const turn = !lasting || isRotationDue(lasting, now) ? 'new' : lacking ? 'again' : undefined;
  if (oneTime === 0 && kemOneTime === 0 && !turn) return undefined;
  return { oneTime, kemOneTime, lasting: turn, replace: false };
}
