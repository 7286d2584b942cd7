/** The numbers that a device is known by, drawn for a new one. Knows no account. */
import type { Random } from '../ports/index.js';
import { randomInteger } from '../random.js';
import { deviceId, wireLimits, type DeviceId } from '../wire/index.js';

/** Device ids are 1 to this. */
export const maxDeviceId = wireLimits.maxDevicesPerAccount;

/** Ids that were in use lately rest; more often than this no honest relay asks for another one. */
export const maxDeviceIdAttempts = 8;

/** Any device id. */
export function drawDeviceId(random: Random): DeviceId {
  return deviceId.parse(1 + randomInteger(random, maxDeviceId));
}

/** Tells this life of a device id from others. */
export function drawRegistrationId(random: Random): number {
  return 1 + randomInteger(random, wireLimits.maxRegistrationId);
}
