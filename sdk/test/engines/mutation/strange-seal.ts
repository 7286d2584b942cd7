/** A sealed message of version 2 whose ephemeral key is not the one its seed gives: only its sender can make one. */
import { concatBytes } from '../../../src/bytes.js';
import { portableCurve } from '../../../src/engines/portable/primitives/curve.js';
import { parsePrivateKey, parsePublicKey } from '../../../src/engines/portable/primitives/keys.js';
import { noblePrimitives } from '../../../src/engines/portable/primitives/noble.js';
import { serializeContent } from '../../../src/engines/portable/sealed-sender/content.js';
import { encryptOnce, openerFor } from '../../../src/engines/portable/sealed-sender/version-2.js';
import type { OurDevice, SealedContent } from '../../../src/ports/index.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

/** What one device would receive. */
export async function sealWithStrangeKey(
  our: OurDevice,
  theirIdentityKey: Uint8Array,
  certificate: Uint8Array,
  content: SealedContent,
): Promise<Uint8Array> {
  const random = seededRandom('strange');
  const curve = portableCurve(random);
  const encrypted = await encryptOnce(noblePrimitives(random), serializeContent(content, certificate));
  const ephemeral = await curve.generateKeyPair();
  const identity = {
    publicKey: parsePublicKey<'identity'>(our.identity.publicKey),
    privateKey: parsePrivateKey(our.identity.privateKey.expose()),
  };
  const theirs = parsePublicKey<'identity'>(theirIdentityKey);
  const opener = await openerFor(curve, { ...encrypted, ephemeral }, identity, theirs);
  return concatBytes(Uint8Array.of(0x22), opener, ephemeral.publicKey.subarray(1), encrypted.ciphertext);
}
