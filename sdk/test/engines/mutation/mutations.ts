/** Every check of the portable engine, and how it is taken out. */

/** One change of a source file. */
export interface Mutation {
  /** The guard that must notice. */
  readonly guard: string;
  /** Relative to `sdk/src/engines`. */
  readonly file: string;
  /** What is in the source once. */
  readonly find: string;
  readonly replace: string;
}

const fails = (condition: string) => [`if (${condition})`, `if (false && (${condition}))`] as const;

function without(guard: string, file: string, condition: string): Mutation {
  const [find, replace] = fails(condition);
  return { guard, file, find, replace };
}

/** See the header. */
export const mutations: readonly Mutation[] = [
  {
    guard: 'signature of the signed pre-key',
    file: 'portable/sessions-start.ts',
    find: 'await verifySignatureLater(identityKey, signedPreKey.publicKey, signedPreKey.signature);',
    replace: '',
  },
  {
    guard: 'signature of the KEM pre-key',
    file: 'portable/sessions-start.ts',
    find: 'await verifySignatureLater(identityKey, kemPreKey.publicKey, kemPreKey.signature);',
    replace: '',
  },
  {
    guard: 'keys of low order',
    file: 'portable/primitives/curve.ts',
    find: "throw new SottoError('invalid-key');",
    replace: 'return new Uint8Array(32);',
  },
  {
    guard: 'keys of low order, by the platform',
    file: 'portable/primitives/node/curve.ts',
    find: "} catch {\n    throw new SottoError('invalid-key');",
    replace: '} catch {\n    return new Uint8Array(32).fill(1);',
  },
  {
    guard: 'subgroup of a base key',
    file: 'portable/primitives/curve.ts',
    find: 'return equalBytes(await curve.agree(minusOne, publicKey), u);',
    replace: 'return (await curve.agree(minusOne, publicKey)).length > 0;',
  },
  {
    guard: 'spelling of a base key',
    file: 'portable/primitives/curve.ts',
    find: 'if (integerOf(u) >= p) return false;',
    replace: 'u[31] = (u[31] as number) & 0x7f;',
  },
  without('spelling of a base key', 'portable/pqxdh.ts', '!(await isCanonical(curve, their.baseKey))'),
  without(
    'identity key of a repeated first message',
    'portable/sessions-accept.ts',
    '!equalBytes(session.ratchet.theirIdentity, message.identityKey)',
  ),
  {
    guard: 'pinned identity key',
    file: 'portable/sessions-context.ts',
    find: 'pinnedIdentityKey === undefined || equalBytes(pinnedIdentityKey, shown)',
    replace: 'true',
  },
  {
    guard: 'memory of last-resort keys',
    file: 'replay-memory.ts',
    find: 'entry.every((byte, index) => byte === before[offset + index])',
    replace: 'false',
  },
  without('MAC of a message', 'portable/triple-ratchet.ts', '!equalBytes(mac, message.mac)'),
  without(
    'addresses in a message',
    'portable/triple-ratchet.ts',
    '!expected || !equalBytes(expected, message.addresses)',
  ),
  {
    guard: 'jumps of others',
    file: 'portable/sessions-context.ts',
    find: 'if (!equalBytes(ours, theirs)) return maxJump;',
    replace: 'if (!equalBytes(ours, theirs)) return maxOwnJump;',
  },
  {
    guard: 'signature of a group message',
    file: 'portable/sender-keys/receive.ts',
    find: 'await verifySignatureLater(signingKey, signed, signature);',
    replace: 'void verifySignatureLater; void signingKey; void signed; void signature;',
  },
  {
    guard: 'signature of a server certificate',
    file: 'portable/sealed-sender/signature-memory.ts',
    find: 'verifySignature(signer, message, signature);',
    replace: '',
  },
  {
    guard: 'signature of a sender certificate',
    file: 'portable/sealed-sender/signature-memory.ts',
    find: 'verifySignature(signer, message, signature);',
    replace: '',
  },
  without(
    'MACs of sealed sender, version 1',
    'portable/sealed-sender/version-1.ts',
    '!equalBytes(await boxMac(ciphers, macKey, ciphertext), box.subarray(split))',
  ),
  without(
    'sealer of version 1',
    'portable/sealed-sender/version-1.ts',
    '!equalBytes(staticBytes, parsed.certificate.identityKey)',
  ),
  without('sealer of version 2', 'portable/sealed-sender/version-2.ts', '!equalBytes(expected, tag)'),
  without(
    'ephemeral key of version 2',
    'portable/sealed-sender/version-2.ts',
    '!equalBytes(ephemeral.publicKey, ephemeralKey)',
  ),
  {
    guard: 'our half of a safety number',
    file: 'portable/fingerprints.ts',
    find: 'const same = equalBytes(theirs.local, mine.remote);',
    replace: 'const same = true;',
  },
  {
    guard: 'their half of a safety number',
    file: 'portable/fingerprints.ts',
    find: 'const sameReversed = equalBytes(theirs.remote, mine.local);',
    replace: 'const sameReversed = true;',
  },
  {
    guard: 'ratchet key of a decryption error',
    file: 'portable/sessions.ts',
    find: 'return equalBytes(await currentRatchetKey(curve, record.current.ratchet.doubleRatchet), ratchetKey);',
    replace: 'return true;',
  },
  without(
    'MAC of a header',
    'portable/spqr/braid-receive.ts',
    '!equalBytes(mac, sent.subarray(headerLength))',
  ),
  without('vector of a header', 'portable/primitives/ml-kem-768/index.ts', '!equalBytes(hash, promised)'),
  {
    guard: 'vector of a header',
    file: 'portable/spqr/braid-receive.ts',
    find: 'if (vector) assertVector(header, vector);',
    replace: '',
  },
  without(
    'MAC of a KEM ciphertext',
    'portable/spqr/braid-receive.ts',
    '!equalBytes(mac, sent.subarray(ciphertext2Length))',
  ),
];

/** Comparisons that decide about no attack, with what they decide about. */
export const otherComparisons: Readonly<Record<string, string>> = {
  'ourId && theirId && equalBytes(ourId, theirId)': 'how far own devices may jump',
  'current && equalBytes(current.baseKey, baseKey)': 'whether a session is known',
  'equalBytes(archived.baseKey, baseKey)': 'whether a session is known',
  'return equalBytes(bytesOf(u), publicKey.subarray(1));': 'whether a point of our own is remembered',
  'if (known && equalBytes(known, parsed)) return known;': 'whether an array still holds the same key',
  '!equalBytes(kem.keccak.sha3_256(publicKey), keyHash)': 'whether a record of our own holds a key',
  'const mask = -Number(equalBytes(ciphertext, again));': 'which secret, held against noble’s choice',
};
