/**
 * Pre-keys: made, uploaded, kept in stock. Private halves and the upload that still has to be made
 * are one commit, so that an upload whose answer was lost is repeated to the letter. Knows no
 * sessions.
 */
import * as z from 'zod/mini';
import { ourDevice, type AccountService, type RelayClient } from '../account/index.js';
import type { Host } from '../host.js';
import { limits } from '../limits.js';
import type { GeneratePreKeysInput, ProtocolEngine } from '../ports/engine.js';
import { randomInteger } from '../random.js';
import { defineRecord, stageEngineChanges, type Unit, type Writer } from '../unit/index.js';
import {
  preKeyUpload,
  type PreKeyStatus,
  type PreKeyUpload,
  type PreKeyUploadResult,
} from '../wire/index.js';

const uploadKey = 'prekeys/upload';
const uploadRecord = defineRecord(1, preKeyUpload);
/** When the signed and last-resort keys in use were made, for their rotation. */
const currentKey = 'prekeys/current';
const currentRecord = defineRecord(
  1,
  z.strictObject({ signedId: z.number(), kemLastResortId: z.number(), madeAt: z.number() }),
);
/** Libsignal takes 32 bits; 31 leave room for ids of a kind we may need to tell apart. */
const idSpace = 2 ** 31 - 1;

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
   */
  replenish(): Promise<PreKeyStatus> {
    this.#stocking ??= this.#replenish().finally(() => {
      this.#stocking = undefined;
    });
    return this.#stocking;
  }

  async #replenish(): Promise<PreKeyStatus> {
    await this.#uploadPending();
    const status = await this.status();
    const needs = this.#needs(status);
    if (!needs) return status;
    await this.#generate(needs);
    return (await this.#uploadPending()) ?? status;
  }

  #needs(status: PreKeyStatus): Omit<GeneratePreKeysInput, 'our' | 'now'> | undefined {
    const missing = (held: number) => (held < limits.preKeyThreshold ? limits.preKeyStock - held : 0);
    const oneTime = missing(status.oneTime);
    const kemOneTime = missing(status.kemOneTime);
    const lasting = status.signedId === null || status.kemLastResortId === null;
    if (oneTime === 0 && kemOneTime === 0 && !lasting) return undefined;
    return {
      oneTimeIds: this.#freshIds(oneTime),
      kemOneTimeIds: this.#freshIds(kemOneTime),
      ...(lasting && { signedId: this.#freshIds(1)[0], kemLastResortId: this.#freshIds(1)[0] }),
    };
  }

  /** Random ids: one that meets another by chance is a `conflict` of that key alone, and made anew. */
  #freshIds(count: number): number[] {
    const ids = new Set<number>();
    while (ids.size < count) ids.add(1 + randomInteger(this.#host.random, idSpace));
    return [...ids];
  }

  async #generate(needs: Omit<GeneratePreKeysInput, 'our' | 'now'>): Promise<void> {
    const our = ourDevice(await this.#account.require());
    const now = this.#host.clock.now();
    const { result, changes } = await this.#engine.generatePreKeys({ our, now, ...needs });
    await this.#writer.run(async (unit) => {
      stageEngineChanges(unit, changes);
      unit.write(uploadKey, uploadRecord, result as PreKeyUpload);
      if (result.signed && result.kemLastResort) {
        const { signed, kemLastResort } = result;
        unit.write(currentKey, currentRecord, {
          signedId: signed.id,
          kemLastResortId: kemLastResort.id,
          madeAt: now,
        });
      }
    });
  }

  async #uploadPending(): Promise<PreKeyStatus | undefined> {
    const keys = await this.#writer.read(uploadKey, uploadRecord);
    if (!keys) return undefined;
    const { results, status } = await this.#relay.proven('keys.upload', { keys });
    const refused = results.filter(({ status }) => status !== 'stored' && status !== 'unchanged');
    await this.#writer.run(async (unit) => {
      unit.delete(uploadKey);
      await this.#forgetRefused(unit, keys, refused);
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
    refused: readonly PreKeyUploadResult[],
  ): Promise<void> {
    const ids = (kind: PreKeyUploadResult['kind'], uploaded: readonly { readonly id: number }[] = []) =>
      refused
        .filter((result) => result.kind === kind && result.status !== 'conflict')
        .filter((result) => uploaded.some(({ id }) => id === result.id))
        .map((result) => result.id);
    const step = await this.#engine.removePreKeys({
      oneTime: ids('one-time', keys.oneTime),
      kem: ids('kem-one-time', keys.kemOneTime),
    });
    stageEngineChanges(unit, step.changes);
  }
}
