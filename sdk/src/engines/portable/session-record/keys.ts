/** What the records of sessions are called, in the engine's own space. */
import type { DeviceAddress } from '../../../wire/index.js';

/** Device ids on the wire (spec: pqxdh 2.1). */
const maxDeviceId = 127;

/** Names the records of the sessions with one device. */
export class SessionKeys {
  readonly #prefix: string;

  /** @throws TypeError when it is not a device address */
  constructor({ accountId, deviceId }: DeviceAddress) {
    const known = Number.isInteger(deviceId) && deviceId >= 1 && deviceId <= maxDeviceId;
    if (!known || typeof accountId !== 'string') throw new TypeError('not a device address');
    this.#prefix = `session/${accountId}.${deviceId}`;
  }

  /** The current state and the list of archived ones. */
  get current(): string {
    return `${this.#prefix}/current`;
  }

  archived(sessionId: number): string {
    return `${this.#prefix}/archived/${sessionId}`;
  }

  /** A page of the skipped keys of one chain of one state. */
  skipped(sessionId: number, chain: string, page: number): string {
    return `${this.#prefix}/skipped/${sessionId}/${chain}/${page}`;
  }
}
