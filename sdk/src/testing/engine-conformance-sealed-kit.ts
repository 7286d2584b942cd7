/**
 * Shorthands for the cases about sealed sender: who issues certificates, and the two ways of sealing. Knows
 * no particular engine.
 */
import { utf8 } from '../bytes.js';
import type {
  CertificateTrust,
  IdentityKeyPair,
  ProtocolEngine,
  SealedContent,
  UnsealedMessage,
} from '../ports/index.js';
import { assert, assertEqual } from './assert.js';
import { handmadeMessage, type HandmadeValue } from './engine-conformance-handmade.js';
import { type EnginePair, makePair, startTime, type TestDevice } from './engine-conformance-kit.js';

/** When the certificates of the cases end. */
export const certificateEnd = startTime + 24 * 60 * 60 * 1000;

type Fields = Readonly<Record<number, HandmadeValue>>;

/** A server that issues certificates under a trust root. */
export class Authority {
  private constructor(
    readonly engine: ProtocolEngine,
    readonly root: IdentityKeyPair,
    readonly server: IdentityKeyPair,
    readonly serverCertificate: Uint8Array,
  ) {}

  /** With keys of its own. */
  static async create(engine: ProtocolEngine, id = 1): Promise<Authority> {
    const [root, server] = [await engine.generateIdentity(), await engine.generateIdentity()];
    const input = { id, publicKey: server.publicKey, trustRoot: root.privateKey };
    return new Authority(engine, root, server, await engine.issueServerCertificate(input));
  }

  /** What believes it, now. */
  get trust(): CertificateTrust {
    return { trustRoots: [this.root.publicKey], now: startTime };
  }

  /** A certificate for a device, by the engine. */
  certify({ our }: TestDevice, expiresAt = certificateEnd): Promise<Uint8Array> {
    return this.engine.issueSenderCertificate({
      serverCertificate: this.serverCertificate,
      signingKey: this.server.privateKey,
      sender: our.address,
      identityKey: our.identity.publicKey,
      expiresAt,
    });
  }

  /** A certificate for a device with some fields other than they should be, properly signed (spec: sealed-sender 6.1). */
  handmade({ our }: TestDevice, departures: Fields = {}): Promise<Uint8Array> {
    const regular: Fields = {
      2: our.address.deviceId,
      3: BigInt(certificateEnd),
      4: our.identity.publicKey,
      5: this.serverCertificate,
      6: utf8(our.address.accountId),
    };
    return this.#signed(this.server, { ...regular, ...departures });
  }

  /** A server certificate with some fields other than they should be, signed by the root or by another key. */
  handmadeServer(departures: Fields = {}, signer = this.root): Promise<Uint8Array> {
    return this.#signed(signer, { 1: 1, 2: this.server.publicKey, ...departures });
  }

  async #signed(signer: IdentityKeyPair, fields: Fields): Promise<Uint8Array> {
    const entries = Object.entries(fields).map(([field, value]) => [Number(field), value] as const);
    const certificate = handmadeMessage(entries);
    const signature = await this.engine.sign(signer, certificate);
    return handmadeMessage([
      [1, certificate],
      [2, signature],
    ]);
  }
}

/** Two devices, the first of which has a certificate and a session with the second. */
export interface SealingWorld {
  readonly alice: TestDevice;
  readonly bob: TestDevice;
  readonly authority: Authority;
  /** alice’s. */
  readonly certificate: Uint8Array;
}

/** Makes one. The authority runs on the recipient's engine, so that its certificates cross over too. */
export async function makeSealingWorld(pair: EnginePair): Promise<SealingWorld> {
  const { alice, bob } = await makePair(pair);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  const authority = await Authority.create(bob.engine);
  return { alice, bob, authority, certificate: await authority.certify(alice) };
}

/** Content of which only the bytes count. */
export function someContent(text: string): SealedContent {
  return { kind: 'message', message: utf8(text), contentHint: 0 };
}

/** The input of `sealForMany`. */
export function forMany(
  { our }: TestDevice,
  certificate: Uint8Array,
  content: SealedContent,
  recipients: readonly TestDevice[],
) {
  return {
    our,
    certificate,
    content,
    recipients: recipients.map((device) => ({
      address: device.address,
      identityKey: device.our.identity.publicKey,
    })),
  };
}

/** Seals for one device, which receives what is returned. */
export type Sealing = (
  from: TestDevice,
  to: TestDevice,
  certificate: Uint8Array,
  content: SealedContent,
) => Promise<Uint8Array>;

/** The two versions of the form a device receives. The second takes a session. */
export const sealings: readonly (readonly [name: string, seal: Sealing])[] = [
  [
    'version 1',
    ({ engine, our }, to, certificate, content) =>
      engine.seal({ our, certificate, content, theirIdentityKey: to.our.identity.publicKey }),
  ],
  [
    'version 2',
    async (from, to, certificate, content) => {
      const input = forMany(from, certificate, content, [to]);
      const sent = await from.engine.sealForMany(from.view, input);
      return to.engine.splitSealed(sent, to.address.accountId);
    },
  ],
];

/** Opens. */
export function unseal(
  { engine, our }: TestDevice,
  sealed: Uint8Array,
  trust: CertificateTrust,
): Promise<UnsealedMessage> {
  return engine.unseal({ our, sealed, ...trust });
}

/** @throws Error unless both are the same in every part */
export function assertSameContent(actual: SealedContent, expected: SealedContent, what: string): void {
  assertEqual(actual.kind, expected.kind, `${what}: kind`);
  assertEqual(actual.message, expected.message, `${what}: message`);
  assertEqual(actual.contentHint, expected.contentHint, `${what}: content hint`);
  const group = expected.groupId?.length === 0 ? undefined : expected.groupId;
  if (group) assertEqual(actual.groupId, group, `${what}: group id`);
  else assert(actual.groupId === undefined, `${what}: there is no group id`);
}

/** @throws Error unless the opened message is by the sender, with that content */
export function assertOpened(
  { sender, content }: UnsealedMessage,
  { our }: TestDevice,
  expected: SealedContent,
  what: string,
): void {
  assertEqual(sender.sender, our.address, `${what}: sender`);
  assertEqual(sender.identityKey, our.identity.publicKey, `${what}: the sender’s identity key`);
  assertEqual(sender.expiresAt, certificateEnd, `${what}: end of the certificate`);
  assertSameContent(content, expected, what);
}
