/**
 * `npm run vectors [-- --check]`: makes the vector files again, with libsignal and OpenSSL as oracles.
 * Everything in them is a function of this folder's code: with `--check` nothing is written, and a
 * committed file that differs is a failure.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { contactCodeVectors } from './contact-code.js';
import { decryptionErrorVectors } from './decryption-errors.js';
import { doubleRatchetVectors } from './double-ratchet.js';
import { fingerprintVectors } from './fingerprint.js';
import { labelVectors } from './labels.js';
import { messageVectors } from './messages.js';
import { sealedSenderVectors } from './sealed-sender.js';
import { senderKeyVectors } from './sender-keys.js';
import { spell, type VectorFile } from './vector-file.js';
import { xeddsaVectors } from './xeddsa.js';

const files: Readonly<Record<string, () => VectorFile | Promise<VectorFile>>> = {
  'xeddsa.json': xeddsaVectors,
  'fingerprint.json': fingerprintVectors,
  'contact-code.json': contactCodeVectors,
  'labels.json': labelVectors,
  'double-ratchet.json': doubleRatchetVectors,
  'messages.json': messageVectors,
  'sender-keys.json': senderKeyVectors,
  'sealed-sender.json': sealedSenderVectors,
  'decryption-errors.json': decryptionErrorVectors,
};

const check = process.argv.includes('--check');

for (const [name, make] of Object.entries(files)) {
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
