/** The QR code of a contact fits a terminal. */
import { expect, it } from 'vitest';
import { formatContactLink } from '@sotto/sdk/verification';
import { qrLines } from '../src/qr-code.js';

it('fits 80 columns and 40 rows', () => {
  const identityKey = Uint8Array.from({ length: 33 }, (_, index) => (index === 0 ? 5 : 7 * index));
  const relayOrigin = 'https://relay.example.org:8443';
  const lines = qrLines(formatContactLink({ relayOrigin, username: 'alice', identityKey }), false);
  expect(lines.length).toBeLessThan(40);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80);
});
