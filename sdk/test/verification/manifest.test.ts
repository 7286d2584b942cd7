import { describe, expect, it } from 'vitest';
import { manifestHash, verifyManifest, verifyStatement } from '@sotto/sdk/verification';
import type { DeviceManifest } from '@sotto/sdk/wire';
import { outcomeOf } from './outcome.js';
import { accountId, device, Signer } from './signed.js';

const alice = new Signer();
const mallory = new Signer();
const other = '00000000-0000-4000-8000-000000000001' as typeof accountId;

describe('account statements', () => {
  it('verify under the key they name', () => {
    expect(outcomeOf(() => verifyStatement(alice.statement()))).toBe('valid');
  });

  it.each([
    ['name', { username: 'alicf' }],
    ['account', { accountId: other }],
    ['key', { identityKey: mallory.identityKey }],
    ['signature', { signature: new Uint8Array(64) }],
  ])('do not verify with another %s', (_what, change) => {
    const statement = { ...alice.statement(), ...change } as ReturnType<Signer['statement']>;
    expect(outcomeOf(() => verifyStatement(statement))).toBe('invalid-signature');
  });

  it('are refused under a malformed key', () => {
    const statement = { ...alice.statement(), identityKey: alice.identityKey.slice(1) };
    expect(outcomeOf(() => verifyStatement(statement))).toBe('invalid-key');
  });
});

const expected = { identityKey: alice.identityKey, accountId };
const outcome = (manifest: DeviceManifest, previous?: { version: number; hash: Uint8Array }) =>
  outcomeOf(() => verifyManifest(manifest, { ...expected, previous }));

const first = alice.manifest();
const second = alice.manifest({
  version: 2,
  previousHash: manifestHash(first) as never,
  devices: [device(1), device(2)],
});
const seen = (manifest: DeviceManifest) => ({ version: manifest.version, hash: manifestHash(manifest) });

describe('device manifests', () => {
  it('verify at first contact, in any version', () => {
    expect(outcome(first)).toBe('valid');
    expect(outcome(second)).toBe('valid');
  });

  it('must be signed by the account’s key', () => {
    expect(outcome(mallory.manifest())).toBe('invalid-signature');
    expect(outcome({ ...first, devices: [device(3)] })).toBe('invalid-signature');
    expect(outcomeOf(() => verifyManifest(first, { ...expected, identityKey: new Uint8Array(33) }))).toBe(
      'invalid-key',
    );
  });

  it('must be of the account asked for', () => {
    expect(outcome(alice.manifest({ accountId: other }))).toBe('statement-mismatch');
  });

  it.each([
    ['devices out of order', { devices: [device(2), device(1)] }],
    ['a device twice', { devices: [device(1), device(1)] }],
    ['no device', { devices: [] }],
    ['a first version with something before it', { previousHash: manifestHash(first) }],
    ['a later version with nothing before it', { version: 2 }],
  ])('with %s are refused', (_what, change) => {
    expect(outcome(alice.manifest(change as Partial<DeviceManifest>))).toBe('invalid-manifest');
  });
});

describe('a chain of manifests', () => {
  const fork = alice.manifest({ devices: [device(7)] });
  const forked = alice.manifest({ version: 2, previousHash: manifestHash(fork) as never });

  it('goes on with the same or the next version', () => {
    expect(outcome(first, seen(first))).toBe('valid');
    expect(outcome(second, seen(first))).toBe('valid');
  });

  it('never goes back', () => {
    expect(outcome(first, seen(second))).toBe('manifest-rollback');
    expect(outcome(second, { version: 3, hash: new Uint8Array(32) })).toBe('manifest-rollback');
  });

  it('never forks, in one version or the next', () => {
    expect(outcome(fork, seen(first))).toBe('manifest-rollback');
    expect(outcome(forked, seen(first))).toBe('manifest-rollback');
  });

  it('may jump over versions that were not seen', () => {
    const fifth = alice.manifest({ version: 5, previousHash: new Uint8Array(32) });
    expect(outcome(fifth, seen(first))).toBe('valid');
  });

  it('is not reset by a version that is no number', () => {
    expect(outcome(second, { version: Number.NaN, hash: manifestHash(first) })).toBe('manifest-rollback');
  });
});
