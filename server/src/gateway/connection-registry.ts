/** Which devices are connected to this process: at most one connection each, the newest. Knows no socket. */
import type { DeviceAddress, SocketGoodbye } from '@sotto/sdk/wire';
import { deviceKey } from '../mailbox/accept-plan.js';
import type { Connection } from './connection.js';

/** See the file's header. */
export class ConnectionRegistry {
  readonly #connections = new Map<string, Connection>();

  /** How many devices are connected. */
  get size(): number {
    return this.#connections.size;
  }

  /** Makes a connection the device's own. The one before it is told that it was replaced. */
  add(connection: Connection): void {
    const key = deviceKey(connection.peer.device);
    const older = this.#connections.get(key);
    this.#connections.set(key, connection);
    older?.goodbye('replaced');
  }

  /** Forgets a connection, unless a newer one has its place. */
  remove(connection: Connection): void {
    const key = deviceKey(connection.peer.device);
    if (this.#connections.get(key) === connection) this.#connections.delete(key);
  }

  /** Every connection. */
  all(): Iterable<Connection> {
    return this.#connections.values();
  }

  /** The device's connection, when it is connected here. */
  find(device: DeviceAddress): Connection | undefined {
    return this.#connections.get(deviceKey(device));
  }

  /** Ends every connection. */
  goodbyeToAll(reason: SocketGoodbye['reason']): void {
    for (const connection of this.#connections.values()) connection.goodbye(reason);
  }
}
