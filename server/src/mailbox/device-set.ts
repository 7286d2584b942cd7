/** Compares the bodies of a send with the devices of its recipient. Pure. */
import type { SendBody } from '@sotto/sdk/wire';

/** A device as the relay knows it. */
export interface KnownDevice {
  readonly deviceId: number;
  readonly registrationId: number;
}

/** How bodies and devices differ; each list in ascending order. */
export interface DeviceMismatch {
  /** Devices without a body. */
  readonly missing: readonly number[];
  /** Bodies without a device. */
  readonly extra: readonly number[];
  /** Devices under another registration id. */
  readonly stale: readonly number[];
}

/** The usual case, without a list made: as many bodies as devices, and one of the right life for each. */
function fits(
  bodies: readonly Pick<SendBody, 'deviceId' | 'registrationId'>[],
  devices: readonly KnownDevice[],
): boolean {
  const hasBody = ({ deviceId, registrationId }: KnownDevice) =>
    bodies.some((body) => body.deviceId === deviceId && body.registrationId === registrationId);
  return bodies.length === devices.length && devices.every(hasBody);
}

const ascending = (left: number, right: number) => left - right;

/** @returns `undefined` when there is exactly one body for every device, each under the right registration id */
export function compareDevices(
  bodies: readonly Pick<SendBody, 'deviceId' | 'registrationId'>[],
  devices: readonly KnownDevice[],
): DeviceMismatch | undefined {
  if (fits(bodies, devices)) return undefined;
  const wanted = new Map(devices.map((device) => [device.deviceId, device.registrationId]));
  const given = new Map<number, number>(bodies.map((body) => [body.deviceId, body.registrationId]));
  const missing = [...wanted.keys()].filter((id) => !given.has(id)).sort(ascending);
  const extra = [...given.keys()].filter((id) => !wanted.has(id)).sort(ascending);
  const stale = [...given].filter(([id, registration]) => wanted.has(id) && wanted.get(id) !== registration);
  if (missing.length + extra.length + stale.length === 0) return undefined;
  return { missing, extra, stale: stale.map(([id]) => id).sort(ascending) };
}
