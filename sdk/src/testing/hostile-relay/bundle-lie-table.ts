/** The table of lies that a bundle's signatures give away. */
import type { SottoErrorCode } from '../../errors.js';
import type { AccountBundle, DeviceBundle } from '../../wire/index.js';
import { fail } from '../assert.js';
import { turned } from './forger.js';
import type { Stage } from './stage.js';

/** What the relay has of others. */
export interface Props {
  /** What an honest relay says of carol. */
  readonly ofCarol: AccountBundle;
  /** What it said of bob once: its one-time keys are used up. */
  readonly usedOfBob: AccountBundle;
}

/** What an identity key signs. */
type Signed = Partial<Pick<AccountBundle, 'statement' | 'manifest'>>;

/** One lie in a bundle. */
export interface BundleLie {
  readonly about: readonly string[];
  readonly lie: string;
  /** What is signed for it, before. */
  readonly sign?: (stage: Stage, honest: Required<Signed>) => Promise<Signed>;
  readonly tell?: (honest: AccountBundle, props: Props) => AccountBundle;
  readonly end: SottoErrorCode;
}

/** A field of the answer. */
export const path = (field: string) => `keys.bundle/${field}`;

/** A bundle whose devices have something else. */
export const onDevice =
  (change: (device: DeviceBundle, props: Props) => Partial<DeviceBundle>) =>
  (bundle: AccountBundle, others: Props): AccountBundle => ({
    ...bundle,
    devices: bundle.devices.map((device) => ({ ...device, ...change(device, others) })),
  });

/** Carol's only device. */
export function carols({ ofCarol }: Props): DeviceBundle {
  return ofCarol.devices[0] ?? fail('carol has no device');
}

const statementLies: readonly BundleLie[] = [
  {
    about: [path('statement/identityKey'), path('statement/signature'), path('manifest/signature')],
    lie: 'another identity key, with a statement and a manifest by it',
    sign: async ({ forger, mallory }, { statement, manifest }) => ({
      statement: await forger.statement(mallory, statement),
      manifest: await forger.manifest(mallory, manifest),
    }),
    end: 'identity-changed',
  },
  {
    about: [path('statement/identityKey')],
    lie: 'another identity key under the old signature',
    sign: async ({ mallory }, { statement }) => ({
      statement: { ...statement, identityKey: mallory.publicKey as Uint8Array<ArrayBuffer> },
    }),
    end: 'invalid-signature',
  },
  {
    about: [path('statement/signature')],
    lie: 'a statement whose signature does not verify',
    sign: async (_, { statement }) => ({
      statement: { ...statement, signature: turned(statement.signature, -2) },
    }),
    end: 'invalid-signature',
  },
  {
    about: [
      path('statement/accountId'),
      path('manifest/accountId'),
      path('devices/*/signedPreKey/publicKey'),
    ],
    lie: 'the answer of another request: the bundle of another account',
    tell: (_, { ofCarol }) => ofCarol,
    end: 'statement-mismatch',
  },
  {
    about: [path('statement/username')],
    lie: 'another username under the same key, well signed',
    sign: async ({ forger, bob }, { statement }) => ({
      statement: await forger.statement(await forger.stealIdentity(bob.medium), {
        ...statement,
        username: `${statement.username}by` as typeof statement.username,
      }),
    }),
    end: 'statement-mismatch',
  },
];

/** A manifest as bob would sign it, whose key the relay got hold of. */
const byBob =
  (change: (manifest: AccountBundle['manifest'], stage: Stage) => Partial<AccountBundle['manifest']>) =>
  async (stage: Stage, { manifest }: Required<Signed>): Promise<Signed> => {
    const { forger, bob } = stage;
    const identity = await forger.stealIdentity(bob.medium);
    return { manifest: await forger.manifest(identity, { ...manifest, ...change(manifest, stage) }) };
  };

