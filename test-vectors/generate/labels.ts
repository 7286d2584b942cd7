/**
 * Vectors of everything a label of ours separates: what exactly is signed, salted, expanded or hashed.
 * Spelled out by hand and computed with Node's crypto, so that they check the code instead of repeating it.
 */
import { createHash, createPrivateKey, hkdfSync, scryptSync, sign } from 'node:crypto';
import { PrivateKey } from '@signalapp/libsignal-client';
import { storageVectors } from './storage.js';
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';
import { signXeddsa } from './xeddsa-sign.js';

const source = 'spelled out by hand; hashes and Ed25519 by OpenSSL';
const base64Url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const scryptCost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

const accountId = '0b7a4f6e-53c1-4f0e-9d1c-7f2b8f6f2a10';
const identity = PrivateKey.deserialize(counting(32, 1));
const identityKey = identity.getPublicKey().serialize();
const authSeed = counting(32, 64);
const authPrivateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), authSeed]),
  format: 'der',
  type: 'pkcs8',
});
/** The Ed25519 public key of `authSeed`; its private key says it in the last member of its JWK. */
const authKey = Uint8Array.from(
  Buffer.from(authPrivateKey.export({ format: 'jwk' }).x as string, 'base64url'),
);

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text));
const sha256 = (bytes: Uint8Array) => Uint8Array.from(createHash('sha256').update(bytes).digest());
const byIdentity = (message: Uint8Array) => signXeddsa(identity.serialize(), message, counting(64, 9));
const byDevice = (message: Uint8Array) => Uint8Array.from(sign(null, message, authPrivateKey));

function statement(): VectorTest {
  const covered = bytesOf(
    `sotto-account-v1\0{"accountId":"${accountId}","identityKey":"${base64Url(identityKey)}","username":"alice"}`,
  );
  return {
    id: 'account-statement',
    flags: ['sotto-account-v1', 'signature'],
    source: `${source}; XEdDSA with fixed randomness`,
    input: { accountId, username: 'alice', identityKey: hex(identityKey) },
    result: 'valid',
    output: { covered: hex(covered), signature: hex(byIdentity(covered)) },
  };
}

function manifest(
  version: number,
  previousHash: Uint8Array | null,
  id: string,
): VectorTest & { readonly hash: Uint8Array } {
  const device = { deviceId: version, registrationId: 4711 + version, authKey, addedDay: 20_000 };
  const devices = `[{"addedDay":20000,"authKey":"${base64Url(authKey)}","deviceId":${version},"registrationId":${4711 + version}}]`;
  const previous = previousHash ? `"${base64Url(previousHash)}"` : 'null';
  const covered = bytesOf(
    `sotto-devices-v1\0{"accountId":"${accountId}","devices":${devices},"previousHash":${previous},"version":${version}}`,
  );
  const hash = sha256(covered);
  return {
    id,
    flags: ['sotto-devices-v1', 'signature'],
    source: `${source}; XEdDSA with fixed randomness`,
    input: {
      identityKey: hex(identityKey),
      accountId,
      version,
      previousHash: previousHash && hex(previousHash),
      devices: [{ ...device, authKey: hex(device.authKey) }],
    },
    result: 'valid',
    output: { covered: hex(covered), signature: hex(byIdentity(covered)), hash: hex(hash) },
    hash,
  };
}

function manifests(): VectorTest[] {
  const { hash, ...first } = manifest(1, null, 'manifest-1');
  const { hash: _, ...second } = manifest(2, hash, 'manifest-2');
  return [first, second];
}

