/** Sender keys: steps for groups over libsignal. Knows no group and no member. */
import {
  groupDecrypt,
  groupEncrypt,
  processSenderKeyDistributionMessage,
  SenderKeyDistributionMessage,
  SenderKeyMessage,
  SenderKeyRecord,
  SenderKeyStore,
  type ProtocolAddress,
} from '@signalapp/libsignal-client';
import { equalBytes } from '../../bytes.js';
import type {
  DecryptedGroupMessage,
  EngineChange,
  EngineStep,
  EngineView,
  SenderKeyInput,
} from '../../ports/index.js';
import type { DeviceAddress } from '../../wire/index.js';
import { protocolAddress } from './addresses.js';
import { assertDistributionId } from './arguments.js';
import { plainBytes } from './bytes.js';
import { translated } from './errors.js';
import { frameRecord, openRecordOf, recordKeys } from './records.js';
import { Step } from './step.js';

/** libsignal's store over one step, for one device's sender keys. */
class BufferedSenderKeyStore extends SenderKeyStore {
  readonly #step: Step;
  readonly #sender: DeviceAddress;

  constructor(step: Step, sender: DeviceAddress) {
    super();
    this.#step = step;
    this.#sender = sender;
  }

  async getSenderKey(_sender: ProtocolAddress, distributionId: string): Promise<SenderKeyRecord | null> {
    const key = recordKeys.senderKey({ sender: this.#sender, distributionId });
    await this.#step.load([key]);
    return this.#step.guard(() => {
      const record = this.#step.record(key);
      return record ? senderKeyFrom(record) : null;
    });
  }

  async saveSenderKey(
    _sender: ProtocolAddress,
    distributionId: string,
    record: SenderKeyRecord,
  ): Promise<void> {
    const key = recordKeys.senderKey({ sender: this.#sender, distributionId });
    this.#step.write(
      key,
      this.#step.guard(() => frameRecord('senderKey', record.serialize())),
    );
  }
}

function senderKeyFrom(record: Uint8Array): SenderKeyRecord {
  const payload = plainBytes(openRecordOf('senderKey', record));
  return translated('record', () => SenderKeyRecord.deserialize(payload));
}

/** See `GroupCipher.createSenderKeyDistribution`. */
export async function createSenderKeyDistribution(
  view: EngineView,
  { sender, distributionId }: SenderKeyInput,
): Promise<EngineStep<Uint8Array>> {
  assertDistributionId(distributionId);
  const step = new Step(view);
  const address = protocolAddress(sender);
  return step.run('encrypt', async () => {
    const store = new BufferedSenderKeyStore(step, sender);
    return (await SenderKeyDistributionMessage.create(address, distributionId, store)).serialize();
  });
}

/** See `GroupCipher.processSenderKeyDistribution`. */
export async function processSenderKeyDistribution(
  view: EngineView,
  { sender, distribution }: { readonly sender: DeviceAddress; readonly distribution: Uint8Array },
): Promise<EngineStep<string>> {
  const bytes = plainBytes(distribution);
  const step = new Step(view);
  const address = protocolAddress(sender);
  const done = await step.run('decrypt', async () => {
    const message = SenderKeyDistributionMessage.deserialize(bytes);
    await processSenderKeyDistributionMessage(address, message, new BufferedSenderKeyStore(step, sender));
    return message.distributionId();
  });
  return { ...done, changes: done.changes.filter((change) => !isAsBefore(step, change)) };
}

/** libsignal writes a record it did not change, too. */
function isAsBefore(step: Step, { key, value }: EngineChange): boolean {
  const before = step.record(key);
  return before !== undefined && value !== undefined && equalBytes(before, value);
}

/** See `GroupCipher.encryptToGroup`. */
export async function encryptToGroup(
  view: EngineView,
  { sender, distributionId, plaintext }: SenderKeyInput & { readonly plaintext: Uint8Array },
): Promise<EngineStep<Uint8Array>> {
  assertDistributionId(distributionId);
  const bytes = plainBytes(plaintext);
  const step = new Step(view);
  const address = protocolAddress(sender);
  return step.run('encrypt', async () => {
    const store = new BufferedSenderKeyStore(step, sender);
    return (await groupEncrypt(address, distributionId, store, bytes)).serialize();
  });
}

/** See `GroupCipher.decryptFromGroup`. */
export async function decryptFromGroup(
  view: EngineView,
  { sender, ciphertext }: { readonly sender: DeviceAddress; readonly ciphertext: Uint8Array },
): Promise<EngineStep<DecryptedGroupMessage>> {
  const bytes = plainBytes(ciphertext);
  const step = new Step(view);
  const address = protocolAddress(sender);
  return step.run('decrypt', async () => {
    const distributionId = SenderKeyMessage.deserialize(bytes).distributionId();
    const plaintext = await groupDecrypt(address, new BufferedSenderKeyStore(step, sender), bytes);
    return { distributionId, plaintext };
  });
}

/** See `GroupCipher.removeSenderKey`. */
export function removeSenderKey(input: SenderKeyInput): EngineStep<undefined> {
  assertDistributionId(input.distributionId);
  return { result: undefined, changes: [{ key: recordKeys.senderKey(input), value: undefined }] };
}
