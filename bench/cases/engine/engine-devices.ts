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
  type ManySealer,
  type Sealer,
} from './device.js';
import type { Makers } from './scripts.js';

const now = Date.now();
const addressOf = (account: number): DeviceAddress =>
  deviceAddress.parse({ accountId: accountUuid(account), deviceId: 1 });
const addresses = new Map<number, DeviceAddress>();

/** Checked once each: a messenger keeps the addresses of whom it writes to. */
function their(account: number): DeviceAddress {
  const known = addresses.get(account) ?? addressOf(account);
  addresses.set(account, known);
  return known;
}

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
  protected readonly records = new Records();
  protected readonly pins = new Map<number, Uint8Array>();
  #nextId = 1;

  constructor(
    readonly account: number,
    readonly engine: ProtocolEngine,
    readonly our: OurDevice,
  ) {}

  #input(theirAccount: number) {
    const pinnedIdentityKey = this.pins.get(theirAccount);
    const input = { our: this.our, their: their(theirAccount), now };
    return pinnedIdentityKey ? { ...input, pinnedIdentityKey } : input;
  }

  async issueBundle(): Promise<SessionBundle> {
    const id = this.#nextId++;
    const made = this.records.commit(
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
    this.records.commit(await this.engine.startSession(this.records.view, input));
    this.pins.set(theirAccount, input.bundle.identityKey);
  }

  async encrypt(theirAccount: number, plaintext: Uint8Array): Promise<EncryptedMessage> {
    const input = { ...this.#input(theirAccount), plaintext };
    return this.records.commit(await this.engine.encrypt(this.records.view, input));
  }

  async decrypt(theirAccount: number, message: unknown): Promise<Uint8Array> {
    const { kind, ciphertext } = message as EncryptedMessage;
    const input = { ...this.#input(theirAccount), kind, ciphertext };
    const result = this.records.commit(await this.engine.decrypt(this.records.view, input));
    this.pins.set(theirAccount, result.identityKey);
    return result.plaintext;
  }

  forgetSessions(): void {
    this.records.forgetSessions();
    this.pins.clear();
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

type Authority = Awaited<ReturnType<typeof makeAuthority>>;

async function certify(
  engine: ProtocolEngine,
  { address, identity }: OurDevice,
  { serverCertificate, signingKey }: Authority,
): Promise<Uint8Array> {
  const holder = {
    sender: address,
    identityKey: identity.publicKey,
    expiresAt: now + certificateLifeMs,
  };
  return engine.issueSenderCertificate({ serverCertificate, signingKey, ...holder });
}

async function makeContent(engine: ProtocolEngine) {
  const group = groupMember(engine);
  await group.distribute();
  const message = (await group.encryptToGroup(new Uint8Array(usualLength))) as Uint8Array;
  return { kind: 'sender-key', message, contentHint: 0 } as const;
}

async function makeSealer(engine: ProtocolEngine, account: number, authority: Authority): Promise<Sealer> {
  const our = await makeOur(engine, account);
  const certificate = await certify(engine, our, authority);
  const content = await makeContent(engine);
  const { trustRoots } = authority;
  return {
    identityKey: our.identity.publicKey,
    seal: (theirIdentityKey) =>
      engine.seal({ our, certificate, content, theirIdentityKey: theirIdentityKey as Uint8Array }),
    unseal: async (sealed) => {
      await engine.unseal({ our, sealed: sealed as Uint8Array, trustRoots, now });
    },
  };
}

class ManySealingDevice extends SessionDevice implements ManySealer {
  constructor(
    account: number,
    engine: ProtocolEngine,
    our: OurDevice,
    readonly certificate: Uint8Array,
    readonly content: Awaited<ReturnType<typeof makeContent>>,
  ) {
    super(account, engine, our);
  }

  sealForMany(theirAccounts: readonly number[]): Promise<Uint8Array> {
    const { our, certificate, content } = this;
    const recipients = theirAccounts.map((account) => ({
      address: their(account),
      identityKey: this.pins.get(account) as Uint8Array,
    }));
    return this.engine.sealForMany(this.records.view, { our, certificate, content, recipients });
  }
}

async function makeManySealer(engine: ProtocolEngine, account: number, authority: Authority) {
  const our = await makeOur(engine, account);
  const certificate = await certify(engine, our, authority);
  return new ManySealingDevice(account, engine, our, certificate, await makeContent(engine));
}

/** The devices of an engine. */
export function engineMakers(engine: ProtocolEngine): Makers {
  let made: Promise<Authority> | undefined;
  const authority = () => (made ??= makeAuthority(engine));
  return {
    session: async (account) => new SessionDevice(account, engine, await makeOur(engine, account)),
    group: async () => groupMember(engine),
    sealed: async (account) => makeSealer(engine, account, await authority()),
    manySealer: async (account) => makeManySealer(engine, account, await authority()),
  };
}
