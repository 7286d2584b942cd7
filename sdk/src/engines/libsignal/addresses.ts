/** Device addresses as libsignal's objects. */
import { ProtocolAddress } from '@signalapp/libsignal-client';
import type { DeviceAddress } from '../../wire/index.js';

/** They are immutable and cost two native calls a step; more devices than this are rarely met in a row. */
const maxCached = 256;

const cache = new Map<string, ProtocolAddress>();

/** @throws TypeError when it is not a device address */
export function protocolAddress({ accountId, deviceId }: DeviceAddress): ProtocolAddress {
  const key = `${accountId}.${deviceId}`;
  const known = cache.get(key);
  if (known) return known;
  const address = makeAddress(accountId, deviceId);
  // All at once: the busy ones are back after a step each.
  if (cache.size >= maxCached) cache.clear();
  cache.set(key, address);
  return address;
}

function makeAddress(accountId: string, deviceId: number): ProtocolAddress {
  try {
    return ProtocolAddress.new(accountId, deviceId);
  } catch (cause) {
    throw new TypeError('not a device address', { cause });
  }
}