const manifestLies: readonly BundleLie[] = [
  {
    about: [path('manifest/accountId'), path('manifest/signature')],
    lie: 'the manifest of another account',
    tell: (honest, { ofCarol }) => ({ ...honest, manifest: ofCarol.manifest }),
    end: 'invalid-signature',
  },
  {
    about: [path('manifest/signature')],
    lie: 'a manifest that its identity key did not sign',
    sign: async ({ forger, mallory }, { manifest }) => ({
      manifest: await forger.manifest(mallory, manifest),
    }),
    end: 'invalid-signature',
  },
  {
    about: [path('manifest/accountId')],
    lie: 'a manifest of the identity key for another account',
    sign: byBob((_, { carol }) => ({ accountId: carol.id })),
    end: 'statement-mismatch',
  },
  ...(['deviceId', 'registrationId', 'authKey', 'addedDay'] as const).map((field): BundleLie => ({
    about: [path(`manifest/devices/*/${field}`)],
    lie: `a fork: the same version with another ${field}, well signed`,
    sign: byBob(({ devices }) => ({
      devices: devices.map((device) => ({
        ...device,
        [field]: field === 'authKey' ? turned(device.authKey, 3) : device[field] + 1,
      })),
    })),
    end: 'manifest-rollback',
  })),
  {
    about: [path('manifest/version'), path('manifest/previousHash')],
    lie: 'a next version that does not follow the one seen',
    sign: byBob(({ version }) => ({ version: version + 1, previousHash: new Uint8Array(32) })),
    end: 'manifest-rollback',
  },
  {
    about: [path('manifest/version'), path('manifest/previousHash')],
    lie: 'an older version than the one seen',
    sign: byBob(() => ({ version: 1, previousHash: null })),
    end: 'manifest-rollback',
  },
  {
    about: [path('manifest/devices/*/deviceId')],
    lie: 'a device twice in the manifest',
    sign: byBob(({ version, devices }) => ({ version: version + 2, devices: [...devices, ...devices] })),
    end: 'invalid-manifest',
  },
];

const keyLies: readonly BundleLie[] = [
  {
    about: [path('devices/*/signedPreKey/publicKey'), path('devices/*/signedPreKey/signature')],
    lie: 'another account’s signed pre-key',
    tell: onDevice((_, others) => ({ signedPreKey: carols(others).signedPreKey })),
    end: 'invalid-bundle',
  },
  {
    about: [path('devices/*/signedPreKey/signature')],
    lie: 'another signature under the signed pre-key',
    tell: onDevice(({ signedPreKey, kemPreKey }) => ({
      signedPreKey: { ...signedPreKey, signature: kemPreKey.signature },
    })),
    end: 'invalid-bundle',
  },
  {
    about: [path('devices/*/kemPreKey/publicKey'), path('devices/*/kemPreKey/signature')],
    lie: 'another account’s KEM pre-key',
    tell: onDevice((_, others) => ({ kemPreKey: carols(others).kemPreKey })),
    end: 'invalid-bundle',
  },
  {
    about: [path('devices/*/kemPreKey/publicKey')],
    lie: 'a KEM pre-key with one bit turned',
    tell: onDevice(({ kemPreKey }) => ({
      kemPreKey: { ...kemPreKey, publicKey: turned(kemPreKey.publicKey, -2) },
    })),
    end: 'invalid-bundle',
  },
  {
    about: [path('devices/*/kemPreKey/signature')],
    lie: 'another signature under the KEM pre-key',
    tell: onDevice(({ signedPreKey, kemPreKey }) => ({
      kemPreKey: { ...kemPreKey, signature: signedPreKey.signature },
    })),
    end: 'invalid-bundle',
  },
  {
    about: [path('devices/*/signedPreKey/publicKey'), path('devices/*/oneTimePreKey/publicKey')],
    lie: 'all keys of another account',
    tell: onDevice((_, others) => {
      const { signedPreKey, kemPreKey, oneTimePreKey } = carols(others);
      return { signedPreKey, kemPreKey, oneTimePreKey };
    }),
    end: 'invalid-bundle',
  },
  {
    about: [path('devices/*/oneTimePreKey/id'), path('devices/*/oneTimePreKey/publicKey')],
    lie: 'a one-time pre-key that is no key',
    tell: onDevice(() => ({ oneTimePreKey: { id: 1, publicKey: new Uint8Array(33).fill(0xff) } })),
    end: 'invalid-bundle',
  },
  {
    about: [path('devices/*/registrationId')],
    lie: 'another registration id than the manifest’s',
    tell: onDevice(({ registrationId }) => ({ registrationId: 1 + (registrationId % 16380) })),
    end: 'statement-mismatch',
  },
];

/** All of them. */
export const signedBundleLies: readonly BundleLie[] = [...statementLies, ...manifestLies, ...keyLies];
