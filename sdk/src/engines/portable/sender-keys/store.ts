/**
 * Where sender keys lie: the record of one device's keys under one distribution id, and the pages of their
 * skipped seeds. Knows no message.
 */
import { isSottoError } from '../../../errors.js';
import type { EngineChange, EngineView, SenderKeyInput } from '../../../ports/index.js';
import type { DeviceAddress } from '../../../wire/index.js';
import { isLowerCaseUuid } from '../messages/uuid.js';
import { frameRecord, openRecordOf } from '../records/frame.js';
import { pagesIn, SkippedKeys } from '../records/skipped-keys.js';
import {
  decodeSenderKeyRecord,
  encodeSenderKeyRecord,
  type SenderKeyRecord,
  type SenderKeyState,
} from './record.js';

/** Device ids on the wire (spec: pqxdh 2.1). */
const maxDeviceId = 127;

/** The records of one device's sender keys under one distribution id. */
export class SenderKeyStore {
  readonly #view: EngineView;
  readonly #prefix: string;

  /** @throws TypeError when the input names no device or no distribution */
  constructor(view: EngineView, { sender, distributionId }: SenderKeyInput) {
    assertAddress(sender);
    if (!isLowerCaseUuid(distributionId)) throw new TypeError('a distribution id is a UUID in lower case');
    this.#view = view;
    this.#prefix = `sender-key/${sender.accountId}.${sender.deviceId}/${distributionId}`;
  }

  /**
   * The record; `undefined` when there is none.
   * @throws SottoError `engine-record-invalid`
   */
  async load(): Promise<SenderKeyRecord | undefined> {
    const [stored] = await this.#view.get([this.#current]);
    return stored && decodeSenderKeyRecord(stored);
  }

  /** Writes the record. */
  put(record: SenderKeyRecord): EngineChange {
    return { key: this.#current, value: encodeSenderKeyRecord(record) };
  }

  /** The working copy of a state's skipped seeds. */
  openSkipped({ id, skipped }: SenderKeyState): SkippedKeys {
    return new SkippedKeys(skipped, async (page) => {
      const [stored] = await this.#view.get([this.#page(id, page)]);
      return stored && openRecordOf('skippedKeys', stored);
    });
  }

  /** Writes the pages that a step changed in a working copy. */
  putSkipped({ id }: SenderKeyState, skipped: SkippedKeys): EngineChange[] {
    return skipped.changes().map(({ page, keys }) => ({
      key: this.#page(id, page),
      value: keys && frameRecord('skippedKeys', keys),
    }));
  }

  /** Deletes the pages of states that are gone. */
  deletePages(states: readonly SenderKeyState[]): EngineChange[] {
    return states.flatMap(({ id, skipped }) =>
      pagesIn(skipped).map((page) => ({ key: this.#page(id, page), value: undefined })),
    );
  }

  /** Deletes everything. A record that cannot be read goes too, without the pages that only it could name. */
  async deleteAll(): Promise<EngineChange[]> {
    const [stored] = await this.#view.get([this.#current]);
    if (!stored) return [];
    return [{ key: this.#current, value: undefined }, ...this.#pagesNamedIn(stored)];
  }

  #pagesNamedIn(stored: Uint8Array): EngineChange[] {
    try {
      return this.deletePages(decodeSenderKeyRecord(stored).states);
    } catch (error) {
      if (isSottoError(error, 'engine-record-invalid')) return [];
      throw error;
    }
  }

  get #current(): string {
    return `${this.#prefix}/current`;
  }

  #page(stateId: number, page: number): string {
    return `${this.#prefix}/skipped/${stateId}/${page}`;
  }
}

function assertAddress({ accountId, deviceId }: DeviceAddress): void {
  const known = Number.isInteger(deviceId) && deviceId >= 1 && deviceId <= maxDeviceId;
  if (!known || typeof accountId !== 'string') throw new TypeError('not a device address');
}
