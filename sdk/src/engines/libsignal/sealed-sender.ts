/** Sealed sender over libsignal, both versions. Knows no relay and no access key. */
import {
  Aci,
  sealedSenderDecryptToUsmc,
  sealedSenderEncrypt,
  sealedSenderMultiRecipientEncrypt,
  UnidentifiedSenderMessageContent,
  type PublicKey,
} from '@signalapp/libsignal-client';
import SealedSenderMultiRecipientMessage from '@signalapp/libsignal-client/dist/SealedSenderMultiRecipientMessage.js';
import { SottoError } from '../../errors.js';
import type {
  EngineView,
  OurDevice,
  SealedContent,
  SealedKind,
  SealedSender,
  UnsealedMessage,
} from '../../ports/index.js';
import { protocolAddress } from './addresses.js';
import { assertAccountId, assertUint32 } from './arguments.js';
import { plainBytes, publicKeyFrom } from './bytes.js';
import { certificateFrom, checkCertificate } from './certificates.js';
import { translated } from './errors.js';
import { recordKeys } from './records.js';
import { sealedContentBytes, sealedKindNumbers } from './sealed-content.js';
import { Step } from './step.js';
import { BufferedIdentityStore, BufferedSessionStores } from './stores.js';

const sealedKinds = new Map(
  Object.entries(sealedKindNumbers).map(([kind, { libsignal }]) => [libsignal, kind as SealedKind]),
);

function contentFrom(certificate: Uint8Array, content: SealedContent): UnidentifiedSenderMessageContent {
  assertUint32(content.contentHint, 'a content hint');
  certificateFrom(certificate);
  const bytes = sealedContentBytes(plainBytes(certificate), content);
  return translated('record', () => UnidentifiedSenderMessageContent.deserialize(plainBytes(bytes)));
}

/** See `SealedSender.seal`. */
export async function seal({
  our,
  certificate,
  content,
  theirIdentityKey,
}: Parameters<SealedSender['seal']>[0]): Promise<Uint8Array> {
  const inside = contentFrom(certificate, content);
  const key = publicKeyFrom('sign', theirIdentityKey);
  const step = new Step(noRecords);
  // The recipient's address only finds the key, and there is one.
  const sealed = await step.run('seal', () =>
    sealedSenderEncrypt(inside, protocolAddress(our.address), new SealingIdentityStore(step, our, () => key)),
  );
  return sealed.result;
}

/** See `SealedSender.sealForMany`. */
export async function sealForMany(
  view: EngineView,
  { our, certificate, content, recipients, excluded = [] }: Parameters<SealedSender['sealForMany']>[1],
): Promise<Uint8Array> {
  excluded.forEach(assertAccountId);
  const inside = contentFrom(certificate, content);
  const keys = keysByAccount(recipients);
  const step = new Step(view);
  const addresses = recipients.map(({ address }) => address);
  const sealed = await step.run('seal', async () => {
    await step.load(addresses.map(recordKeys.session));
    return sealedSenderMultiRecipientEncrypt({
      content: inside,
      recipients: addresses.map(protocolAddress),
      excludedRecipients: excluded.map((accountId) => Aci.parseFromServiceIdString(accountId)),
      identityStore: new SealingIdentityStore(step, our, (name) => keys.get(name) ?? null),
      sessionStore: new BufferedSessionStores(step, addresses),
    });
  });
  return sealed.result;
}

/** That of an account's first device counts for all. */
function keysByAccount(
  recipients: Parameters<SealedSender['sealForMany']>[1]['recipients'],
): ReadonlyMap<string, PublicKey> {
  const keys = new Map<string, PublicKey>();
  for (const { address, identityKey } of recipients) {
    const key = publicKeyFrom('sign', identityKey);
    if (!keys.has(address.accountId)) keys.set(address.accountId, key);
  }
  return keys;
}

/** See `SealedSender.splitSealed`. */
export function splitSealed(sent: Uint8Array, accountId: string): Uint8Array {
  assertAccountId(accountId);
  const bytes = plainBytes(sent);
  return translated('decrypt', () => {
    const message = new SealedSenderMultiRecipientMessage(bytes);
    const recipient = message.recipientsByServiceIdString()[accountId];
    if (!recipient || recipient.deviceIds.length === 0) throw new SottoError('invalid-message');
    return message.messageForRecipient(recipient);
  });
}

/** See `SealedSender.unseal`. */
export async function unseal(input: Parameters<SealedSender['unseal']>[0]): Promise<UnsealedMessage> {
  const { our, sealed } = input;
  const bytes = plainBytes(sealed);
  const step = new Step(noRecords);
  const { result: inside } = await step.run('decrypt', () =>
    sealedSenderDecryptToUsmc(bytes, new SealingIdentityStore(step, our, () => null)),
  );
  const certificate = translated('decrypt', () => inside.senderCertificate());
  const sender = checkCertificate(certificate, input);
  const { accountId, deviceId } = our.address;
  if (sender.sender.accountId === accountId && sender.sender.deviceId === deviceId) {
    throw new SottoError('sealed-by-self');
  }
  return { sender, content: translated('decrypt', () => contentOf(inside)) };
}

function contentOf(inside: UnidentifiedSenderMessageContent): SealedContent {
  const kind = sealedKinds.get(inside.msgType());
  if (!kind) throw new SottoError('invalid-message');
  const groupId = inside.groupId();
  return {
    kind,
    message: inside.contents(),
    contentHint: inside.contentHint(),
    ...(groupId && { groupId }),
  };
}

/** Sealing and unsealing read no record of ours. */
const noRecords: EngineView = { get: (keys) => Promise.resolve(keys.map(() => undefined)) };

/** Who we are, and whose key a sealed message is for. */
class SealingIdentityStore extends BufferedIdentityStore {
  readonly #keyOf: (name: string) => PublicKey | null;

  constructor(step: Step, our: OurDevice, keyOf: (name: string) => PublicKey | null) {
    super(step, { our, their: our.address, now: 0 });
    this.#keyOf = keyOf;
  }

  override async getIdentity(name: Parameters<BufferedIdentityStore['getIdentity']>[0]) {
    return this.#keyOf(name.name());
  }
}
