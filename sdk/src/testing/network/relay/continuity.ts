/** How the test relay notices that a device's state is an older one or a copy. */
import type { Random } from '../../../ports/host.js';
import { continuityAfter, judgeContinuity } from '../../../verification/index.js';
import type { ResumeRequest, ResumeResponse } from '../../../wire/index.js';
import type { RelayDevice } from './accounts.js';

/** Judges what a device shows, and gives it the bytes to show next time. */
export function resumeDevice(device: RelayDevice, shown: ResumeRequest, random: Random): ResumeResponse {
  const given = random.bytes(16) as Uint8Array<ArrayBuffer>;
  const verdict = judgeContinuity(device.continuity, shown);
  device.continuity = continuityAfter(device.continuity, shown, given);
  const { generation, storeSeq } = device.continuity;
  return { verdict, generation, storeSeq, continuation: given };
}

/** A device has sent or acknowledged something. */
export function noteProgress(device: RelayDevice, storeSeq: number): void {
  const known = device.continuity;
  if (known && known.storeSeq < storeSeq) device.continuity = { ...known, storeSeq };
}
