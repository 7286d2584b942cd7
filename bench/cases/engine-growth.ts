/**
 * What does a message cost in a conversation that has a past? The portable engine in Node with much of one,
 * against itself with none: a ratio near 1 is flat.
 */
import { portableEngine } from '@sotto/sdk/engines/portable';
import type { BenchCase, Side } from '../harness.js';
import { engineMakers } from './engine/engine-devices.js';
import { conversation, exchanges, row, skipMessages, type Conversation } from './engine/scripts.js';

/** As many as the protocol keeps. */
const archivedSessions = 40;
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

async function passEpochs(devices: Conversation): Promise<void> {
  for (let index = 0; index < epochs * exchangesPerEpoch; index += 1) await exchange(devices);
}

type Past = (devices: Conversation) => Promise<void>;
type Work = (devices: Conversation, length: number) => Side;

async function side(past: Past, work: Work): Promise<Side> {
  const devices = await conversation(engineMakers(portableEngine()).session);
  await past(devices);
  return work(devices, 256);
}

function grown(name: string, past: Past, work: Work, countPerSlice: number): BenchCase {
  return {
    name,
    unit: 'messages',
    peerName: 'itself-without',
    countPerSlice,
    prepare: async () => ({ ours: await side(past, work), peer: await side(async () => undefined, work) }),
  };
}

/** The cases of `npm run bench -- engine-growth`. */
export const cases: readonly BenchCase[] = [
  grown('40-archived-sessions', archiveSessions, exchanges, 60),
  // In a row: whoever takes turns would soon have left the chain whose keys were skipped.
  grown('2000-skipped-keys', skipMessages, row, 120),
  grown('1000-epochs', passEpochs, exchanges, 60),
];
