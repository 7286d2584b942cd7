import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { base32crockford } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { deriveLoginKey } from '../../src/account/login-key.js';
import {
  deriveContactCode,
  manifestHash,
  requestBodyHash,
  requestProofMessage,
  verifyIdentityProof,
  verifyManifest,
  verifyRefreshSignature,
  verifyRequestProof,
  verifyStatement,
} from '@sotto/sdk/verification';
import {
  identityProofBytes,
  manifestBytes,
  refreshProofBytes,
  statementBytes,
  type AccountStatement,
  type DeviceManifest,
} from '@sotto/sdk/wire';
import { encryptedStorage, passphraseKey } from '@sotto/sdk/storage/encrypted';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { Secret } from '../../src/secret.js';
import { outcomeOf } from '../verification/outcome.js';
import { readVectors } from './vector-files.js';

type Bytes = Uint8Array<ArrayBuffer>;

const { tests } = readVectors('labels.json');

function vector<Input, Output>(id: string): { input: Input; output: Output } {
  const found = tests.find((test) => test.id === id);
  if (!found?.output) throw new Error(`no vector ${id}`);
  return { input: found.input as Input, output: found.output as Output };
}

describe('label vectors', () => {
  it('account statement', () => {
    const { input, output } = vector<
      Omit<AccountStatement, 'signature'>,
      { covered: Bytes; signature: Bytes }
    >('account-statement');
    expect(statementBytes(input)).toEqual(output.covered);
    expect(outcomeOf(() => verifyStatement({ ...input, signature: output.signature }))).toBe('valid');
  });

  it.each(['manifest-1', 'manifest-2'])('device manifest: %s', (id) => {
    type Input = Omit<DeviceManifest, 'signature'> & { identityKey: Bytes };
    const { input, output } = vector<Input, { covered: Bytes; signature: Bytes; hash: Bytes }>(id);
    expect(manifestBytes(input)).toEqual(output.covered);
    expect(manifestHash(input)).toEqual(output.hash);
    const manifest = { ...input, signature: output.signature };
    expect(outcomeOf(() => verifyManifest(manifest, input))).toBe('valid');
  });

  it('the second manifest follows the first', () => {
    type Input = Omit<DeviceManifest, 'signature'> & { identityKey: Bytes };
    const { output: first } = vector<Input, { hash: Bytes }>('manifest-1');
    const { input, output } = vector<Input, { signature: Bytes }>('manifest-2');
    const previous = { version: 1, hash: first.hash };
    expect(
      outcomeOf(() => verifyManifest({ ...input, signature: output.signature }, { ...input, previous })),
    ).toBe('valid');
  });

  it('request proof', () => {
    type Input = { operation: string; encodedBody: Record<string, unknown>; nonce: Bytes; authKey: Bytes };
    const { input, output } = vector<Input, { bodyHash: Bytes; covered: Bytes; signature: Bytes }>(
      'request-proof',
    );
    expect(requestBodyHash(input.encodedBody)).toEqual(output.bodyHash);
    expect(requestProofMessage(input, input.nonce)).toEqual(output.covered);
    const proof = { nonce: input.nonce, signature: output.signature };
    expect(outcomeOf(() => verifyRequestProof({ ...input, proof }))).toBe('valid');
    for (const change of [{ operation: 'auth.login' }, { encodedBody: { ...input.encodedBody, more: 1 } }]) {
      expect(outcomeOf(() => verifyRequestProof({ ...input, proof, ...change }))).toBe('invalid-signature');
    }
    const otherNonce = { ...proof, nonce: new Uint8Array(32) };
    expect(outcomeOf(() => verifyRequestProof({ ...input, proof: otherNonce }))).toBe('invalid-signature');
  });

  it('identity proof', () => {
    type Input = {
      operation: string;
      encodedBody: Record<string, unknown>;
      nonce: Bytes;
      identityKey: Bytes;
    };
    const { input, output } = vector<Input, { bodyHash: Bytes; covered: Bytes; signature: Bytes }>(
      'identity-proof',
    );
    expect(identityProofBytes(input.operation, output.bodyHash, input.nonce)).toEqual(output.covered);
    const proof = { nonce: input.nonce, signature: output.signature };
    expect(outcomeOf(() => verifyIdentityProof({ ...input, proof }))).toBe('valid');
    for (const change of [{ operation: 'auth.login' }, { encodedBody: { ...input.encodedBody, more: 1 } }]) {
      expect(outcomeOf(() => verifyIdentityProof({ ...input, proof, ...change }))).toBe('invalid-signature');
    }
  });

  it('refresh request', () => {
    type Input = { refreshToken: string; requestId: Bytes; authKey: Bytes };
    const { input, output } = vector<Input, { covered: Bytes; signature: Bytes }>('refresh-request');
    expect(refreshProofBytes(input.refreshToken, input.requestId)).toEqual(output.covered);
    const { signature } = output;
    expect(outcomeOf(() => verifyRefreshSignature({ ...input, signature }))).toBe('valid');
    expect(outcomeOf(() => verifyRefreshSignature({ ...input, signature, refreshToken: 'another' }))).toBe(
      'invalid-signature',
    );
    expect(
      outcomeOf(() => verifyRefreshSignature({ ...input, signature, requestId: new Uint8Array(16) })),
    ).toBe('invalid-signature');
  });

  it('contact code', async () => {
    const { input, output } = vector<{ identityKey: Bytes; username: string }, { hash: Bytes }>(
      'contact-code',
    );
    expect(await deriveContactCode(input)).toBe(base32crockford.encode(output.hash));
  });

  it('login key', async () => {
    type Input = Parameters<typeof deriveLoginKey>[0];
    const { input, output } = vector<Input, { loginKey: Bytes }>('login-key');
    expect(Uint8Array.from((await deriveLoginKey(input)).expose())).toEqual(output.loginKey);
  });
});

