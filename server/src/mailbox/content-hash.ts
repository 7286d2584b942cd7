/** What makes two sends with one attempt id the same. Knows no store. */
import { hash } from 'node:crypto';
import type { SendRequest } from '@sotto/sdk/wire';

function bodyHeader(body: SendRequest['bodies'][number]): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt8(body.deviceId, 0);
  header.writeUInt32BE(body.registrationId, 1);
  header.writeUInt8(body.kind === 'prekey' ? 1 : 2, 5);
  header.writeUInt32BE(body.ciphertext.length, 6);
  return header;
}

/**
 * SHA-256 over the recipient and the bodies in their order. The reach token is left out: a repeated
 * send may carry a fresher one.
 * @returns 32 bytes
 */
export function contentHash({ recipient, bodies }: SendRequest): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(`sotto-attempt-v1\0${recipient}\0`)];
  for (const body of bodies) parts.push(bodyHeader(body), body.ciphertext);
  // In one go: for a message of usual size that is a third of the cost of hashing piece by piece.
  return new Uint8Array(hash('sha256', Buffer.concat(parts), 'buffer'));
}
