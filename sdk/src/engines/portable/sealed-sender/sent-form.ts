/**
 * The sent form of sealed sender version 2 (spec: sealed-sender 6.5): what a sender gives a relay for many
 * devices, and what the relay cuts out of it for one account. Knows no key.
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import { concatBytes } from '../../../bytes.js';
import { SottoError } from '../../../errors.js';
import { excludedMark, hasMoreDevices, parseSentForm, versionBytes } from './sent-form-reader.js';
import { receivedVersionByte } from './version-2.js';

/** A device of a recipient. */
export interface SentDevice {
  /** 1–127. */
  readonly deviceId: number;
  /** 0–0x3fff. */
  readonly registrationId: number;
}

/** An account that is to receive. */
export interface SentRecipient {
  /** In fixed width, 17 bytes. */
  readonly serviceId: Uint8Array;
  /** At least one. */
  readonly devices: readonly SentDevice[];
  /** 48 bytes. */
  readonly opener: Uint8Array;
}

/** What all recipients share: the ephemeral key's coordinate, and the ciphertext. */
export interface SharedPart {
  /** 32 bytes. */
  readonly coordinate: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * Writes a sent form.
 * @param excluded - service ids in fixed width
 */
export function serializeSentForm(
  recipients: readonly SentRecipient[],
  excluded: readonly Uint8Array[],
  { coordinate, ciphertext }: SharedPart,
): Uint8Array {
  return concatBytes(
    Uint8Array.of(versionBytes.serviceIds, ...varint(recipients.length + excluded.length)),
    ...recipients.flatMap(({ serviceId, devices, opener }) => [serviceId, devicesOf(devices), opener]),
    ...excluded.flatMap((serviceId) => [serviceId, Uint8Array.of(excludedMark)]),
    coordinate,
    ciphertext,
  );
}

function devicesOf(devices: readonly SentDevice[]): Uint8Array {
  const last = devices.length - 1;
  return Uint8Array.from(
    devices.flatMap(({ deviceId, registrationId }, index) => {
      const bits = registrationId | (index < last ? hasMoreDevices : 0);
      return [deviceId, bits >>> 8, bits & 0xff];
    }),
  );
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/**
 * Cuts out what one account receives: the received form of its devices.
 * @param serviceId - in fixed width, 17 bytes
 * @throws SottoError `invalid-message` when the sent form cannot be parsed or does not deliver to the account
 */
export function splitSentForm(sent: Uint8Array, serviceId: Uint8Array): Uint8Array {
  const { openers, shared } = parseSentForm(sent);
  const opener = openers.get(bytesToHex(serviceId));
  if (!opener) throw new SottoError('invalid-message');
  return concatBytes(Uint8Array.of(receivedVersionByte), opener, shared);
}