describe('storage vectors', () => {
  it.each(['storage-secret', 'storage-passphrase', 'storage-blocks'])(
    '%s is read, and written on',
    async (id) => {
      type Input = { secret?: Bytes; passphrase?: string; name: string };
      type Place = { name: string; recordKey: string };
      type Output = {
        header: Bytes;
        count: Bytes;
        recordKey: string;
        record: Bytes;
        value: Bytes;
        names?: Place[];
      };
      const { input, output } = vector<Input, Output>(id);
      const inner = memoryStorage();
      const below = { header: output.header, 'g1/count': output.count, [output.recordKey]: output.record };
      await inner.commit(
        Object.entries(below).map(([key, value]) => ({ key, value })),
        { fence: await inner.acquire() },
      );
      const key = input.secret ? new Secret(input.secret) : passphraseKey(input.passphrase as string);
      const storage = encryptedStorage(inner, key);
      const fence = await storage.acquire();
      expect((await storage.get([input.name])).map((value) => value && Uint8Array.from(value))).toEqual([
        output.value,
      ]);
      // Where this code puts that name.
      await storage.commit([{ key: input.name, value: undefined }], { fence });
      expect(await inner.get([output.recordKey])).toEqual([undefined]);
      for (const { name, recordKey } of output.names ?? []) {
        await storage.commit([{ key: name, value: output.value }], { fence });
        expect([name, (await inner.get([recordKey]))[0]?.length]).not.toContain(undefined);
      }
    },
  );
});

const root = fileURLToPath(new URL('../../../', import.meta.url));
const labelPattern = /['"`](sotto(?:[- ][a-z]+)+[- ]v[0-9]+)(?=['"`\\])/g;

/** Every label that a source file spells. */
function labelsIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...readFileSync(join(root, folder, file), 'utf8').matchAll(labelPattern)])
    .map((match) => match[1] as string);
}

describe('the registry of labels', () => {
  const registry = readFileSync(join(root, 'docs/protocol/labels.md'), 'utf8');
  const registered = [...registry.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] as string);

  it('names every label in the sources, and no other', () => {
    const used = [...new Set([...labelsIn('sdk/src'), ...labelsIn('server/src')])].sort();
    expect(used.length).toBeGreaterThan(5);
    expect([...registered].sort()).toEqual(used);
  });

  it('names each once, and none is the beginning of another', () => {
    expect(new Set(registered).size).toBe(registered.length);
    for (const label of registered) {
      expect(registered.filter((other) => other !== label && other.startsWith(label))).toEqual([]);
    }
  });
});
