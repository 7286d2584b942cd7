import { describe, expect, it } from 'vitest';
import { parseDecryptionError } from '../../src/engines/portable/decryption-errors.js';
import { parsePreKeySignalMessage } from '../../src/engines/portable/messages/pre-key-signal-message.js';
import {
  parseSenderKeyDistributionMessage,
  parseSenderKeyMessage,
} from '../../src/engines/portable/messages/sender-key-messages.js';
import { parseSignalMessage } from '../../src/engines/portable/messages/signal-message.js';
import { uuidText } from '../../src/engines/portable/messages/uuid.js';
import {
  parseSenderCertificate,
  parseServerCertificate,
  type ParsedSenderCertificate,
} from '../../src/engines/portable/sealed-sender/certificates.js';
import { parseContent } from '../../src/engines/portable/sealed-sender/content.js';
import { readVectors } from './vector-files.js';

const types = { prekey: 3, message: 2, 'sender-key': 7, plaintext: 8 } as const;

function certificateFields({ uuid, deviceId, expires, identityKey }: ParsedSenderCertificate) {
  return { uuid, deviceId, expiresAt: Number(expires), identityKey };
}

/** What the portable engine reads, in the words of the vectors. */
const readers: Readonly<Record<string, (bytes: Uint8Array) => object>> = {
  'signal-message': (bytes) => {
    const { version, counter, ciphertext, pqRatchet } = parseSignalMessage(bytes);
    return { version, counter, ciphertext, pqRatchet };
  },
  'pre-key-signal-message': (bytes) => {
    const { version, preKeyId, registrationId, signedPreKeyId } = parsePreKeySignalMessage(bytes);
    return { version, preKeyId, registrationId, signedPreKeyId };
  },
  'sender-key-distribution-message': (bytes) => {
    const { distributionId, chainId, iteration, chainKey } = parseSenderKeyDistributionMessage(bytes);
    return { distributionId: uuidText(distributionId), chainId, iteration, chainKey };
  },
  'sender-key-message': (bytes) => {
    const { distributionId, chainId, iteration, ciphertext } = parseSenderKeyMessage(bytes);
    return { distributionId: uuidText(distributionId), chainId, iteration, ciphertext };
  },
  'plaintext-content': parseDecryptionError,
  'server-certificate': (bytes) => {
    const { id, key } = parseServerCertificate(bytes);
    return { id, key };
  },
  'sender-certificate': (bytes) => certificateFields(parseSenderCertificate(bytes)),
  'sealed-content': (bytes) => {
    const { certificate, content } = parseContent(bytes);
    const { kind, message, contentHint, groupId } = content;
    return { ...certificateFields(certificate), type: types[kind], message, contentHint, groupId };
  },
};

describe('reading messages', () => {
  it.each(readVectors('messages.json').tests)('$id', ({ input, output, failure }) => {
    const { format, bytes } = input as { format: string; bytes: Uint8Array };
    const read = readers[format];
    if (!read) throw new Error(`no reader for ${format}`);
    if (failure) expect(() => read(bytes)).toThrow(expect.objectContaining({ code: failure }));
    else expect(read(bytes)).toEqual(output);
  });
});
