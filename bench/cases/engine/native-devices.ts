/** The peer in Node: libsignal called directly, with stores that serialise into maps. */
import {
  groupDecrypt,
  groupEncrypt,
  IdentityChange,
  IdentityKeyStore,
  PrivateKey,
  processSenderKeyDistributionMessage,
  ProtocolAddress,
  PublicKey,
  sealedSenderDecryptToUsmc,
  sealedSenderEncrypt,
  sealedSenderMultiRecipientEncrypt,
  SenderCertificate,
  SenderKeyDistributionMessage,
  SenderKeyRecord,
  SenderKeyStore,
  ServerCertificate,
  UnidentifiedSenderMessageContent,
} from '@signalapp/libsignal-client';
import {
  accountUuid,
  certificateLifeMs,
  groupId,
  usualLength,
  type GroupMember,
  type ManySealer,
  type Sealer,
} from './device.js';
import { DirectDevice } from './direct.js';
import type { Makers } from './scripts.js';

type Bytes = Uint8Array<ArrayBuffer>;

const now = Date.now();
const addressOf = (account: number) => ProtocolAddress.new(accountUuid(account), 1);
const sender = addressOf(1);

class SenderKeys extends SenderKeyStore {
  #record: Bytes | undefined;
  async saveSenderKey(_sender: ProtocolAddress, _id: string, record: SenderKeyRecord): Promise<void> {
    this.#record = record.serialize();
  }
  async getSenderKey(): Promise<SenderKeyRecord | null> {
    return this.#record ? SenderKeyRecord.deserialize(this.#record) : null;
  }
}

/** Of its methods sealing calls two. */
class Identities extends IdentityKeyStore {
  constructor(
    readonly ours: PrivateKey,
    readonly known: Map<string, Bytes>,
  ) {
    super();
  }
  async getIdentityKey(): Promise<PrivateKey> {
    return this.ours;
  }
  async getLocalRegistrationId(): Promise<number> {
    return 1;
  }
  async saveIdentity(): Promise<IdentityChange> {
    return IdentityChange.NewOrUnchanged;
  }
  async isTrustedIdentity(): Promise<boolean> {
    return true;
  }
  async getIdentity(name: ProtocolAddress): Promise<PublicKey | null> {
    const known = this.known.get(name.toString());
    return known ? PublicKey.deserialize(known) : null;
  }
}

function groupMember(): GroupMember {
  const store = new SenderKeys();
  return {
    distribute: async () => (await SenderKeyDistributionMessage.create(sender, groupId, store)).serialize(),
    join: async (distribution) => {
      const message = SenderKeyDistributionMessage.deserialize(distribution as Bytes);
      await processSenderKeyDistributionMessage(sender, message, store);
    },
    encryptToGroup: async (plaintext) =>
      (await groupEncrypt(sender, groupId, store, plaintext as Bytes)).serialize(),
    decryptFromGroup: (message) => groupDecrypt(sender, store, message as Bytes),
  };
}

const root = PrivateKey.generate();
const server = PrivateKey.generate();
const serverCertificate = ServerCertificate.new(1, server.getPublicKey(), root);

function certify(account: number, identityKey: PublicKey): SenderCertificate {
  const expiresAt = now + certificateLifeMs;
  const uuid = accountUuid(account);
  return SenderCertificate.new(uuid, null, 1, identityKey, expiresAt, serverCertificate, server);
}

async function makeMessage() {
  const store = new SenderKeys();
  await SenderKeyDistributionMessage.create(sender, groupId, store);
  return groupEncrypt(sender, groupId, store, new Uint8Array(usualLength));
}

async function makeSealer(account: number): Promise<Sealer> {
  const ours = PrivateKey.generate();
  const identityKey = ours.getPublicKey();
  const certificate = certify(account, identityKey);
  const theirs = addressOf(2);
  const known = new Map<string, Bytes>();
  const identities = new Identities(ours, known);
  const message = await makeMessage();
  return {
    identityKey: identityKey.serialize(),
    seal: (theirIdentityKey) => {
      known.set(theirs.toString(), theirIdentityKey as Bytes);
      const content = UnidentifiedSenderMessageContent.new(message, certificate, 0, null);
      return sealedSenderEncrypt(content, theirs, identities);
    },
    unseal: async (sealed) => {
      const content = await sealedSenderDecryptToUsmc(sealed as Bytes, identities);
      if (!content.senderCertificate().validate(root.getPublicKey(), now)) throw new Error('not believed');
      content.contents();
    },
  };
}

class ManySealingDevice extends DirectDevice implements ManySealer {
  readonly #certificate: SenderCertificate;
  readonly #message: Awaited<ReturnType<typeof makeMessage>>;

  constructor(account: number, message: Awaited<ReturnType<typeof makeMessage>>) {
    super(account, PrivateKey.generate());
    this.#certificate = certify(account, this.identity.getPublicKey());
    this.#message = message;
  }

  sealForMany(theirAccounts: readonly number[]): Promise<Uint8Array> {
    const content = UnidentifiedSenderMessageContent.new(this.#message, this.#certificate, 0, null);
    const recipients = theirAccounts.map((account) => this.their(account));
    const [identityStore, sessionStore] = [this.identities, this.sessions];
    return sealedSenderMultiRecipientEncrypt({ content, recipients, identityStore, sessionStore });
  }
}

/** The devices of libsignal. */
export const nativeMakers: Makers = {
  session: DirectDevice.create,
  group: async () => groupMember(),
  sealed: makeSealer,
  manySealer: async (account) => new ManySealingDevice(account, await makeMessage()),
};