function requestProof(): VectorTest {
  const nonce = counting(32, 128);
  // Members in another order than the canonical one, and a proof that is left out.
  const encodedBody = { keys: { oneTime: [{ id: 7, publicKey: 'AA' }] }, accountId, proof: { nonce: 'x' } };
  const canonical = `{"accountId":"${accountId}","keys":{"oneTime":[{"id":7,"publicKey":"AA"}]}}`;
  const bodyHash = sha256(bytesOf(canonical));
  const covered = bytesOf(
    `sotto-request-v1\0{"bodyHash":"${base64Url(bodyHash)}","nonce":"${base64Url(nonce)}","operation":"keys.upload"}`,
  );
  return {
    id: 'request-proof',
    flags: ['sotto-request-v1', 'signature'],
    source,
    input: { operation: 'keys.upload', encodedBody, nonce: hex(nonce), authKey: hex(authKey) },
    result: 'valid',
    output: { bodyHash: hex(bodyHash), covered: hex(covered), signature: hex(byDevice(covered)) },
  };
}

function identityProof(): VectorTest {
  const nonce = counting(32, 96);
  const encodedBody = { accountId, proof: { nonce: 'x' } };
  const bodyHash = sha256(bytesOf(`{"accountId":"${accountId}"}`));
  const covered = bytesOf(
    `sotto-identity-request-v1\0{"bodyHash":"${base64Url(bodyHash)}","nonce":"${base64Url(nonce)}","operation":"accounts.state"}`,
  );
  return {
    id: 'identity-proof',
    flags: ['sotto-identity-request-v1', 'signature'],
    source,
    input: {
      operation: 'accounts.state',
      encodedBody,
      nonce: hex(nonce),
      identityKey: hex(identityKey),
    },
    result: 'valid',
    output: { bodyHash: hex(bodyHash), covered: hex(covered), signature: hex(byIdentity(covered)) },
  };
}

function refresh(): VectorTest {
  const requestId = counting(16, 32);
  const covered = bytesOf(
    `sotto-refresh-v1\0{"refreshToken":"a-refresh-token","requestId":"${base64Url(requestId)}"}`,
  );
  return {
    id: 'refresh-request',
    flags: ['sotto-refresh-v1', 'signature'],
    source,
    input: { refreshToken: 'a-refresh-token', requestId: hex(requestId), authKey: hex(authKey) },
    result: 'valid',
    output: { covered: hex(covered), signature: hex(byDevice(covered)) },
  };
}

function contactCode(): VectorTest {
  const salt = bytesOf('sotto contact code v1\0alice');
  return {
    id: 'contact-code',
    flags: ['sotto-contact-code-v1', 'scrypt-salt'],
    source,
    input: { identityKey: hex(identityKey), username: 'alice' },
    result: 'valid',
    output: { covered: hex(salt), hash: hex(Uint8Array.from(scryptSync(identityKey, salt, 10, scryptCost))) },
  };
}

function loginKey(): VectorTest {
  const relayId = '3f0d6f3e-9c58-4f2e-8a57-5d3a1e7b9c40';
  const salt = bytesOf(`sotto-login-v1\0${relayId}\0alice`);
  // Typed with a ligature and a full-width digit; NFKC makes them plain.
  const password = 'e\ufb03cient \uff11';
  const root = scryptSync(password.normalize('NFKC'), salt, 32, scryptCost);
  const key = hkdfSync('sha256', root, new Uint8Array(), 'sotto login v1', 32);
  return {
    id: 'login-key',
    flags: ['sotto-login-v1', 'scrypt-salt', 'hkdf-info'],
    source,
    input: { password, relayId, username: 'alice' },
    result: 'valid',
    output: { covered: hex(salt), loginKey: hex(new Uint8Array(key)) },
  };
}

/** `labels.json`. */
export function labelVectors(): VectorFile {
  return {
    operation: 'labels',
    schemaVersion: 1,
    about:
      'For every label of docs/protocol/labels.md that clients use: the bytes it covers and what comes of them. The keys are counting bytes, of no use to anybody.',
    hex: [
      'identityKey',
      'authKey',
      'previousHash',
      'nonce',
      'requestId',
      'covered',
      'signature',
      'hash',
      'bodyHash',
      'loginKey',
      'secret',
      'header',
      'count',
      'record',
      'value',
    ],
    tests: [
      statement(),
      ...manifests(),
      requestProof(),
      identityProof(),
      refresh(),
      contactCode(),
      loginKey(),
      ...storageVectors(),
    ],
  };
}
