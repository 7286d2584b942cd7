/** Shorthands for the cases about sender keys. Knows no particular engine. */
import { utf8 } from '../bytes.js';
import type { SottoErrorCode } from '../errors.js';
import type { DecryptedGroupMessage, EngineStep } from '../ports/index.js';
import type { DeviceAddress } from '../wire/index.js';
import { assertEqual, assertRejects } from './assert.js';
import { type EnginePair, RecordSnapshot, TestDevice } from './engine-conformance-kit.js';

/** The distribution of most cases. */
export const distributionId = '7b0bd3a4-0d3c-4a52-8d38-6f6d2f5f2a11';

/** Another one. */
export const otherDistributionId = '00000000-0000-4000-8000-ffffffffffff';

/** A group message on its way. */
export interface SentToGroup {
  readonly sender: DeviceAddress;
  readonly distributionId: string;
  readonly ciphertext: Uint8Array;
  readonly plaintext: Uint8Array;
}

/** Three devices of different accounts; the first is the initiator's engine's, the others the recipient's. */
export async function makeGroup(
  pair: EnginePair,
): Promise<{ readonly alice: TestDevice; readonly bob: TestDevice; readonly carol: TestDevice }> {
  return {
    alice: await TestDevice.create(await pair.initiator(), 1),
    bob: await TestDevice.create(await pair.recipient(), 2),
    carol: await TestDevice.create(await pair.recipient(), 3),
  };
}

/** Makes a distribution message and commits. */
export async function makeDistribution(sender: TestDevice, id = distributionId): Promise<Uint8Array> {
  const input = { sender: sender.address, distributionId: id };
  return sender.apply(await sender.engine.createSenderKeyDistribution(sender.view, input));
}

/** Takes a distribution message and commits. @returns the distribution id in it */
export async function takeDistribution(
  member: TestDevice,
  sender: DeviceAddress,
  distribution: Uint8Array,
): Promise<string> {
  const input = { sender, distribution };
  return member.apply(await member.engine.processSenderKeyDistribution(member.view, input));
}

/** Gives the sender's key to members. */
export async function distribute(
  sender: TestDevice,
  members: readonly TestDevice[],
  id = distributionId,
): Promise<Uint8Array> {
  const distribution = await makeDistribution(sender, id);
  for (const member of members) {
    assertEqual(await takeDistribution(member, sender.address, distribution), id, 'distribution id taken');
  }
  return distribution;
}

/** Encrypts to the group and commits. */
export async function sendToGroup(
  sender: TestDevice,
  plaintext: Uint8Array | string,
  id = distributionId,
): Promise<SentToGroup> {
  const bytes = typeof plaintext === 'string' ? utf8(plaintext) : plaintext;
  const input = { sender: sender.address, distributionId: id, plaintext: bytes };
  const ciphertext = sender.apply(await sender.engine.encryptToGroup(sender.view, input));
  return { sender: sender.address, distributionId: id, ciphertext, plaintext: bytes };
}

/** Several of them. */
export async function sendManyToGroup(sender: TestDevice, count: number): Promise<SentToGroup[]> {
  const sent: SentToGroup[] = [];
  for (let index = 0; index < count; index += 1) sent.push(await sendToGroup(sender, `message ${index}`));
  return sent;
}

/** Decrypts without committing. */
export function tryReceive(
  member: TestDevice,
  { sender, ciphertext }: Pick<SentToGroup, 'sender' | 'ciphertext'>,
): Promise<EngineStep<DecryptedGroupMessage>> {
  return member.engine.decryptFromGroup(member.view, { sender, ciphertext });
}

/** Decrypts, commits and compares. */
export async function receive(member: TestDevice, sent: SentToGroup): Promise<void> {
  const result = member.apply(await tryReceive(member, sent));
  assertEqual(result.plaintext, sent.plaintext, 'plaintext of a group message');
  assertEqual(result.distributionId, sent.distributionId, 'distribution id of a group message');
}

/** Expects a refusal that leaves every record as it was. */
export async function assertGroupRefuses(
  member: TestDevice,
  sent: Pick<SentToGroup, 'sender' | 'ciphertext'>,
  codes: SottoErrorCode | readonly SottoErrorCode[],
  what: string,
): Promise<void> {
  const snapshot = new RecordSnapshot(member.records);
  await assertRejects(() => tryReceive(member, sent), codes, what);
  snapshot.assertUntouched(what);
}
