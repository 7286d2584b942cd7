/** Ours: devices over the engine port, with serialised records in a map. Runs in a page, so it knows no Node. */
import { deviceAddress, type DeviceAddress } from '@sotto/sdk/wire';
import type {
  EncryptedMessage,
  EngineStep,
  EngineView,
  OurDevice,
  ProtocolEngine,
  SessionBundle,
} from '../../../sdk/src/ports/index.js';
import {
  accountUuid,
  batchIds,
  certificateLifeMs,
  groupId,
  usualLength,
  type BenchDevice,
  type GroupMember,
  type Sealer,
} from './device.js';
import type { Makers } from './scripts.js';

const now = Date.now();
const addressOf = (account: number): DeviceAddress =>
  deviceAddress.parse({ accountId: accountUuid(account), deviceId: 1 });
const addresses = Array.from({ length: 9 }, (_, index) => addressOf(index + 1));
const their = (account: number) => addresses[account - 1] as DeviceAddress;

/** Records in, changes out. */
class Records {
  readonly #records = new Map<string, Uint8Array>();
  readonly view: EngineView = { get: async (keys) => keys.map((key) => this.#records.get(key)) };

  commit<Result>({ result, changes }: EngineStep<Result>): Result {
    for (const { key, value } of changes) {
      if (value === undefined) this.#records.delete(key);
      else this.#records.set(key, value);
    }
    return result;
  }

  forgetSessions(): void {
    for (const key of [...this.#records.keys()]) if (key.startsWith('session/')) this.#records.delete(key);
  }
}

async function makeOur(engine: ProtocolEngine, account: number): Promise<OurDevice> {
  const identity = await engine.generateIdentity();
  return { address: their(account), identity, registrationId: account };
}

class SessionDevice implements BenchDevice {
  readonly #records = new Records();
  readonly #pins = new Map<number, Uint8Array>();
  #nextId = 1;

  constructor(
    readonly account: number,
    readonly engine: ProtocolEngine,
    readonly our: OurDevice,
  ) {}

  #input(theirAccount: number) {
    const pinnedIdentityKey = this.#pins.get(theirAccount);
    const input = { our: this.our, their: their(theirAccount), now };
    return pinnedIdentityKey ? { ...input, pinnedIdentityKey } : input;
  }

  async issueBundle(): Promise<SessionBundle> {
    const id = this.#nextId++;
    const made = this.#records.commit(
      await this.engine.generatePreKeys({
        our: this.our,
        signedId: 1_000_000 + id,
        oneTimeIds: [id],
        kemOneTimeIds: [id],
        now,
      }),
    );
    const [oneTimePreKey, kemPreKey] = [made.oneTime[0], made.kemOneTime[0]];
    if (!made.signed || !oneTimePreKey || !kemPreKey) throw new Error('keys were not made');
    const { publicKey: identityKey } = this.our.identity;
    return { identityKey, registrationId: this.account, signedPreKey: made.signed, oneTimePreKey, kemPreKey };
  }

  async startSession(theirAccount: number, bundle: unknown): Promise<void> {
    const input = { ...this.#input(theirAccount), bundle: bundle as SessionBundle };
    this.#records.commit(await this.engine.startSession(this.#records.view, input));
    this.#pins.set(theirAccount, input.bundle.identityKey);
  }

  async encrypt(theirAccount: number, plaintext: Uint8Array): Promise<EncryptedMessage> {
    const input = { ...this.#input(theirAccount), plaintext };
    return this.#records.commit(await this.engine.encrypt(this.#records.view, input));
  }

  async decrypt(theirAccount: number, message: unknown): Promise<Uint8Array> {
    const { kind, ciphertext } = message as EncryptedMessage;
    const input = { ...this.#input(theirAccount), kind, ciphertext };
    const result = this.#records.commit(await this.engine.decrypt(this.#records.view, input));
    this.#pins.set(theirAccount, result.identityKey);
    return result.plaintext;
  }

  forgetSessions(): void {
    this.#records.forgetSessions();
    this.#pins.clear();
  }

  async makePreKeys(): Promise<void> {
    const ids = { signedId: 1, oneTimeIds: batchIds, kemOneTimeIds: [1] };
    await this.engine.generatePreKeys({ our: this.our, ...ids, now });
  }
}

function groupMember(engine: ProtocolEngine): GroupMember {
  const records = new Records();
  const [sender, distributionId] = [their(1), groupId];
  return {
    distribute: async () =>
      records.commit(await engine.createSenderKeyDistribution(records.view, { sender, distributionId })),
    join: async (distribution) => {
      const input = { sender, distribution: distribution as Uint8Array };
      records.commit(await engine.processSenderKeyDistribution(records.view, input));
    },
    encryptToGroup: async (plaintext) =>
      records.commit(await engine.encryptToGroup(records.view, { sender, distributionId, plaintext })),
    decryptFromGroup: async (message) => {
      const input = { sender, ciphertext: message as Uint8Array };
      return records.commit(await engine.decryptFromGroup(records.view, input)).plaintext;
    },
  };
}

/** Who vouches for accounts: a trust root, and a server certificate under it. */
async function makeAuthority(engine: ProtocolEngine) {
  const [root, server] = [await engine.generateIdentity(), await engine.generateIdentity()];
  const serverCertificate = await engine.issueServerCertificate({
    id: 1,
    publicKey: server.publicKey,
    trustRoot: root.privateKey,
  });
  return { trustRoots: [root.publicKey], signingKey: server.privateKey, serverCertificate };
}

async function makeSealer(
  engine: ProtocolEngine,
  account: number,
  { trustRoots, ...issuer }: Awaited<ReturnType<typeof makeAuthority>>,
): Promise<Sealer> {
  const our = await makeOur(engine, account);
  const { publicKey: identityKey } = our.identity;
  const holder = { sender: our.address, identityKey, expiresAt: now + certificateLifeMs };
  const certificate = await engine.issueSenderCertificate({ ...issuer, ...holder });
  const group = groupMember(engine);
  await group.distribute();
  const message = (await group.encryptToGroup(new Uint8Array(usualLength))) as Uint8Array;
  const content = { kind: 'sender-key', message, contentHint: 0 } as const;
  return {
    identityKey,
    seal: (theirIdentityKey) =>
      engine.seal({ our, certificate, content, theirIdentityKey: theirIdentityKey as Uint8Array }),
    unseal: async (sealed) => {
      await engine.unseal({ our, sealed: sealed as Uint8Array, trustRoots, now });
    },
  };
}

/** The devices of an engine. */
export function engineMakers(engine: ProtocolEngine): Makers {
  let authority: ReturnType<typeof makeAuthority> | undefined;
  return {
    session: async (account) => new SessionDevice(account, engine, await makeOur(engine, account)),
    group: async () => groupMember(engine),
    sealed: async (account) => makeSealer(engine, account, await (authority ??= makeAuthority(engine))),
  };
}
