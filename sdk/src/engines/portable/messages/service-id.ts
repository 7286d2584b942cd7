/** Service ids (spec: pqxdh 2.1): names of accounts that a message may state as bytes. Knows no account. */
import { concatBytes } from '../../../bytes.js';
import type { DeviceAddress } from '../../../wire/index.js';
import { uuidBytes } from './uuid.js';

const phoneNumberPrefix = 'PNI:';

/** First bytes of the fixed-width form: an account, or the identity behind a phone number. */
const kinds = { account: 0, phoneNumber: 1 } as const;

/**
 * The fixed-width form of a service id: a kind byte and the UUID.
 * @returns 17 bytes; `undefined` when the name is no service id
 */
export function serviceIdFixedWidth(name: string): Uint8Array | undefined {
  const isPhoneNumber = name.startsWith(phoneNumberPrefix);
  const uuid = uuidBytes(isPhoneNumber ? name.slice(phoneNumberPrefix.length) : name);
  if (!uuid) return undefined;
  return concatBytes(Uint8Array.of(isPhoneNumber ? kinds.phoneNumber : kinds.account), uuid);
}

/**
 * Who writes to whom, as the field `addresses` of a SignalMessage (spec: pqxdh 2.5).
 * @returns 36 bytes; `undefined` unless both names are service ids
 */
export function addressesBytes(sender: DeviceAddress, recipient: DeviceAddress): Uint8Array | undefined {
  const [from, to] = [serviceIdFixedWidth(sender.accountId), serviceIdFixedWidth(recipient.accountId)];
  if (!from || !to) return undefined;
  return concatBytes(from, Uint8Array.of(sender.deviceId), to, Uint8Array.of(recipient.deviceId));
}
