/**
 * `npm run vectors [-- --check | --record]`: makes the vector files again, with libsignal and OpenSSL as
 * oracles. Everything in them is a function of this folder's code: with `--check` nothing is written, and a
 * committed file that differs is a failure. `--record` makes the conversations anew instead, which are
 * others each time.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { backupVectors } from './backup.js';
import { aesCbcVectors, aesCtrVectors, aesGcmSivVectors } from './ciphers.js';
import { contactCodeVectors } from './contact-code.js';
import { contactLinkVectors } from './contact-link.js';
import { canonicalKeyVectors, x25519Vectors, xeddsaSignVectors } from './curve25519.js';
import { decryptionErrorVectors } from './decryption-errors.js';
import { doubleRatchetVectors } from './double-ratchet.js';
import { fingerprintVectors } from './fingerprint.js';
import { gf65536Vectors } from './gf65536.js';
import { hkdfVectors, hmacVectors } from './hashes.js';
import { kyber1024Vectors, mlKem768Vectors } from './kems.js';
import { labelVectors } from './labels.js';
import { messageVectors } from './messages.js';
import { sealedSenderVectors } from './sealed-sender.js';
import { senderKeyVectors } from './sender-keys.js';
import { sessionTranscripts } from './session-transcripts.js';
import { spell, type VectorFile } from './vector-file.js';
import { xeddsaVectors } from './xeddsa.js';

const files: Readonly<Record<string, () => VectorFile | Promise<VectorFile>>> = {
  'xeddsa.json': xeddsaVectors,
  'fingerprint.json': fingerprintVectors,
  'contact-code.json': contactCodeVectors,
  'contact-link.json': contactLinkVectors,
  'labels.json': labelVectors,
  'backup/archives.json': backupVectors,
  'double-ratchet.json': doubleRatchetVectors,
  'x25519.json': x25519Vectors,
  'canonical-key.json': canonicalKeyVectors,
  'xeddsa-sign.json': xeddsaSignVectors,
  'hmac-sha256.json': hmacVectors,
  'hkdf-sha256.json': hkdfVectors,
  'aes-cbc.json': aesCbcVectors,
  'aes-ctr.json': aesCtrVectors,
  'aes-gcm-siv.json': aesGcmSivVectors,
  'ml-kem-768.json': mlKem768Vectors,
  'kyber1024.json': kyber1024Vectors,
  'gf65536.json': gf65536Vectors,
  'messages.json': messageVectors,
  'sender-keys.json': senderKeyVectors,
  'sealed-sender.json': sealedSenderVectors,
  'decryption-errors.json': decryptionErrorVectors,
};

const check = process.argv.includes('--check');

/** What a recording is. */
const recorded: typeof files = { 'session-transcripts.json': sessionTranscripts };

for (const [name, make] of Object.entries(process.argv.includes('--record') ? recorded : files)) {
  const path = new URL(`../${name}`, import.meta.url);
  const made = spell(await make());
  if (!check) {
    writeFileSync(path, made);
    console.log(`wrote ${name}`);
  } else if (readFileSync(path, 'utf8') === made) {
    console.log(`${name} is as generated`);
  } else {
    console.error(`${name} differs from what is generated; run: npm run vectors`);
    process.exitCode = 1;
  }
}
