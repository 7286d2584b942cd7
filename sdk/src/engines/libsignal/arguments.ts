/**
 * Arguments whose form TypeScript cannot hold: what does not fit is a defect of the caller's, so a
 * `TypeError`. Knows nothing of libsignal, which would fail in other ways or take them.
 */
import {
  accountId as accountIdSchema,
  deviceAddress as deviceAddressSchema,
  type DeviceAddress,
} from '../../wire/index.js';

/** @throws TypeError unless it is an account id */
export function assertAccountId(value: string): void {
  if (!accountIdSchema.safeParse(value).success) throw new TypeError('not an account id');
}

/** @throws TypeError unless it is a device address */
export function assertDeviceAddress(value: DeviceAddress): void {
  if (!deviceAddressSchema.safeParse(value).success) throw new TypeError('not a device address');
}

/** @throws TypeError unless it is a UUID in lower case; account ids are spelt the same */
export function assertDistributionId(value: string): void {
  if (!accountIdSchema.safeParse(value).success)
    throw new TypeError('a distribution id is a UUID in lower case');
}

/** @throws TypeError unless it is a whole number from 0 to 2^32 - 1 */
export function assertUint32(value: number, what: string): void {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw new TypeError(`${what} is an unsigned 32-bit number`);
}

/** @throws TypeError unless it is whole milliseconds from 1970 on */
export function assertTimestampMs(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new TypeError(`${what} is whole milliseconds since the Unix epoch`);
}
