/**
 * What does a message cost in a conversation that has a past? The portable engine in Node with much of one,
 * against itself with none: a ratio near 1 is flat.
 */
import { portableEngine } from '@sotto/sdk/engines/portable';
import type { BenchCase, Side } from '../harness.js';
import type { BenchDevice } from './engine/device.js';
import { engineMakers } from './engine/engine-devices.js';
import { conversation, exchanges, type Conversation } from './engine/scripts.js';

/** As many as the protocol keeps, of archived sessions and of skipped keys in one chain. */
const archivedSessions = 40;
const skippedKeys = 2_000;
const epochs = 1_000;
/** An epoch of the post-quantum ratchet takes about this many exchanges between two who take turns. */
const exchangesPerEpoch = 44;

async function exchange({ alice, bob }: Conversation): Promise<void> {
  const plaintext = new Uint8Array(8);
  await bob.decrypt(alice.account, await alice.encrypt(bob.account, plaintext));
  await alice.decrypt(bob.account, await bob.encrypt(alice.account, plaintext));
}

async function archiveSessions(devices: Conversation): Promise<void> {
  const { alice, bob } = devices;
  for (let index = 0; index < archivedSessions; index += 1) {
    await alice.startSession(bob.account, await bob.issueBundle());
    await exchange(devices);
  }
}

/** Both hold skipped keys of the other's last chain but one. */
async function skipKeys(devices: Conversation): Promise<void> {
  const { alice, bob } = devices;
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as [BenchDevice, BenchDevice][]) {
    for (let index = 0; index < skippedKeys; index += 1) await from.encrypt(to.account, new Uint8Array(8));
    await to.decrypt(from.account, await from.encrypt(to.account, new Uint8Array(8)));
  }
}

async function passEpochs(devices: Conversation): Promise<void> {
  for (let index = 0; index < epochs * exchangesPerEpoch; index += 1) await exchange(devices);
}

async function side(past: (devices: Conversation) => Promise<void>): Promise<Side> {
  const devices = await conversation(engineMakers(portableEngine()).session);
  await past(devices);
  return exchanges(devices, 256);
}

function grown(name: string, past: (devices: Conversation) => Promise<void>): BenchCase {
  return {
    name,
    unit: 'messages',
    peerName: 'itself-without',
    countPerSlice: 60,
    prepare: async () => ({ ours: await side(past), peer: await side(async () => undefined) }),
  };
}

/** The cases of `npm run bench -- engine-growth`. */
export const cases: readonly BenchCase[] = [
  grown('40-archived-sessions', archiveSessions),
  grown('2000-skipped-keys', skipKeys),
  grown('1000-epochs', passEpochs),
];
